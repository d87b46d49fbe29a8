// Which slots the code that runs here holds: an app on the loop that a thread has called runs in that thread's
// slot, and so does everything that it calls in turn. Whoever holds a slot never waits for a second one of that pool.

import { AsyncLocalStorage } from 'node:async_hooks'

/** A pool, as far as it matters who waits for whom. */
export interface SlotPool {
  /** The requests that have all of its slots; null where a slot is free, or may become so by itself. */
  holders(): readonly number[] | null
}

/** A slot of a pool: where a nested request can run at once. */
export interface HeldSlot {
  readonly pool: SlotPool
  /** The request that holds the slot. */
  readonly requestId: number
}

const held = new AsyncLocalStorage<readonly HeldSlot[]>()
const NONE: readonly HeldSlot[] = []

/** All slots that are held here. */
export function heldSlots(): readonly HeldSlot[] {
  return held.getStore() ?? NONE
}

/** Runs `work` as a holder of `slot`. */
export function holding<Result>(slot: HeldSlot, work: () => Result): Result {
  return held.run([...heldSlots(), slot], work)
}
