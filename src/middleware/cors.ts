// cors(): which other origins may read the responses, and open WebSockets.

import vary from 'vary'
import { AppError } from '../errors.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Says whether an origin is let in. */
type OriginTest = (origin: string, request: ChainRequest) => boolean

/** Options of {@link cors}. */
export interface CorsOptions {
  /**
   * Who is let in: `'*'` everybody; a list of origins, a RegExp standing for those that it matches as a whole; or a
   * function. Default `'*'`.
   */
  origins?: '*' | ReadonlyArray<string | RegExp> | OriginTest
  /** Methods that scripts may use. Default GET, HEAD, PUT, PATCH, POST, DELETE. */
  methods?: readonly string[]
  /** Request headers that scripts may send; `'*'` for all that they ask for. Default `'*'`. */
  allowHeaders?: '*' | readonly string[]
  /** Response headers that scripts may read, besides the safelisted ones. Default none. */
  exposeHeaders?: readonly string[]
  /** Whether cookies and other credentials come along; it excludes `origins: '*'`. Default false. */
  credentials?: boolean
  /** How long a browser may remember the answer to a preflight, in ms. Default 600,000. */
  maxAgeMs?: number
}

const DEFAULTS: Required<CorsOptions> = {
  origins: '*',
  methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
  allowHeaders: '*',
  exposeHeaders: [],
  credentials: false,
  maxAgeMs: 600_000,
}

// Fetch, 3.2: scheme, host and perhaps port, with nothing behind; or the four letters of an opaque one.
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:\/\/[^\s/?#@A-Z]+|null)$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/**
 * Answers preflights, and says on each response which origin may read it (Fetch, "CORS protocol"). A browser sends no
 * preflight for a WebSocket: a handshake from an origin that is neither let in nor the server's own is denied with 403.
 * The own one is told by scheme, host and port: behind a proxy, put `forwarded()` outside of it.
 *
 * It belongs outside of what answers by itself: a browser shows a script only those errors that carry its headers.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * chain(cors({ origins: ['https://shop.example'], credentials: true }))(app)
 */
export function cors(options: CorsOptions = {}): Wrap {
  const settings = checked(completeOptions('cors', options, DEFAULTS))
  const isAllowed = originTest(settings.origins)
  const share = sharing(settings)
  const answerPreflight = preflightAnswer(settings)

  return middleware('cors', function* (request, next) {
    const origin = request.headers.get('origin')
    const isLetIn = origin !== undefined && isAllowed(origin, request)
    if (isPreflight(request)) {
      const answer = isLetIn ? answerPreflight(request) : forbidden()
      return share(answer, isLetIn ? origin : undefined)
    }
    if (request.kind === 'websocket' && origin !== undefined && !isLetIn) {
      if (!isOwn(origin, request)) return share(forbidden(), undefined)
    }
    return share(yield* next(request), isLetIn ? origin : undefined)
  })
}

// Fetch, 4.8: an OPTIONS with both fields; any other one is the app's.
function isPreflight({ method, headers }: ChainRequest): boolean {
  return (
    method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  )
}

/** What says on a response who may read it. */
function sharing({ origins, credentials, exposeHeaders }: Required<CorsOptions>) {
  const exposed = exposeHeaders.join(', ')
  const isOpen = origins === '*'
  return (response: ChainResponse, origin: string | undefined): ChainResponse => {
    const { headers } = response
    if (!isOpen) headers.set('vary', vary.append(headers.getAll('vary').join(', '), 'Origin'))
    // An open response says so to everybody: a cache may give it to whoever asks next.
    if (origin === undefined && !isOpen) return response
    headers.set('access-control-allow-origin', isOpen ? '*' : (origin as string))
    if (credentials) headers.set('access-control-allow-credentials', 'true')
    if (exposed !== '') headers.set('access-control-expose-headers', exposed)
    return response
  }
}

function preflightAnswer({ methods, allowHeaders, maxAgeMs }: Required<CorsOptions>) {
  const allowedMethods = methods.join(', ')
  const maxAge = String(Math.floor(maxAgeMs / 1000))
  return (request: ChainRequest): ChainResponse => {
    const answer = respond(204, [
      ['access-control-allow-methods', allowedMethods],
      ['access-control-max-age', maxAge],
    ])
    const names = allowHeaders === '*' ? askedFor(request) : allowHeaders
    if (allowHeaders === '*') answer.headers.set('vary', 'Access-Control-Request-Headers')
    if (names.length > 0) answer.headers.set('access-control-allow-headers', names.join(', '))
    return answer
  }
}

function askedFor({ headers }: ChainRequest): string[] {
  const asked = headers.get('access-control-request-headers') ?? ''
  return asked
    .split(',')
    .map((name) => name.trim())
    .filter((name) => TOKEN.test(name))
}

function forbidden(): ChainResponse {
  const headers = [['content-type', 'text/plain; charset=utf-8']] as const
  return respond(403, headers, 'This origin is not let in.\n')
}

// A page of the server itself says where it is from when it opens a WebSocket, too (RFC 6455, 10.2).
// An origin is scheme, host and port (RFC 6454, 4); a browser leaves out the port that the scheme implies.
function isOwn(origin: string, { headers, scheme }: ChainRequest): boolean {
  const host = parseHost(headers.get('host') ?? '')
  if (!host) return false
  const isSecure = scheme === 'wss' || scheme === 'https'
  const port = host.port === undefined ? '' : `:${host.port}`
  const own = `${isSecure ? 'https' : 'http'}://${host.name}${port}`
  return URL.canParse(own) && new URL(own).origin === origin
}

function originTest(origins: Required<CorsOptions>['origins']): OriginTest {
  if (origins === '*') return () => true
  if (typeof origins === 'function') return (origin, request) => decided(origins(origin, request))
  const names = new Set(origins.filter((origin) => typeof origin === 'string'))
  const patterns = origins
    .filter((origin) => origin instanceof RegExp)
    .map(({ source, flags }) => new RegExp(`^(?:${source})$`, flags.replaceAll(/[gy]/g, '')))
  return (origin) => names.has(origin) || patterns.some((pattern) => pattern.test(origin))
}

// A promise would let everybody in.
function decided(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw new AppError(
    `cors(): origins() returned ${typeof answer}, not a boolean: it cannot be async`,
  )
}

function checked(settings: Required<CorsOptions>): Required<CorsOptions> {
  const { origins, methods, allowHeaders, exposeHeaders, credentials, maxAgeMs } = settings
  if (credentials && origins === '*') {
    throw invalidOption('cors', 'origins', origins, 'with credentials every origin has to be named')
  }
  if (origins !== '*' && typeof origins !== 'function') checkOrigins(origins)
  checkTokens('methods', methods)
  if (allowHeaders !== '*') checkTokens('allowHeaders', allowHeaders)
  checkTokens('exposeHeaders', exposeHeaders)
  if (!Number.isFinite(maxAgeMs) || maxAgeMs < 0) {
    throw invalidOption('cors', 'maxAgeMs', maxAgeMs, 'it is a number of milliseconds')
  }
  return settings
}

function checkOrigins(origins: unknown): void {
  if (!Array.isArray(origins)) {
    throw invalidOption('cors', 'origins', origins, "it is '*', a list of origins, or a function")
  }
  for (const origin of origins as unknown[]) {
    if (origin instanceof RegExp || (typeof origin === 'string' && ORIGIN.test(origin))) continue
    throw invalidOption(
      'cors',
      'origins',
      origin,
      "an origin is written as a browser sends it: 'https://a.example'",
    )
  }
}

function checkTokens(option: string, names: unknown): void {
  if (!Array.isArray(names)) throw invalidOption('cors', option, names, 'it is a list of names')
  for (const name of names as unknown[]) {
    if (typeof name === 'string' && TOKEN.test(name)) continue
    throw invalidOption('cors', option, name, 'a name is a token (RFC 9110, 5.6.2)')
  }
}
