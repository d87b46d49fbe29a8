// cors(): decides which other origins may read the responses and open WebSockets.

import { AppError } from '../errors.ts'
import { isToken } from '../http/headers.ts'
import { parseHost } from '../http/host.ts'
import { appendVary } from '../http/vary.ts'
import { wait } from '../chain/effects.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import type { Complete } from '../complete-options.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { ChainResponse } from '../chain/response.ts'
import type { Wrap } from '../chain/wrap.ts'

/**
 * Decides if an origin is allowed. It may return a promise in a chain around an app that can wait.
 *
 * @inline
 */
type OriginTest = (origin: string, request: ChainRequest) => boolean | PromiseLike<boolean>

/** Options of {@link cors}. */
export interface CorsOptions {
  /**
   * The allowed origins: `'*'` for all; a list of origins, in which a RegExp allows each origin that it matches as a
   * whole; or a function that decides, for each request with an `Origin`. The function may be async, except directly
   * around a sync app, which cannot wait. Default `'*'`.
   */
  origins?: '*' | ReadonlyArray<string | RegExp> | OriginTest | undefined
  /** Methods that scripts may use. Default GET, HEAD, PUT, PATCH, POST, DELETE. */
  methods?: readonly string[] | undefined
  /** Request headers that scripts may send; `'*'` allows each header that a preflight asks for. Default `'*'`. */
  allowHeaders?: '*' | readonly string[] | undefined
  /** Response headers that scripts may read, besides the CORS-safelisted ones. Default none. */
  exposeHeaders?: readonly string[] | undefined
  /** Whether a browser may send cookies and other credentials. True excludes `origins: '*'`. Default false. */
  credentials?: boolean | undefined
  /** How long a browser may remember the answer to a preflight, in ms; rounded down to seconds. Default 600,000. */
  maxAgeMs?: number | undefined
}

type Settings = Complete<CorsOptions>

const DEFAULTS: Settings = {
  origins: '*',
  methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
  allowHeaders: '*',
  exposeHeaders: [],
  credentials: false,
  maxAgeMs: 600_000,
}

// Fetch, 3.2: scheme, host and sometimes port, without a path; or the word `null` for an opaque origin.
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:\/\/[^\s/?#@A-Z]+|null)$/

/**
 * Answers preflights, and adds to each response the headers that allow an origin to read it. A browser sends no
 * preflight for a WebSocket, so a handshake is denied with 403 if its origin is neither allowed nor the server's own.
 * The server's own origin has the scheme, host and port of the request: behind a proxy, put `forwarded()` outside.
 *
 * Put it outside every middleware that answers by itself: a script can read an error response only if the response has
 * the headers of this middleware.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @throws {@link WaitUnderSyncError} (`ISTHMUS_WAIT_UNDER_SYNC`) for a function of `origins` that returns a promise
 *   around a sync app
 * @see Fetch, "CORS protocol"
 *
 * @example
 * chain(cors({ origins: ['https://shop.example'], credentials: true }))(app)
 *
 * @example
 * chain(cors({ origins: async (origin) => await tenants.has(origin) }))(toEvents(app))
 */
export function cors(options: CorsOptions = {}): Wrap {
  const settings = checked(completeOptions('cors', options, DEFAULTS))
  const isAllowed = originTest(settings.origins)
  const share = sharing(settings)
  const answerPreflight = preflightAnswer(settings)

  return middleware('cors', function* (request, next) {
    const origin = request.headers.get('origin')
    const answer: unknown = origin === undefined ? false : isAllowed(origin, request)
    const allowed = decided(isPromise(answer) ? yield* wait(answer) : answer) ? origin : undefined
    if (isPreflight(request)) {
      return share(allowed === undefined ? forbidden() : answerPreflight(request), allowed)
    }
    if (request.kind === 'websocket' && origin !== undefined && allowed === undefined) {
      if (!isOwn(origin, request)) return share(forbidden(), undefined)
    }
    return share(yield* next(request), allowed)
  })
}

// Fetch, 4.8: a preflight is an OPTIONS request with both fields. The app answers every other OPTIONS request.
function isPreflight({ method, headers }: ChainRequest): boolean {
  return (
    method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  )
}

/** Returns a function that adds the headers for the origins that may read a response. */
function sharing({ origins, credentials, exposeHeaders }: Settings) {
  const exposed = exposeHeaders.join(', ')
  const isOpen = origins === '*'
  return (response: ChainResponse, origin: string | undefined): ChainResponse => {
    const { headers } = response
    if (!isOpen) headers.set('vary', appendVary(headers.getAll('vary'), 'Origin'))
    // A response that all origins may read has the header even without an Origin: a cache may reuse it for any client.
    if (origin === undefined && !isOpen) return response
    headers.set('access-control-allow-origin', isOpen ? '*' : (origin as string))
    if (credentials) headers.set('access-control-allow-credentials', 'true')
    if (exposed !== '') headers.set('access-control-expose-headers', exposed)
    return response
  }
}

function preflightAnswer({ methods, allowHeaders, maxAgeMs }: Settings) {
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
    .filter((name) => isToken(name))
}

function forbidden(): ChainResponse {
  const headers = [['content-type', 'text/plain; charset=utf-8']] as const
  return respond(403, headers, 'This origin is not allowed.\n')
}

// A page of the server itself sends an Origin too when it opens a WebSocket (RFC 6455, 10.2). An origin is scheme, host
// and port (RFC 6454, 4); a browser leaves out the default port of the scheme.
function isOwn(origin: string, { headers, scheme }: ChainRequest): boolean {
  const host = parseHost(headers.get('host') ?? '')
  if (!host) return false
  const isSecure = scheme === 'wss' || scheme === 'https'
  const port = host.port === undefined ? '' : `:${host.port}`
  const own = `${isSecure ? 'https' : 'http'}://${host.name}${port}`
  return URL.canParse(own) && new URL(own).origin === origin
}

function originTest(origins: Settings['origins']): OriginTest {
  if (origins === '*') return () => true
  if (typeof origins === 'function') return origins
  const names = new Set(origins.filter((origin) => typeof origin === 'string').map(asSent))
  const patterns = origins
    .filter((origin) => origin instanceof RegExp)
    .map(({ source, flags }) => new RegExp(`^(?:${source})$`, flags.replaceAll(/[gy]/g, '')))
  return (origin) => names.has(origin) || patterns.some((pattern) => pattern.test(origin))
}

// A browser leaves out the default port of the scheme (RFC 6454, 6.1). An origin of another scheme has no such port.
function asSent(origin: string): string {
  const sent = URL.canParse(origin) ? new URL(origin).origin : 'null'
  return sent === 'null' ? origin : sent
}

function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function'
}

// A row of a database is truthy, and so is an object that says no: a value other than true and false allows nothing.
function decided(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw new AppError(`cors(): origins() returned ${typeof answer}, not a boolean`)
}

function checked(settings: Settings): Settings {
  const { origins, methods, allowHeaders, exposeHeaders, credentials, maxAgeMs } = settings
  if (credentials && origins === '*') {
    throw invalidOption(
      'cors',
      'origins',
      origins,
      'with credentials the allowed origins are listed one by one',
    )
  }
  if (origins !== '*' && typeof origins !== 'function') checkOrigins(origins)
  checkTokens('methods', methods)
  if (allowHeaders !== '*') checkTokens('allowHeaders', allowHeaders)
  checkTokens('exposeHeaders', exposeHeaders)
  if (credentials) checkNoWildcards({ methods, allowHeaders, exposeHeaders })
  checkNumber('cors', 'maxAgeMs', maxAgeMs, { min: 0 })
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

// Fetch, "CORS protocol and credentials": with credentials a browser reads `*` as a method or a field of that name.
function checkNoWildcards(lists: Record<string, '*' | readonly string[]>): void {
  for (const [option, names] of Object.entries(lists)) {
    if (names === '*' || !names.includes('*')) continue
    throw invalidOption('cors', option, '*', 'with credentials the names are listed one by one')
  }
}

function checkTokens(option: string, names: unknown): void {
  if (!Array.isArray(names)) throw invalidOption('cors', option, names, 'it is a list of names')
  for (const name of names as unknown[]) {
    if (typeof name === 'string' && isToken(name)) continue
    throw invalidOption('cors', option, name, 'a name is a token (RFC 9110, 5.6.2)')
  }
}
