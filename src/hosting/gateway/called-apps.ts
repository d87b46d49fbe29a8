// The apps that hosts call: the app that their middleware wraps, or an app of a module, which the event loop loads once.

import { SILENT_LOG } from '../../silent-log.ts'
import { startLifespan } from '../../async/lifespan.ts'
import { AppLoadError } from '../../errors.ts'
import { importExports } from '../../bridge/app-module.ts'
import { processWide } from '../../bridge/process-wide.ts'
import { toEvents } from '../../bridge/to-events.ts'
import { inNeutralContext } from '../../waiting/neutral-context.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Channels } from '../../contract/channels.ts'
import type { Log } from '../../contract/log.ts'
import type { App } from '../../bridge/style.ts'
import type { CalledApp } from '../protocol/messages.ts'

/** The caller of an app. */
interface Caller {
  /** The app that the middleware in the host wraps. */
  inner: EventApp | undefined
  /** The pool of the host. A called app lives at least until the pool is closed. */
  pool: object
  log: Log | undefined
  channels: Channels | undefined
}

interface Loaded {
  app: EventApp
  lifespan: Lifespan
}

interface Shared {
  readonly loaded: Promise<Loaded>
  /** The pools that have called the app. */
  readonly users: Set<object>
}

const shared = processWide('called-apps.1', () => new Map<string, Shared>())

/**
 * Returns the app for a call. A module is imported, and its lifespan started, at the first call in the process; its lifespan
 * ends with the last pool that has called the app.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the app does not exist; the error of the module
 */
export async function calledApp(called: CalledApp, caller: Caller): Promise<EventApp> {
  if (called === 'inner') {
    if (caller.inner) return caller.inner
    throw new AppLoadError('only middleware has an inner app, and this host runs none')
  }

  const key = `${called.url}#${called.exportName}`
  const entry = shared.get(key) ?? {
    // The app lives longer than the request that calls it first, and holds none of its slots.
    loaded: inNeutralContext(() => load(called, caller)),
    users: new Set(),
  }
  shared.set(key, entry)
  entry.users.add(caller.pool)
  try {
    return (await entry.loaded).app
  } catch (error) {
    // The next call loads the module again.
    if (shared.get(key) === entry) shared.delete(key)
    throw error
  }
}

/** `pool` is closed: ends the lifespan of the apps that no other pool has called. Never rejects. */
export async function releaseCalledApps(pool: object): Promise<void> {
  for (const [key, { loaded, users }] of shared) {
    if (!users.delete(pool) || users.size > 0) continue
    shared.delete(key)
    const { lifespan } = await loaded.catch(() => ({ lifespan: undefined }))
    await lifespan?.shutdown()
  }
}

async function load(
  called: Exclude<CalledApp, 'inner'>,
  { log = SILENT_LOG, channels }: Caller,
): Promise<Loaded> {
  const { url, exportName } = called
  const module = (await importExports(url)) as Record<string, unknown>
  if (!Object.hasOwn(module, exportName)) {
    throw new AppLoadError(`toSync(): ${url} has no export "${exportName}"`)
  }
  const app = toEvents(module[exportName] as App)
  const lifespan = await startLifespan(app, { mode: 'auto', log, channels })
  return { app: withState(app, lifespan.state), lifespan }
}

function withState(app: EventApp, state: Readonly<Record<string, unknown>>): EventApp {
  return (scope, receive, send) => {
    const isLifespan = scope.type === 'lifespan'
    const own = isLifespan ? scope : { ...scope, state: { ...scope.state, ...state } }
    return app(own, receive, send)
  }
}
