// A pool as an event app: it starts and ends with lifespan, and with the first request where there is none.

import { startLifespan } from '../../async/lifespan.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { refuseScope } from '../../bridge/refuse-scope.ts'
import { events } from '../../bridge/style.ts'
import { syncToEvents } from '../../bridge/sync-to-events.ts'
import { releaseCalledApps } from './called-apps.ts'
import { loadSyncApp } from '../../bridge/load-sync-app.ts'
import { WorkerPool } from './pool.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type { EventApp, LifespanScope, Receive, Scope, Send } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { PoolSettings } from './pool.ts'

/** The app of a pool; `inner` is what its middleware wraps, and gets the WebSockets. */
export function poolApp(settings: PoolSettings, inner?: EventApp): EventApp {
  let pool: WorkerPool | undefined
  const open = (log: Log = SILENT_LOG): WorkerPool => (pool ??= new WorkerPool(settings, log))

  let inline: Promise<EventApp> | undefined
  const openInline = (): Promise<EventApp> =>
    (inline ??= loadSyncApp(settings.target).then(syncToEvents))

  const runLifespan = async (scope: LifespanScope, receive: Receive, send: Send): Promise<void> => {
    await live({ pool: open(scope['isthmus.log']), inner, scope }, receive, send)
    pool = undefined
  }

  return events(function pooledApp(scope, receive, send) {
    if (settings.target.kind === 'app' && isInline(scope)) {
      return openInline().then((app) => app(scope, receive, send))
    }
    switch (scope.type) {
      case 'http':
        return open(scope['isthmus.exchange']?.log).run({ scope, receive, send, inner })
      case 'websocket':
        return (inner ?? refuseScope)(scope, receive, send)
      case 'lifespan':
        return runLifespan(scope, receive, send)
    }
  })
}

function isInline(scope: Scope): boolean {
  const hosting =
    scope.type === 'lifespan' ? scope['isthmus.hosting'] : scope['isthmus.exchange']?.hosting
  return hosting?.inlineThreads ?? false
}

interface Alive {
  pool: WorkerPool
  inner: EventApp | undefined
  scope: LifespanScope
}

async function live({ pool, inner, scope }: Alive, receive: Receive, send: Send): Promise<void> {
  await receive()
  let lifespan: Lifespan | undefined
  try {
    await pool.start()
    const log = scope['isthmus.log'] ?? SILENT_LOG
    lifespan =
      inner &&
      (await startLifespan(inner, { mode: 'auto', log, hosting: scope['isthmus.hosting'] }))
  } catch (error) {
    pool.close()
    return send({ type: 'lifespan.startup.failed', message: (error as Error).message })
  }

  Object.assign(scope.state, lifespan?.state)
  await send({ type: 'lifespan.startup.complete' })
  await receive()
  await lifespan?.shutdown()
  pool.close()
  await releaseCalledApps(pool.slots)
  await send({ type: 'lifespan.shutdown.complete' })
}
