// From a parsed request head to a scope, the same for every engine.

import { ASGI } from '../async/asgi-version.ts'
import { BadRequestError } from '../errors.ts'
import { parseTarget } from './target.ts'
import { requireChunked } from '../http/transfer-coding.ts'
import type { ExchangeContext, HeaderPairs, HttpScope, WebSocketScope } from '../contract/events.ts'
import type { Target } from './target.ts'
import type { TlsFacts } from './tls-facts.ts'

/** A request head as an engine has read it. */
export interface RequestHead {
  method: string
  /** As on the request line. */
  target: string
  httpVersion: '1.0' | '1.1'
  /** Lower-case names, values as on the wire, in order, duplicates kept. */
  headers: HeaderPairs
  client: [host: string, port: number] | null
  server: HttpScope['server']
  secure: boolean
  /** Of a connection under TLS, where the engine tells. */
  tls?: TlsFacts | null
}

/** What of the settings shapes a scope. */
interface ScopeSettings {
  rootPath: string
  rootPathMode: 'prepend' | 'verify'
  headerMap: 'drop' | 'refuse' | 'dangerous'
  maxHeaderFields: number
}

// RFC 9112, 3.2: uri-host with an optional port; what is no host must not reach links, logs or a cache key.
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i

const HTTP_EXTENSIONS = Object.freeze({
  'http.response.early_hint': Object.freeze({}),
  'http.response.pathsend': Object.freeze({}),
  'http.response.trailers': Object.freeze({}),
})
const WEBSOCKET_EXTENSIONS = Object.freeze({ 'websocket.http.response': Object.freeze({}) })

/**
 * The scope of an HTTP exchange. `state` is what lifespan left; it is copied. The header pairs of `head` are the scope's
 * from now on.
 *
 * @throws {@link BadRequestError} with the status that the head deserves
 * @see ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope"
 */
export function httpScope(
  head: RequestHead,
  state: Record<string, unknown>,
  settings: ScopeSettings,
  connection: ExchangeContext,
): HttpScope {
  const target = parseTarget(head.method, head.target)
  return {
    type: 'http',
    asgi: ASGI,
    httpVersion: head.httpVersion,
    method: head.method,
    scheme: head.secure ? 'https' : 'http',
    path: rootedPath(target, settings),
    rawPath: target.rawPath,
    queryString: target.queryString,
    rootPath: settings.rootPath,
    headers: scopeHeaders(head, target, settings),
    client: head.client && [head.client[0], head.client[1]],
    server: head.server && [head.server[0], head.server[1]],
    state: { ...state },
    extensions: head.tls ? { ...HTTP_EXTENSIONS, tls: { ...head.tls } } : HTTP_EXTENSIONS,
    'isthmus.exchange': connection,
  }
}

/**
 * The scope of a WebSocket whose handshake, with this scope, was found valid.
 *
 * @see ASGI HTTP & WebSocket 2.5, "WebSocket Connection Scope"
 */
export function websocketScope(handshake: HttpScope, subprotocols: string[]): WebSocketScope {
  const { method: _method, ...scope } = handshake
  const { tls } = scope.extensions
  return {
    ...scope,
    type: 'websocket',
    scheme: scope.scheme === 'https' ? 'wss' : 'ws',
    // The handshake is looked at again when the app accepts.
    headers: scope.headers.slice(),
    subprotocols,
    extensions: tls ? { ...WEBSOCKET_EXTENSIONS, tls } : WEBSOCKET_EXTENSIONS,
  }
}

function rootedPath(target: Target, settings: ScopeSettings): string {
  const { rootPath, rootPathMode } = settings
  if (rootPath === '' || target.path === '*') return target.path
  if (rootPathMode === 'prepend') return rootPath + target.path
  if (target.path === rootPath || target.path.startsWith(`${rootPath}/`)) return target.path
  throw new BadRequestError(`the path is not under the root path "${rootPath}"`, 404)
}

function scopeHeaders(head: RequestHead, target: Target, settings: ScopeSettings): HeaderPairs {
  const { headers } = head
  if (headers.length > settings.maxHeaderFields) {
    throw new BadRequestError(`the head has more than ${settings.maxHeaderFields} fields`, 431)
  }

  let host: [string, string] | undefined
  let drops = false
  for (const pair of headers) {
    if (pair[0] === 'host') host = onlyHost(host, pair)
    else if (pair[0] === 'transfer-encoding') requireChunked(pair[1], head.httpVersion)
    else if (pair[0].includes('_')) drops ||= isDropped(pair[0], settings.headerMap)
  }
  if (host === undefined && head.httpVersion === '1.1') throw new BadRequestError('Host is missing')

  const kept = drops ? headers.filter(([name]) => !name.includes('_')) : headers
  return target.authority === null ? kept : withHost(kept, target.authority)
}

function onlyHost(before: [string, string] | undefined, pair: [string, string]): [string, string] {
  if (before !== undefined) throw new BadRequestError('Host stands more than once')
  requireHost(pair[1])
  return pair
}

// RFC 9112, 3.2.2: the authority of the target stands in for whatever Host says.
function withHost(headers: HeaderPairs, authority: string): HeaderPairs {
  requireHost(authority)
  const at = headers.findIndex(([name]) => name === 'host')
  return at < 0 ? [['host', authority], ...headers] : headers.with(at, ['host', authority])
}

// One connection asks again and again for the same one.
let lastHost = ''

function requireHost(value: string): void {
  if (value === lastHost) return
  if (!HOST.test(value)) throw new BadRequestError(`Host ${JSON.stringify(value)} is not a host`)
  lastHost = value
}

// CGI has underscores where HTTP has hyphens: one name could pass for another.
function isDropped(name: string, headerMap: ScopeSettings['headerMap']): boolean {
  if (headerMap !== 'refuse') return headerMap === 'drop'
  throw new BadRequestError(`header name "${name}" has an underscore`)
}
