// From a request head to a scope, the same for every engine.

import { ASGI } from '../async/asgi-version.ts'
import { BadRequestError } from '../errors.ts'
import { keptHeaders } from './websocket/kept-headers.ts'
import type { Channels } from '../contract/channels.ts'
import type { ExchangeContext, HeaderPairs, HttpScope, WebSocketScope } from '../contract/events.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Target } from '../http/target.ts'

/** The settings that shape a scope. */
interface ScopeSettings {
  rootPath: string
  rootPathMode: 'prepend' | 'verify'
  headerMap: 'drop' | 'refuse' | 'dangerous'
  channels: Channels | null
}

const HTTP_EXTENSIONS = Object.freeze({
  'http.response.early_hint': Object.freeze({}),
  'http.response.pathsend': Object.freeze({}),
  'http.response.trailers': Object.freeze({}),
})
const WEBSOCKET_EXTENSIONS = Object.freeze({ 'websocket.http.response': Object.freeze({}) })

/**
 * The scope of an HTTP exchange whose head has no fault. The scope takes the header pairs of `head` over, and copies the
 * other values, because an app may change its scope.
 *
 * @param state the state that the lifespan of the app left; the copy is shallow
 * @throws {@link BadRequestError} 404 for a path outside the root path, 400 for a name with an underscore if `headerMap`
 *   refuses such names
 * @see ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope"
 */
export function httpScope(
  head: RequestHead,
  state: Record<string, unknown>,
  settings: ScopeSettings,
  context: ExchangeContext,
): HttpScope {
  const { parsedTarget, ends } = head
  const { client, server, tls } = ends
  const scope: HttpScope = {
    type: 'http',
    asgi: ASGI,
    httpVersion: head.httpVersion,
    method: head.method,
    scheme: ends.secure ? 'https' : 'http',
    path: rootedPath(parsedTarget, settings),
    rawPath: parsedTarget.rawPath,
    queryString: parsedTarget.queryString,
    rootPath: settings.rootPath,
    headers: scopeHeaders(head, settings),
    client: client && [client[0], client[1]],
    server: server && [server[0], server[1]],
    state: { ...state },
    extensions: tls ? { ...HTTP_EXTENSIONS, tls: { ...tls } } : HTTP_EXTENSIONS,
    'isthmus.exchange': context,
    'isthmus.channels': settings.channels ?? undefined,
  }
  if (head.auth) {
    scope['isthmus.auth'] = head.auth
    context.user = head.auth.user
  }
  return scope
}

/**
 * The scope of a WebSocket. `handshake` is the scope of its handshake, which is valid.
 *
 * @see ASGI HTTP & WebSocket 2.5, "WebSocket Connection Scope"
 */
export function websocketScope(handshake: HttpScope, subprotocols: string[]): WebSocketScope {
  const { tls } = handshake.extensions
  // Each value by name: a spread without `method` gives every scope a hidden class of its own, which takes 500 bytes.
  return {
    type: 'websocket',
    asgi: handshake.asgi,
    httpVersion: handshake.httpVersion,
    scheme: handshake.scheme === 'https' ? 'wss' : 'ws',
    path: handshake.path,
    rawPath: handshake.rawPath,
    queryString: handshake.queryString,
    rootPath: handshake.rootPath,
    // Copies also because the acceptor reads the fields of the handshake again when the app accepts.
    headers: keptHeaders(handshake.headers),
    client: handshake.client,
    server: handshake.server,
    subprotocols,
    state: handshake.state,
    extensions: tls ? { ...WEBSOCKET_EXTENSIONS, tls } : WEBSOCKET_EXTENSIONS,
    'isthmus.exchange': handshake['isthmus.exchange'],
    'isthmus.channels': handshake['isthmus.channels'],
  }
}

function rootedPath(target: Target, { rootPath, rootPathMode }: ScopeSettings): string {
  if (rootPath === '' || target.path === '*') return target.path
  if (rootPathMode === 'prepend') return rootPath + target.path
  if (target.path === rootPath || target.path.startsWith(`${rootPath}/`)) return target.path
  throw new BadRequestError(`the path is not under the root path "${rootPath}"`, 404)
}

function scopeHeaders(head: RequestHead, { headerMap }: ScopeSettings): HeaderPairs {
  const { headers, hasUnderscore, parsedTarget } = head
  const kept = hasUnderscore ? mappedHeaders(headers, headerMap) : headers
  return parsedTarget.authority === null ? kept : withHost(kept, parsedTarget.authority)
}

// CGI replaces hyphens with underscores, so a name with an underscore could pass for another field.
function mappedHeaders(headers: HeaderPairs, headerMap: ScopeSettings['headerMap']): HeaderPairs {
  if (headerMap === 'dangerous') return headers
  if (headerMap === 'drop') return headers.filter(([name]) => !name.includes('_'))
  const name = headers.map((pair) => pair[0]).find((candidate) => candidate.includes('_'))
  throw new BadRequestError(`header name "${name}" has an underscore`)
}

// RFC 9112, 3.2.2: the authority of the target replaces the value of Host.
function withHost(headers: HeaderPairs, authority: string): HeaderPairs {
  const at = headers.findIndex(([name]) => name === 'host')
  return at < 0 ? [['host', authority], ...headers] : headers.with(at, ['host', authority])
}
