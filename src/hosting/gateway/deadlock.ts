// Requests that hold a slot of one pool and wait for a slot of another can hold each other up: each pool's threads
// are all with requests that wait for the other pool. Nobody would move before they time out.

import type { HeldSlot, SlotPool } from './held-slots.ts'

interface Wait {
  readonly held: readonly HeldSlot[]
  readonly pool: SlotPool
}

const waits = new Set<Wait>()

/**
 * A request that holds `held` is going to wait for a slot of `pool`. Null: it would wait for ever. Else it waits, or
 * has the slot, until what is returned is called.
 */
export function waitFor(pool: SlotPool, held: readonly HeldSlot[]): (() => void) | null {
  const wait: Wait = { held, pool }
  waits.add(wait)
  const over = (): void => void waits.delete(wait)
  if (!standsStill(pool, new Set())) return over
  over()
  return null
}

// A pool that is asked for a second time stands still if all the others on the way do.
function standsStill(pool: SlotPool, asked: Set<SlotPool>): boolean {
  if (asked.has(pool)) return true
  asked.add(pool)
  const holders = pool.holders()
  return holders !== null && holders.every((id) => isHeldUp(pool, id, asked))
}

function isHeldUp(pool: SlotPool, requestId: number, asked: Set<SlotPool>): boolean {
  for (const wait of waits) {
    const isIts = wait.held.some((slot) => slot.pool === pool && slot.requestId === requestId)
    if (isIts && standsStill(wait.pool, asked)) return true
  }
  return false
}
