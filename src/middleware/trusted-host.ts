// trustedHost(): refuses requests for hosts that are not listed.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { Complete } from '../complete-options.ts'
import type { HostParts } from '../http/host.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link trustedHost}. */
export interface TrustedHostOptions {
  /**
   * The hosts to serve. `example.com` is that name on any port; `example.com:8443` is that name on port 8443 only;
   * `*.example.com` is every name below `example.com`, at any depth, but not `example.com` itself. Required.
   */
  hosts?: readonly string[] | undefined
}

const DEFAULTS: Complete<TrustedHostOptions> = { hosts: [] }

/**
 * Refuses a request with 400 if its Host field is missing or malformed, and with 421 if the host is not listed. It
 * compares names without case and without a trailing dot. Code that builds links from Host, or caches by Host, can then
 * rely on the field. If `forwarded({ take: ['host'] })` takes the host from a proxy, put that outside.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value, and if no
 *   host is listed
 * @see RFC 9110, 7.2 and 15.5.20
 *
 * @example
 * chain(trustedHost({ hosts: ['example.com', '*.example.com', 'localhost'] }))(app)
 */
export function trustedHost(options: TrustedHostOptions = {}): Wrap {
  const known = checked(options)
  return middleware('trusted-host', function* (request, next) {
    const field = request.headers.get('host')
    const host = field === undefined ? null : parseHost(field)
    if (!host) return plain(400, field === undefined ? 'Host is missing\n' : 'Host is malformed\n')
    if (!known.some((one) => isOneOf(one, host, request.scheme)))
      return plain(421, 'This host is not served here\n')
    return yield* next(request)
  })
}

/** A host of the list. */
interface KnownHost extends HostParts {
  /** The end of all names below a wildcard: `.example.com`. */
  readonly suffix: string | undefined
}

const DEFAULT_PORTS: Readonly<Record<string, HostParts['port']>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
}

function isOneOf({ name, port, suffix }: KnownHost, host: HostParts, scheme: string): boolean {
  // A client leaves out the default port of the scheme (RFC 9110, 4.2.1 and 4.2.2).
  if (port !== undefined && port !== (host.port ?? DEFAULT_PORTS[scheme])) return false
  return suffix === undefined ? host.name === name : host.name.endsWith(suffix)
}

function plain(status: number, text: string): ChainResponse {
  return respond(status, [['content-type', 'text/plain; charset=utf-8']], text)
}

function checked(options: TrustedHostOptions): KnownHost[] {
  const { hosts } = completeOptions('trustedHost', options, DEFAULTS)
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw invalidOption(
      'trustedHost',
      'hosts',
      hosts,
      "it is a list of hosts, such as ['example.com']",
    )
  }
  return hosts.map((text: unknown) => {
    const isWild = typeof text === 'string' && text.startsWith('*.')
    const host = typeof text === 'string' ? parseHost(isWild ? text.slice(2) : text) : null
    if (host) return { ...host, suffix: isWild ? `.${host.name}` : undefined }
    throw invalidOption(
      'trustedHost',
      'hosts',
      text,
      'a host is a name, with an optional port and an optional *. before it',
    )
  })
}
