// The slots that the running code holds. A thread may call an app on the event loop; that app runs in the slot of the
// request that called it, and so do the requests that the app makes. Code that holds a slot of a pool never waits for a
// second one of that pool.

import { AsyncLocalStorage } from 'node:async_hooks'
import { processWide } from '../../bridge/process-wide.ts'
import type { HeldSlot } from './scheduler/slots.ts'

const held = processWide('held-slots.1', () => new AsyncLocalStorage<readonly HeldSlot[]>())
const NONE: readonly HeldSlot[] = []

/** All slots that the running code holds. */
export function heldSlots(): readonly HeldSlot[] {
  return held.getStore() ?? NONE
}

/** Runs `work` as a holder of `slot`. */
export function holding<Result>(slot: HeldSlot, work: () => Result): Result {
  return held.run([...heldSlots(), slot], work)
}
