// A scope as data, and back: all standard keys, and the added values that are data.

import { ASGI } from '../../async/asgi-version.ts'
import { cloneable } from './cloneable.ts'
import type { ExchangeContext, HttpScope } from '../../contract/events.ts'
import type { ScopeData } from './messages.ts'

// An app in a host cannot use any extension.
const NO_EXTENSIONS = Object.freeze({})

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
  'isthmus.environ',
]
const KNOWN = new Set(KNOWN_KEYS)

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

/** Makes a scope of `data`, on the other side. */
export function scopeOf(
  data: ScopeData,
  state: Record<string, unknown>,
  context: ExchangeContext | undefined,
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
  if (context) scope['isthmus.exchange'] = context
  return data.added === null ? scope : Object.assign(scope, data.added)
}

function addedTo(scope: HttpScope): Record<string, unknown> | null {
  if (isPlain(scope)) return null
  const added = Object.entries(scope).filter(([key]) => !isKnown(key))
  return cloneable(Object.fromEntries(added)).data
}

// Runs for every request. The server sets the keys in this order, and a comparison is faster than a look-up in a set.
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
