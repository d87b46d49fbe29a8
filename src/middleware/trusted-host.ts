// trustedHost(): only the hosts that the app is known by.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { HostParts } from '../http/host.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link trustedHost}. */
export interface TrustedHostOptions {
  /**
   * The hosts that are served. `example.com` is that name on any port; `example.com:8443` on that one; `*.example.com` is
   * every name below it, at any depth, and not itself. Must be given.
   */
  hosts?: readonly string[] | undefined
}

const DEFAULTS: Required<{ [Key in keyof TrustedHostOptions]: readonly string[] }> = { hosts: [] }

/**
 * Refuses a request for a host that is not listed: with 400 where Host is missing or malformed, with 421 where it names
 * another. Names are compared without case and without a trailing dot. What builds links from Host, or caches by it, can
 * then rely on it; put it behind `forwarded()` where that takes the host from a proxy.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible; without hosts
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
    if (!known.some((one) => isOneOf(one, host)))
      return plain(421, 'This host is not served here\n')
    return yield* next(request)
  })
}

/** A host of the list; `suffix` is what all names below it end with. */
interface KnownHost extends HostParts {
  readonly suffix: string | undefined
}

function isOneOf({ name, port, suffix }: KnownHost, host: HostParts): boolean {
  if (port !== undefined && port !== host.port) return false
  return suffix === undefined ? host.name === name : host.name.endsWith(suffix)
}

function plain(status: number, text: string): ChainResponse {
  return respond(status, [['content-type', 'text/plain; charset=utf-8']], text)
}

function checked(options: TrustedHostOptions): KnownHost[] {
  const { hosts } = completeOptions('trustedHost', options, DEFAULTS)
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw invalidOption('trustedHost', 'hosts', hosts, "it lists hosts, as in ['example.com']")
  }
  return hosts.map((text: unknown) => {
    const isWild = typeof text === 'string' && text.startsWith('*.')
    const host = typeof text === 'string' ? parseHost(isWild ? text.slice(2) : text) : null
    if (host) return { ...host, suffix: isWild ? `.${host.name}` : undefined }
    throw invalidOption(
      'trustedHost',
      'hosts',
      text,
      'a host is a name, with a port or *. if need be',
    )
  })
}
