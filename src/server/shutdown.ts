// The order of a shutdown: tell, wait, say goodbye, cancel, then lifespan. Every step ends in finite time.

import { settlesWithin } from '../waiting/settles-within.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Engine } from './engine.ts'

/** How a shutdown went. */
export interface Shutdown {
  /** Something was still running after the grace and had to be cancelled. */
  forced: boolean
}

// What a cancelled app gets for its cleanup before lifespan goes on without it.
const CLEANUP_MS = 2_000

/** Shuts everything down; resolves when the last connection is closed and lifespan has ended. */
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
