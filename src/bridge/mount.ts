// mount(): several apps in one server, chosen by path.

import { inspect } from 'node:util'
import { isPromise } from 'node:util/types'
import { figuresOf } from '../async/exchange-context.ts'
import { isObject } from '../complete-options.ts'
import { AppError } from '../errors.ts'
import { described, factsOf } from './app-facts.ts'
import { refuseForeign } from './foreign-app.ts'
import { runLifespans, stateFor } from './lifespans.ts'
import { toEvents } from './to-events.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  Scope,
  Send,
  WebSocketScope,
} from '../contract/events.ts'
import type { AppFacts } from './app-facts.ts'
import type { InnerApp } from './lifespans.ts'
import type { App } from './style.ts'

/** The apps, by the prefixes of their paths. `'/'` takes the paths that no other prefix takes. */
export type MountTable = { readonly [prefix: `/${string}`]: App }

interface Mounted extends InnerApp {
  /** The prefix without a trailing slash: `''` for `'/'`. */
  prefix: string
  kind: AppFacts['kind']
}

/**
 * Makes one app from several. The longest prefix wins, and it ends at a segment boundary (`/ab` is not under `/a`). The
 * mounted app gets the prefix in `rootPath`, or moved from `PATH_INFO` to `SCRIPT_NAME`. Lifespan starts the apps in the
 * order of the table and shuts them down in reverse order; each has its own state.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a table that is no plain object, a prefix that is not a path or is in
 *   the table twice, and a value that is no app
 *
 * @example
 * mount({ '/live': live, '/': legacy })
 */
export function mount(table: MountTable): EventApp {
  requirePlain(table)
  const apps = Object.entries(table).map(([prefix, app]) => mounted(prefix, app))
  const byLength = apps.toSorted((a, b) => b.prefix.length - a.prefix.length)
  refuseRepeated(byLength)

  async function mountedApps(scope: Scope, receive: Receive, send: Send): Promise<void> {
    if (scope.type === 'lifespan') return runLifespans(apps, scope, receive, send)
    const inner = byLength.find(({ prefix }) => isUnder(scope, prefix))
    if (!inner) return notFound(scope, receive, send)
    figuresOf(scope)?.took(scope.rootPath, inner.prefix, inner.kind)
    return inner.app(scopeBelow(scope, inner), receive, send)
  }
  return described(mountedApps, 'mount', new Map(Object.entries(table)))
}

function mounted(prefix: string, app: App): Mounted {
  const trimmed = prefix.replace(/\/$/, '')
  if (!/^(\/[^/]+)*$/.test(trimmed)) {
    throw new AppError(`mount: "${prefix}" is not a path such as "/" or "/live"`)
  }
  refuseForeign(app, undefined, `mount: "${prefix}": `)
  if (typeof app !== 'function') {
    const given = app === null ? 'null' : typeof app
    const hint = isPromise(app) ? ' that is a promise; await it first' : ''
    throw new AppError(`mount: "${prefix}": an app is a function, got ${given}${hint}`)
  }
  return { prefix: trimmed, name: trimmed || '/', app: toEvents(app), kind: factsOf(app).kind }
}

// A Map or a Promise would be an empty table.
function requirePlain(table: unknown): void {
  if (isObject(table)) return
  const hint = isPromise(table) ? '; await the promise first' : ''
  const given = inspect(table, { depth: 0 })
  throw new AppError(
    `mount: a table is a plain object such as { '/live': app }, got ${given}${hint}`,
  )
}

function refuseRepeated(apps: Mounted[]): void {
  const seen = new Set<string>()
  for (const { prefix } of apps) {
    if (seen.has(prefix)) throw new AppError(`mount: "${prefix || '/'}" is in the table twice`)
    seen.add(prefix)
  }
}

function isUnder({ path, rootPath }: HttpScope | WebSocketScope, prefix: string): boolean {
  if (path === '*') return prefix === ''
  const root = rootPath + prefix
  return path.startsWith(root) && (path.length === root.length || path[root.length] === '/')
}

function scopeBelow<Outer extends HttpScope | WebSocketScope>(scope: Outer, inner: Mounted): Outer {
  return { ...scope, rootPath: scope.rootPath + inner.prefix, state: stateFor(inner, scope) }
}

async function notFound(scope: Scope, receive: Receive, send: Send): Promise<void> {
  if (scope.type === 'websocket') await receive()
  const prefix = scope.type === 'websocket' ? 'websocket.' : ''
  await send({
    type: `${prefix}http.response.start`,
    status: 404,
    headers: [['content-type', 'text/plain; charset=utf-8']],
  })
  await send({ type: `${prefix}http.response.body`, body: 'Not Found\n' })
}
