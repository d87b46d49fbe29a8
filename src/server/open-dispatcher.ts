// The startup that serve() and testClient() share: the lifespan of the app first, then a dispatcher for its requests.

import { startLifespan } from '../async/lifespan.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type { EventApp } from '../contract/events.ts'
import type { Settings } from './options.ts'

/** An app that has started. The caller ends its lifespan after the last request. */
interface OpenedDispatcher {
  dispatcher: Dispatcher
  lifespan: Lifespan
}

/**
 * Starts `app` and makes the dispatcher for it.
 *
 * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) when the startup of the app fails
 */
export async function openDispatcher(app: EventApp, settings: Settings): Promise<OpenedDispatcher> {
  const { lifespan: mode, lifespanTimeoutMs, sync, log } = settings
  const lifespan = await startLifespan(app, {
    mode,
    startupTimeoutMs: lifespanTimeoutMs,
    shutdownTimeoutMs: lifespanTimeoutMs,
    hosting: sync,
    log,
  })
  return { dispatcher: new Dispatcher(app, lifespan.state, settings), lifespan }
}
