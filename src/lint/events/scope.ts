// The scope under lint: the server makes it complete and consistent, and the app leaves it unchanged.

import { isFieldValue, isToken } from '../../http/headers.ts'
import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { isPlainObject } from '../plain-object.ts'
import type { Scope } from '../../contract/events.ts'

type Rule = [holds: (value: unknown) => boolean, expected: string]
type Rules = Record<string, Rule>

const isText = (value: unknown): value is string => typeof value === 'string'

// The lists and objects whose content an app must leave unchanged.
const CONTENTS = new Set(['asgi', 'headers', 'client', 'server', 'subprotocols', 'extensions'])

const CONNECTION: Rules = {
  httpVersion: [isOneOf('1.0', '1.1', '2'), "'1.0', '1.1' or '2'"],
  path: [(path) => isText(path) && /^[/*]/.test(path), 'a string that starts with "/", or "*"'],
  rawPath: [
    (path) => isText(path) && /^[\x21-\xff]*$/.test(path) && !/[?#]/.test(path),
    'the path as sent: latin-1, without query and fragment',
  ],
  queryString: [
    (query) => isText(query) && /^[\x21-\xff]*$/.test(query) && !query.includes('#'),
    'the query as sent: latin-1, still percent-encoded',
  ],
  rootPath: [
    (prefix) =>
      prefix === '' || (isText(prefix) && /^\/(?:.*[^/])?$/s.test(prefix) && prefix !== '/'),
    'empty, or a path that starts with "/" and does not end with it',
  ],
  headers: [
    (headers) => Array.isArray(headers) && headers.every(isHeader),
    'an array of [lower-case name, latin-1 value] string pairs',
  ],
  client: [(peer) => peer === null || isAddress(peer, false), '[host, integer port] or null'],
  server: [
    (local) => local === null || isAddress(local, true),
    '[host, integer port], [socket path, null] or null',
  ],
  state: [isPlainObject, 'a plain object'],
  extensions: [
    (extensions) => isPlainObject(extensions) && Object.values(extensions).every(isPlainObject),
    'a plain object with one plain object for each extension',
  ],
}

const RULES: Record<string, Rules> = {
  http: {
    asgi: asgi('2.5'),
    ...CONNECTION,
    method: [
      (method) => isText(method) && isToken(method) && method === method.toUpperCase(),
      'an upper-case token',
    ],
    scheme: [isOneOf('http', 'https'), "'http' or 'https'"],
  },
  websocket: {
    asgi: asgi('2.5'),
    ...CONNECTION,
    scheme: [isOneOf('ws', 'wss'), "'ws' or 'wss'"],
    subprotocols: [
      (offers) => Array.isArray(offers) && offers.every((offer) => isText(offer) && isToken(offer)),
      'an array of tokens',
    ],
  },
  lifespan: { asgi: asgi('2.0'), state: [isPlainObject, 'a plain object'] },
}

/**
 * Throws unless `scope` has all keys, their types are right, and their values agree with each other. A scope of an
 * unknown type passes, because the app has to refuse it.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope", "Websocket Connection Scope"; Lifespan 2.0, "Scope"
 */
export function checkScope(scope: unknown): void {
  if (!isPlainObject(scope) || typeof scope.type !== 'string') {
    throw breach(
      'server',
      'the scope',
      `${nameOf(scope)} is not a scope`,
      'pass a plain object with a `type`',
    )
  }

  for (const [key, [holds, expected]] of Object.entries(RULES[scope.type] ?? {})) {
    if (holds(scope[key])) continue
    throw breach(
      'server',
      'the scope',
      `scope.${key} is ${nameOf(scope[key])}`,
      `it has to be ${expected}`,
    )
  }
  if (scope.type === 'lifespan' || RULES[scope.type] === undefined) return
  checkMountPoint(scope.path as string, scope.rootPath as string)
}

/** Copies `scope`, with the content of its lists and objects, for {@link checkUnchanged}. */
export function copyScope(scope: Scope): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(scope).map(([key, value]) => [key, contentOf(key, value)]),
  )
}

/**
 * Throws if the app has changed its scope, which outer middleware sees too. The content of `state` belongs to the app.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see ASGI 3.0, "Middleware"
 */
export function checkUnchanged(before: Record<string, unknown>, after: Scope): void {
  const now = copyScope(after)
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (before[key] === now[key]) continue
    throw breach(
      'app',
      'the scope',
      `it changed scope.${key} in place`,
      'change a copy: { ...scope }',
    )
  }
}

function contentOf(key: string, value: unknown): unknown {
  return CONTENTS.has(key) ? JSON.stringify(value) : value
}

/** ASGI keeps the mount point in the path; a prefix counts only on a segment boundary. */
function checkMountPoint(path: string, rootPath: string): void {
  if (rootPath === '' || path === rootPath || path.startsWith(`${rootPath}/`)) return
  throw breach(
    'server',
    'the scope',
    `scope.path ${nameOf(path)} is not under scope.rootPath ${nameOf(rootPath)}`,
    'path includes rootPath: leave the path alone when mounting',
  )
}

function asgi(specVersion: string): Rule {
  return [
    (value) => isPlainObject(value) && value.version === '3.0' && value.specVersion === specVersion,
    `{ version: '3.0', specVersion: '${specVersion}' }`,
  ]
}

function isOneOf(...values: string[]): (value: unknown) => boolean {
  return (value) => isText(value) && values.includes(value)
}

function isHeader(pair: unknown): boolean {
  if (!Array.isArray(pair) || pair.length !== 2) return false
  const [name, value] = pair as unknown[]
  return (
    isText(name) &&
    isText(value) &&
    isToken(name) &&
    name === name.toLowerCase() &&
    isFieldValue(value)
  )
}

function isAddress(value: unknown, mayBePath: boolean): boolean {
  if (!Array.isArray(value) || value.length !== 2 || !isText(value[0])) return false
  const port: unknown = value[1]
  if (port === null) return mayBePath
  return Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535
}
