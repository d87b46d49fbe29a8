// The shutdown of a server, in this order: tells the apps, serves the requests on their way, waits for the apps, cancels
// the rest, ends lifespan. Every step ends in finite time.

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
  engine: Omit<Engine, 'connections' | 'listen'>
  lifespan: { shutdown(): Promise<void> }
  graceMs: number
  drainIdleMs: number
}): Promise<Shutdown> {
  const { dispatcher, engine, lifespan, graceMs } = parts
  const since = performance.now()
  const idleMs = Math.min(parts.drainIdleMs, graceMs / 2)
  const drained = engine.drain(idleMs)
  dispatcher.shutdown()
  const finished = Promise.all([dispatcher.idle(), drained])
  // Requests that have come meanwhile are told now: an app that is told at its start would only give up.
  if (!(await settlesWithin(finished, idleMs))) dispatcher.shutdown()

  const forced = !(await settlesWithin(finished, graceMs - (performance.now() - since)))
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
