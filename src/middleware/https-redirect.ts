// httpsRedirect(): what came without TLS is sent to where there is TLS.

import { completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link httpsRedirect}. */
export interface HttpsRedirectOptions {
  /** Where to send, `host` or `host:port`. Default: the host of the request, on the port that https implies. */
  host?: string | undefined
  /** 308 and 307 keep method and body; 301 and 302 may turn a POST into a GET. Default 308. */
  status?: 301 | 302 | 307 | 308 | undefined
  /**
   * Paths that are served without TLS, with all that is below them. A path with a segment `.` or `..` is never one of
   * them: an app that resolves it would serve something else. Default none.
   */
  except?: readonly string[] | undefined
}

const DEFAULTS = { host: '', status: 308, except: [] as readonly string[] }
const STATUSES: readonly number[] = [301, 302, 307, 308]

/**
 * Redirects what came over http to https, with the path and the query as they were sent. A WebSocket handshake is denied
 * with the same answer. Without a usable Host it answers 400: there is nowhere to send to.
 *
 * Behind a proxy that ends TLS the scheme is `http` for every request: put `forwarded()` outside of it, or it redirects
 * for ever. Without the option `host` the target is what the client said: put `trustedHost()` outside of it.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible
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

function targetOf({ rawPath, queryString }: ChainRequest): string {
  // `*` is no path (RFC 9112, 3.2.4).
  const path = rawPath.startsWith('/') ? rawPath : '/'
  return queryString === '' ? path : `${path}?${queryString}`
}

const DOT_SEGMENT = /(^|[/\\])\.{1,2}([/\\]|$)/

// On a segment boundary, as mounts are.
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
    throw refused('host', host, 'it is a host, with a port if need be: example.com:8443')
  }
  if (!STATUSES.includes(status)) throw refused('status', status, `it is ${STATUSES.join(', ')}`)
  if (!Array.isArray(except) || !except.every(isPath)) {
    throw refused('except', except, "it lists paths, as in ['/.well-known/acme-challenge']")
  }
  return settings
}

function isPath(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/')
}
