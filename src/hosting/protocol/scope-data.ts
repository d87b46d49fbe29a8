// A scope as data, and back: its own keys as they are, and of what others have added what is data.

import { ASGI } from '../../async/asgi-version.ts'
import { cloneable } from './cloneable.ts'
import type { ExchangeContext, HttpScope } from '../../contract/events.ts'
import type { ScopeData } from './messages.ts'

// An app behind a host cannot use any.
const NO_EXTENSIONS = Object.freeze({})

// The environ that a scope was made of has the body and the functions of its own side.
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
  'isthmus.environ',
]
const KNOWN = new Set(KNOWN_KEYS)

/** `scope` as data: without the server's side, and without state, which goes its own way. */
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

/** The scope that `data` was made of, on the other side. */
export function scopeOf(
  data: ScopeData,
  state: Record<string, unknown>,
  connection: ExchangeContext | undefined,
): HttpScope {
  const scope: HttpScope = {
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
    state,
    extensions: NO_EXTENSIONS,
  }
  if (connection) scope['isthmus.exchange'] = connection
  return data.added === null ? scope : Object.assign(scope, data.added)
}

function addedTo(scope: HttpScope): Record<string, unknown> | null {
  if (isPlain(scope)) return null
  const added = Object.entries(scope).filter(([key]) => !isKnown(key))
  return cloneable(Object.fromEntries(added)).data
}

// For every request: in the order in which the server puts them there, a comparison does instead of a look-up.
function isPlain(scope: HttpScope): boolean {
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
