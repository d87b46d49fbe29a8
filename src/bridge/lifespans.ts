// One lifespan for several apps: they start in order, and shut down in reverse order. Each has its own state.

import { startLifespan } from '../async/lifespan.ts'
import { SILENT_LOG } from '../silent-log.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type {
  EventApp,
  HttpScope,
  LifespanScope,
  Receive,
  Send,
  WebSocketScope,
} from '../contract/events.ts'

/** One of several apps inside of an app. The object is the key of its state. */
export interface InnerApp {
  /** The name of the app in messages: its prefix in a mount table. */
  name: string
  app: EventApp
}

// The lifespan state of each app, inside the state that the server copies to every connection.
const STATES = Symbol('states of inner apps')
type OuterState = Record<string, unknown> & { [STATES]?: Map<InnerApp, Record<string, unknown>> }

/** The state for one exchange of `inner`: the state of the outer app, and the own values of `inner`. */
export function stateFor(
  inner: InnerApp,
  { state }: HttpScope | WebSocketScope,
): Record<string, unknown> {
  return { ...state, ...(state as OuterState)[STATES]?.get(inner) }
}

/** Runs the lifespan of all `apps`. If one fails its startup, those before it are shut down. */
export async function runLifespans(
  apps: readonly InnerApp[],
  scope: LifespanScope,
  receive: Receive,
  send: Send,
): Promise<void> {
  const started: Array<{ inner: InnerApp; lifespan: Lifespan }> = []
  const stopAll = async (): Promise<void> => {
    for (const { lifespan } of started.toReversed()) await lifespan.shutdown()
  }

  await receive()
  const {
    'isthmus.log': log = SILENT_LOG,
    'isthmus.hosting': hosting,
    'isthmus.channels': channels,
  } = scope
  const options = { mode: 'auto', log, hosting, channels } as const
  for (const inner of apps) {
    try {
      started.push({ inner, lifespan: await startLifespan(inner.app, options) })
    } catch (error) {
      await stopAll()
      const message = `"${inner.name}": ${(error as Error).message}`
      const { cause } = error as Error
      return send({ type: 'lifespan.startup.failed', message, 'isthmus.error': cause })
    }
  }

  const states = new Map(started.map(({ inner, lifespan }) => [inner, lifespan.state]))
  ;(scope.state as OuterState)[STATES] = states
  await send({ type: 'lifespan.startup.complete' })
  await receive()
  await stopAll()
  await send({ type: 'lifespan.shutdown.complete' })
}
