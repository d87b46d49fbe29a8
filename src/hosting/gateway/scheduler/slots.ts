// The slots of pools: a request holds one slot of its pool from its assignment to its end.

/** A pool in its role as an owner of slots. */
export interface SlotPool {
  /**
   * The ids of the requests that hold all slots of the pool. Null if a slot is free, or if one may become free
   * without the end of a request: while a host loads, for example.
   */
  holders(): readonly number[] | null
}

/** A slot of a pool. A nested request can run in a held slot at once. */
export interface HeldSlot {
  readonly pool: SlotPool
  /** The id of the request that holds the slot. */
  readonly requestId: number
}
