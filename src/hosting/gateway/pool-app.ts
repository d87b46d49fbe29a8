// A pool as an event app. The pool opens with lifespan, or with the first request if the server runs no lifespan.

import { startLifespan } from '../../async/lifespan.ts'
import { refuseScope } from '../../bridge/refuse-scope.ts'
import { events } from '../../bridge/style.ts'
import { hasBody } from '../../http/content.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { releaseCalledApps } from './called-apps.ts'
import { Pool } from './pool.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type {
  EventApp,
  LifespanScope,
  Receive,
  Scope,
  Send,
  WebSocketScope,
} from '../../contract/events.ts'
import type { PoolSettings } from './pool.ts'

/** The things around a pool. */
interface Around {
  /** The app that the middleware in the hosts wraps; it gets the WebSockets. */
  inner?: EventApp | undefined
  /** Loads the app for a server that runs it on its own event loop. */
  loadInline?: (() => Promise<EventApp>) | undefined
}

/** The app of a pool, and the pool while it is open. */
interface PoolApp {
  app: EventApp
  pool: () => Pool | undefined
}

/** The three arguments of an event app that gets a WebSocket. */
interface WebSocketCall {
  scope: WebSocketScope
  receive: Receive
  send: Send
}

/** Makes the app of a pool. */
export function poolApp(settings: PoolSettings, { inner, loadInline }: Around = {}): PoolApp {
  let pool: Pool | undefined
  const open = (scope: Scope): Pool => {
    const log = scope.type === 'lifespan' ? scope['isthmus.log'] : scope['isthmus.exchange']?.log
    const { 'isthmus.channels': channels } = scope
    return (pool ??= new Pool({ ...settings, channels }, log ?? SILENT_LOG))
  }

  let inline: Promise<EventApp> | undefined

  const runLifespan = async (scope: LifespanScope, receive: Receive, send: Send): Promise<void> => {
    await live({ pool: open(scope), inner, scope }, receive, send)
    pool = undefined
  }

  const app = events(function pooledApp(scope, receive, send) {
    if (loadInline && isInline(scope)) {
      inline ??= loadInline()
      return inline.then((app) => app(scope, receive, send))
    }
    switch (scope.type) {
      case 'http':
        return open(scope).run({
          scope,
          receive,
          send,
          inner,
          hasBody: hasBody(scope),
          isBuffered: false,
        })
      case 'websocket':
        if (inner) return inner(scope, receive, send)
        return runWebSocket(open(scope), { scope, receive, send })
      case 'lifespan':
        return runLifespan(scope, receive, send)
    }
  })
  return { app, pool: () => pool }
}

async function runWebSocket(pool: Pool, exchange: WebSocketCall): Promise<void> {
  await pool.start()
  if (pool.servesWebSockets) return pool.open(exchange)
  const { scope, receive, send } = exchange
  return refuseScope(scope, receive, send)
}

function isInline(scope: Scope): boolean {
  const hosting =
    scope.type === 'lifespan' ? scope['isthmus.hosting'] : scope['isthmus.exchange']?.hosting
  return hosting?.inlineThreads ?? false
}

/** A pool between its startup and its shutdown. */
interface Living {
  pool: Pool
  inner: EventApp | undefined
  scope: LifespanScope
}

async function live({ pool, inner, scope }: Living, receive: Receive, send: Send): Promise<void> {
  await receive()
  let lifespan: Lifespan | undefined
  try {
    await pool.start()
    const {
      'isthmus.log': log = SILENT_LOG,
      'isthmus.hosting': hosting,
      'isthmus.channels': channels,
    } = scope
    lifespan = inner && (await startLifespan(inner, { mode: 'auto', log, hosting, channels }))
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
