// The noise of one route: the parts in which the old app differs from itself.

import type { Found } from '../compare/found.ts'

// The old app has no more noise than this on an honest route; the bound is for one that never repeats a name.
const MAX_PARTS = 1_000
const DATE = /^(?:\d{4}-\d\d-\d\d(?:\D|$)|[A-Z][a-z]{2}, \d\d )/

/** One difference, as far as noise depends on it. */
export type Trait = Pick<Found, 'key' | 'isOrder'> & { kind: string }

/** The trait of a difference: the value of the new app counts by its kind. */
export function traitOf({ key, isOrder, to }: Found): Trait {
  return { key, isOrder, kind: kindOf(key, to) }
}

/** The parts in which the old app differs from itself, each with the kinds of its values. */
export class Noise {
  readonly #kinds = new Map<string, Set<string>>()
  readonly #unordered = new Set<string>()

  /** Learns from a difference of the old app with itself. Returns whether it is news. */
  learn({ key, isOrder, from, to }: Found): boolean {
    if (isOrder) return this.#unordered.size !== this.#unordered.add(key).size
    const kinds = this.#kinds.get(key) ?? new Set()
    const { size } = kinds
    kinds.add(kindOf(key, from)).add(kindOf(key, to))
    if (this.#kinds.size < MAX_PARTS) this.#kinds.set(key, kinds)
    return kinds.size !== size
  }

  /** Whether the old app gives values of this kind, or lists in another order, by itself. */
  covers({ key, isOrder, kind }: Trait): boolean {
    return isOrder ? this.#unordered.has(key) : (this.#kinds.get(key)?.has(kind) ?? false)
  }
}

/**
 * The kind of a value. A part that is noise may have any value of the kinds that the old app gives, so that a null in the
 * place of an id, or a part that is absent, is still found.
 */
function kindOf(key: string, value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (key === 'status') return `status ${value as number}`
  if (typeof value !== 'string') return typeof value
  if (value === '') return 'empty text'
  return DATE.test(value) ? 'date' : 'text'
}
