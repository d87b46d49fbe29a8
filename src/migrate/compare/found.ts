// A part in which two answers differ, as the comparison finds it.

/** One difference. A value is undefined where the part is absent. */
export interface Found {
  /** `status`, `header content-type`, `body /items/0/price` or `body @120`. */
  part: string
  /** The part without indexes and ids: `body /items/#/price`. Noise is known by it. */
  key: string
  /** The two values are lists with the same elements in another order. */
  isOrder: boolean
  from: unknown
  to: unknown
}

/** Takes the differences one by one. */
export type Collect = (found: Found) => void
