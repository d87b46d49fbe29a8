// Which slots the code that runs here holds: an app on the loop that a thread has called runs in that thread's
// slot, and so does everything that it calls in turn. Whoever holds a slot never waits for a second one.

import { AsyncLocalStorage } from 'node:async_hooks'

/** A slot of a pool: where a nested request can run at once. */
export interface HeldSlot {
  /** The pool, for identity only. */
  readonly pool: object
  /** The request that holds the slot. */
  readonly requestId: number
}

const held = new AsyncLocalStorage<readonly HeldSlot[]>()

/** The slot of `pool` that is held here, if any. */
export function heldSlotOf(pool: object): HeldSlot | undefined {
  return held.getStore()?.findLast((slot) => slot.pool === pool)
}

/** Runs `work` as a holder of `slot`. */
export function holding<Result>(slot: HeldSlot, work: () => Result): Result {
  return held.run([...(held.getStore() ?? []), slot], work)
}
