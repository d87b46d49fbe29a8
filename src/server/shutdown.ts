// The shutdown of a server, in this order: tells the apps, waits for them, cancels the rest, ends lifespan. Every step
// ends in finite time.

import { settlesWithin } from '../waiting/settles-within.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Engine } from './engine.ts'

/** The result of a shutdown. */
export interface Shutdown {
  /** Whether requests or WebSockets were cancelled because they had not ended after `graceMs`. */
  forced: boolean
}

// The time that a cancelled app has for its cleanup before lifespan.shutdown.
const CLEANUP_MS = 2_000

/** Shuts the server down. Resolves when the last connection is closed and lifespan has ended. */
export async function shutDown(parts: {
  dispatcher: Dispatcher
  engine: Engine
  lifespan: { shutdown(): Promise<void> }
  graceMs: number
}): Promise<Shutdown> {
  const { dispatcher, engine, lifespan, graceMs } = parts
  const drained = engine.drain()
  dispatcher.shutdown()
  const finished = Promise.all([dispatcher.idle(), drained])

  const forced = !(await settlesWithin(finished, graceMs))
  if (forced) {
    engine.cutRequests()
    engine.closeWebSockets()
    await settlesWithin(finished, CLEANUP_MS)
    engine.destroy()
    await settlesWithin(finished, CLEANUP_MS)
  }
  await lifespan.shutdown()
  return { forced }
}
