// A pool as an event app. The pool opens with lifespan, or with the first request if the server runs no lifespan.

import { startLifespan } from '../../async/lifespan.ts'
import { refuseScope } from '../../bridge/refuse-scope.ts'
import { events } from '../../bridge/style.ts'
import { syncToEvents } from '../../bridge/sync/sync-to-events.ts'
import { hasBody } from '../../http/content.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { loadApp } from '../load-app.ts'
import { releaseCalledApps } from './called-apps.ts'
import { WorkerPool } from './pool.ts'
import { emptyStats } from './pool-stats.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type {
  EventApp,
  LifespanScope,
  Receive,
  Scope,
  Send,
  WebSocketScope,
} from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { LoadedApp } from '../load-app.ts'
import type { PoolSettings } from './pool.ts'
import type { PoolStats } from './pool-stats.ts'

/** An event app that runs in threads. */
export type ThreadsApp = EventApp & {
  /**
   * Returns the load of the threads at this moment and the totals since they were started. All figures are 0 before the
   * start, after the end of lifespan, and if the server runs the app inline.
   */
  stats(): PoolStats
}

/** Makes the app of a pool. `inner` is the app that the middleware in the threads wraps; it gets the WebSockets. */
export function poolApp(settings: PoolSettings, inner?: EventApp): ThreadsApp {
  let pool: WorkerPool | undefined
  const open = (log: Log = SILENT_LOG): WorkerPool => (pool ??= new WorkerPool(settings, log))

  let inline: Promise<EventApp> | undefined
  const openInline = (): Promise<EventApp> => (inline ??= loadApp(settings.target).then(eventAppOf))

  const runLifespan = async (scope: LifespanScope, receive: Receive, send: Send): Promise<void> => {
    await live({ pool: open(scope['isthmus.log']), inner, scope }, receive, send)
    pool = undefined
  }

  const app = events(function pooledApp(scope, receive, send) {
    if (settings.target.kind === 'app' && isInline(scope)) {
      return openInline().then((app) => app(scope, receive, send))
    }
    switch (scope.type) {
      case 'http':
        return open(scope['isthmus.exchange']?.log).run({
          scope,
          receive,
          send,
          inner,
          hasBody: hasBody(scope),
          isBuffered: false,
        })
      case 'websocket':
        if (inner) return inner(scope, receive, send)
        return runWebSocket(open(scope['isthmus.exchange']?.log), scope, receive, send)
      case 'lifespan':
        return runLifespan(scope, receive, send)
    }
  })
  return Object.assign(app, { stats: () => pool?.stats() ?? emptyStats() })
}

function eventAppOf(loaded: LoadedApp): EventApp {
  return loaded.runs === 'inTurn' ? syncToEvents(loaded.app) : loaded.app
}

async function runWebSocket(
  pool: WorkerPool,
  scope: WebSocketScope,
  receive: Receive,
  send: Send,
): Promise<void> {
  const runs = await pool.start()
  if (runs === 'sideBySide') return pool.open({ scope, receive, send })
  return refuseScope(scope, receive, send)
}

function isInline(scope: Scope): boolean {
  const hosting =
    scope.type === 'lifespan' ? scope['isthmus.hosting'] : scope['isthmus.exchange']?.hosting
  return hosting?.inlineThreads ?? false
}

/** A pool between its startup and its shutdown. */
interface Living {
  pool: WorkerPool
  inner: EventApp | undefined
  scope: LifespanScope
}

async function live({ pool, inner, scope }: Living, receive: Receive, send: Send): Promise<void> {
  await receive()
  let lifespan: Lifespan | undefined
  try {
    await pool.start()
    const log = scope['isthmus.log'] ?? SILENT_LOG
    lifespan =
      inner &&
      (await startLifespan(inner, { mode: 'auto', log, hosting: scope['isthmus.hosting'] }))
  } catch (error) {
    await pool.close()
    const { message } = error as Error
    return send({ type: 'lifespan.startup.failed', message, 'isthmus.error': error })
  }

  Object.assign(scope.state, lifespan?.state)
  await send({ type: 'lifespan.startup.complete' })
  await receive()
  await lifespan?.shutdown()
  await pool.close()
  await releaseCalledApps(pool.slots)
  await send({ type: 'lifespan.shutdown.complete' })
}
