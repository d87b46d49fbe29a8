// httpsRedirect(): redirects requests that came without TLS to https.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link httpsRedirect}. */
export interface HttpsRedirectOptions {
  /** The target, `host` or `host:port`. Default: the host of the request, on the default port of https. */
  host?: string | undefined
  /** The status. 308 and 307 keep method and body; 301 and 302 may turn a POST into a GET. Default 308. */
  status?: 301 | 302 | 307 | 308 | undefined
  /**
   * Paths that are served without TLS, and so are all paths below them. A path with a segment `.` or `..` is always
   * redirected: an app that resolves it would serve another path. Default none.
   */
  except?: readonly string[] | undefined
}

const DEFAULTS = { host: '', status: 308, except: [] as readonly string[] }
const STATUSES: readonly number[] = [301, 302, 307, 308]

/**
 * Redirects a request that came over http to https, with the path and the query as the client sent them. It denies a
 * WebSocket handshake with the same answer. It answers 400 if the request has no usable Host and the options have none.
 *
 * If a proxy ends TLS, the scheme of every request is `http`: put `forwarded()` outside, or clients are redirected for
 * ever. Without the option `host` the client chooses the target: put `trustedHost()` outside.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @see RFC 9110, 15.4.9
 *
 * @example
 * chain(forwarded(), trustedHost({ hosts: ['example.com'] }), httpsRedirect())(app)
 */
export function httpsRedirect(options: HttpsRedirectOptions = {}): Wrap {
  const { host, status, except } = checked(options)
  return middleware('https-redirect', function* (request, next) {
    if (request.scheme === 'https' || request.scheme === 'wss') return yield* next(request)
    if (except.some((path) => isBelow(request.path, path))) return yield* next(request)

    const target = host || parseHost(request.headers.get('host') ?? '')?.name
    if (!target) return respond(400, TEXT, 'Host is missing or malformed\n')
    return respond(status, [['location', `https://${target}${targetOf(request)}`]])
  })
}

const TEXT = [['content-type', 'text/plain; charset=utf-8']] as const

function targetOf(request: ChainRequest): string {
  const { rawPath, queryString } = request
  // The target `*` is not a path (RFC 9112, 3.2.4).
  const path = strippedPrefix(request) + (rawPath.startsWith('/') ? rawPath : '/')
  return queryString === '' ? path : `${path}?${queryString}`
}

// `path` has the prefix that a proxy removed from the target, and `rawPath` lacks it.
function strippedPrefix({ path, rawPath, rootPath }: ChainRequest): string {
  const received = decoded(rawPath)
  if (rootPath === '' || !path.endsWith(received)) return ''
  const prefix = path.slice(0, path.length - received.length)
  if (!rootPath.startsWith(prefix)) return ''
  return prefix.split('/').map(encodeURIComponent).join('/')
}

function decoded(rawPath: string): string {
  return Buffer.from(
    rawPath.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => {
      return String.fromCharCode(Number.parseInt(hex, 16))
    }),
    'latin1',
  ).toString('utf8')
}

const DOT_SEGMENT = /(^|[/\\])\.{1,2}([/\\]|$)/

// The prefix ends at a slash, as the prefixes of mount() do.
function isBelow(path: string, above: string): boolean {
  if (DOT_SEGMENT.test(path)) return false
  return path === above || path.startsWith(above.endsWith('/') ? above : `${above}/`)
}

function checked(options: HttpsRedirectOptions): typeof DEFAULTS {
  const settings = completeOptions('httpsRedirect', options, DEFAULTS)
  const { host, status, except } = settings
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('httpsRedirect', option, value, remedy)

  if (typeof host !== 'string' || (host !== '' && !parseHost(host))) {
    throw refused('host', host, 'it is a host with an optional port, such as example.com:8443')
  }
  if (!STATUSES.includes(status)) throw refused('status', status, 'it is 301, 302, 307 or 308')
  if (!Array.isArray(except) || !except.every(isPath)) {
    throw refused(
      'except',
      except,
      "it is a list of paths, such as ['/.well-known/acme-challenge']",
    )
  }
  return settings
}

function isPath(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/')
}
