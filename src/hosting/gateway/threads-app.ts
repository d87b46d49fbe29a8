// The app of a pool of threads.

import { described } from '../../bridge/app-facts.ts'
import { syncToEvents } from '../../bridge/sync/sync-to-events.ts'
import { loadApp } from '../load-app.ts'
import { poolApp } from './pool-app.ts'
import { emptyLoad } from './pool-stats.ts'
import { threadKind } from './thread-kind.ts'
import type { EventApp } from '../../contract/events.ts'
import type { LoadedApp } from '../load-app.ts'
import type { ThreadPoolSettings } from './pool-settings.ts'
import type { PoolStats } from './pool-stats.ts'

/** An event app that runs in threads. */
export type ThreadsApp = EventApp & {
  /**
   * Returns the load of the threads at this moment and the totals since they were started. All figures are 0 before the
   * start, after the end of lifespan, and if the server runs the app inline.
   */
  stats(): PoolStats
  /**
   * Loads the module anew: each thread is replaced when a new one has loaded it. No request fails. Resolves when all threads
   * are new; resolves at once if none is there. An app on the event loop stays as it is.
   *
   * @throws the error of a new thread that could not load the app; the old threads stay
   */
  reload(): Promise<void>
}

/** Makes the app of a pool of threads. `inner` is the app that the middleware in the threads wraps. */
export function threadsApp(settings: ThreadPoolSettings, inner?: EventApp): ThreadsApp {
  const { target } = settings
  const loadInline =
    target.kind === 'app' ? (): Promise<EventApp> => loadApp(target).then(eventAppOf) : undefined
  const { app, pool } = poolApp({ ...settings, kind: threadKind(settings) }, { inner, loadInline })
  const stats = (): PoolStats => {
    const { hosts, ...load } = pool()?.stats() ?? emptyLoad()
    return { threads: hosts, ...load }
  }
  const reload = (): Promise<void> => pool()?.reload() ?? Promise.resolve()
  return described(Object.assign(app, { stats, reload }), 'threads')
}

function eventAppOf(loaded: LoadedApp): EventApp {
  return loaded.runs === 'inTurn' ? syncToEvents(loaded.app) : loaded.app
}
