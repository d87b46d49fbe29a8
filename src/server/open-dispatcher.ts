// The startup that serve() and testClient() share: the lifespan of the app first, then a dispatcher for its requests.

import { startLifespan } from '../async/lifespan.ts'
import { offerChannels } from '../bridge/current-channels.ts'
import { LocalChannels } from '../channels/local-channels.ts'
import { memory } from '../channels/memory/memory.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type { Channels } from '../contract/channels.ts'
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
  const channels = settings.channels ?? memory()
  if (channels instanceof LocalChannels) channels.useLog(log)
  const withdraw = offerChannels(channels)
  try {
    const lifespan = await startLifespan(app, {
      mode,
      startupTimeoutMs: lifespanTimeoutMs,
      shutdownTimeoutMs: lifespanTimeoutMs,
      hosting: sync,
      channels,
      log,
    })
    const dispatcher = new Dispatcher(app, lifespan.state, { ...settings, channels })
    const own = settings.channels ? undefined : channels
    return { dispatcher, lifespan: closing(lifespan, withdraw, own) }
  } catch (error) {
    withdraw()
    throw error
  }
}

// The app may publish until it has shut down.
function closing(lifespan: Lifespan, withdraw: () => void, own: Channels | undefined): Lifespan {
  const shutdown = async (): Promise<void> => {
    await lifespan.shutdown()
    withdraw()
    await own?.close()
  }
  return { state: lifespan.state, shutdown }
}
