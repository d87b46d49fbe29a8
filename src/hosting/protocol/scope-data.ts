// A scope as data, and back: all standard keys, and the added values that are data.

import { ASGI } from '../../async/asgi-version.ts'
import { cloneable } from './cloneable.ts'
import type { Channels } from '../../contract/channels.ts'
import type { ExchangeContext, HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { ConnectionData, Extensions, ScopeData, WebSocketData } from './messages.ts'

// `isthmus.environ` stays here: an environ has the body and the functions of its own side.
const KNOWN_KEYS = [
  'type',
  'asgi',
  'httpVersion',
  'method',
  'scheme',
  'path',
  'rawPath',
  'queryString',
  'rootPath',
  'headers',
  'client',
  'server',
  'state',
  'extensions',
  'isthmus.exchange',
  'isthmus.channels',
  'isthmus.environ',
  'subprotocols',
]
const KNOWN = new Set(KNOWN_KEYS)

/** The extensions of an app that cannot use any. */
export const NO_EXTENSIONS: Extensions = Object.freeze({})

/** The parts of a scope that its side of the exchange has. */
export interface OwnParts {
  state: Record<string, unknown>
  extensions: Extensions
  context: ExchangeContext | undefined
  channels: Channels | undefined
}

/** Returns `scope` as data. The context of the exchange stays here, and state has a message of its own. */
export function scopeData(scope: HttpScope): ScopeData {
  return {
    httpVersion: scope.httpVersion,
    method: scope.method,
    scheme: scope.scheme,
    path: scope.path,
    rawPath: scope.rawPath,
    queryString: scope.queryString,
    rootPath: scope.rootPath,
    headers: scope.headers,
    client: scope.client,
    server: scope.server,
    added: addedTo(scope),
  }
}

/** Returns the `scope` of a WebSocket as data, as {@link scopeData} does. */
export function webSocketData(scope: WebSocketScope): WebSocketData {
  const { httpVersion, scheme, path, rawPath, queryString, rootPath } = scope
  const { headers, client, server, subprotocols } = scope
  const line = { httpVersion, scheme, path, rawPath, queryString, rootPath }
  return { ...line, headers, client, server, subprotocols, added: addedTo(scope) }
}

/** Makes a scope of `data`, on the other side. */
export function scopeOf(data: ScopeData, own: OwnParts): HttpScope {
  return completed(
    {
      type: 'http',
      asgi: ASGI,
      httpVersion: data.httpVersion,
      method: data.method,
      scheme: data.scheme,
      path: data.path,
      rawPath: data.rawPath,
      queryString: data.queryString,
      rootPath: data.rootPath,
      headers: data.headers,
      client: data.client,
      server: data.server,
      state: own.state,
      extensions: own.extensions,
    },
    data,
    own,
  )
}

/** Makes the scope of a WebSocket of `data`, on the other side. */
export function webSocketScopeOf(data: WebSocketData, own: OwnParts): WebSocketScope {
  const { added: _, ...line } = data
  const { state, extensions } = own
  return completed({ type: 'websocket', asgi: ASGI, ...line, state, extensions }, data, own)
}

function completed<Scope extends HttpScope | WebSocketScope>(
  scope: Scope,
  { added }: ConnectionData,
  { context, channels }: OwnParts,
): Scope {
  if (context) scope['isthmus.exchange'] = context
  if (channels) scope['isthmus.channels'] = channels
  return added === null ? scope : Object.assign(scope, added)
}

function addedTo(scope: HttpScope | WebSocketScope): Record<string, unknown> | null {
  if (isPlain(scope)) return null
  const added = Object.entries(scope).filter(([key]) => !isKnown(key))
  return cloneable(Object.fromEntries(added)).data
}

// Runs for every request. The server sets the keys in this order, and a comparison is faster than a look-up in a set.
function isPlain(scope: HttpScope | WebSocketScope): boolean {
  let at = 0
  for (const key in scope) {
    if (key !== KNOWN_KEYS[at] && !isKnown(key)) return false
    at += 1
  }
  return true
}

function isKnown(key: string): boolean {
  return KNOWN.has(key)
}
