// Finds deadlocks between pools. A request that holds a slot of one pool may wait for a slot of another pool. If all
// slots of both pools are held by requests that wait for the other pool, none of them goes on before its time limit.

import type { HeldSlot, SlotPool } from './slots.ts'

interface Wait {
  readonly held: readonly HeldSlot[]
  readonly pool: SlotPool
}

/** The waits of requests that hold slots. All pools of a process share one graph. */
export class WaitGraph {
  readonly #waits = new Map<object, Wait>()

  /**
   * Records that `request`, which holds the slots `held`, waits for a slot of `pool`, or has one, until {@link end}.
   * Returns false, and records nothing, if that wait would never end.
   */
  begin(request: object, pool: SlotPool, held: readonly HeldSlot[]): boolean {
    this.#waits.set(request, { held, pool })
    if (!this.#isStuck(pool, new Set())) return true
    this.end(request)
    return false
  }

  end(request: object): void {
    this.#waits.delete(request)
  }

  // A pool that the search meets a second time is stuck if all others on the path are stuck.
  #isStuck(pool: SlotPool, seen: Set<SlotPool>): boolean {
    if (seen.has(pool)) return true
    seen.add(pool)
    const holders = pool.holders()
    return holders !== null && holders.every((id) => this.#isHeldUp(pool, id, seen))
  }

  #isHeldUp(pool: SlotPool, requestId: number, seen: Set<SlotPool>): boolean {
    for (const wait of this.#waits.values()) {
      const isItsWait = wait.held.some((slot) => slot.pool === pool && slot.requestId === requestId)
      if (isItsWait && this.#isStuck(wait.pool, seen)) return true
    }
    return false
  }
}
