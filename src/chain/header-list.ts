// The header fields of a response, as a middleware reads and changes them.

import { checkedHeaders, getAllHeaders } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/**
 * Response headers in the order in which they are sent. Names are accepted in any case and kept in lower case.
 *
 * @example
 * response.headers.append('vary', 'origin')
 */
export interface HeaderList extends Iterable<readonly [name: string, value: string]> {
  /** The first value of `name`; undefined if the response has none. */
  get(name: string): string | undefined
  /** All values of `name`, in order. */
  getAll(name: string): string[]
  /** Whether the response has a value of `name`. */
  has(name: string): boolean
  /**
   * Replaces all values of `name` by this one. It takes the place of the first value, or the end of the list.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a name or value that would corrupt the response
   */
  set(name: string, value: string): void
  /**
   * Adds a value at the end of the list.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a name or value that would corrupt the response
   */
  append(name: string, value: string): void
  /** Removes every value of `name`. */
  delete(name: string): void
}

/** The list of one response. Static methods read its private fields, so that a middleware sees only {@link HeaderList}. */
export class ResponseHeaders implements HeaderList {
  #pairs: HeaderPairs
  #changed = false

  /** @param pairs checked pairs with lower-case names; the list owns them from now on */
  constructor(pairs: HeaderPairs) {
    this.#pairs = pairs
  }

  /** The pairs to send. */
  static pairsOf(list: ResponseHeaders): HeaderPairs {
    return list.#pairs
  }

  /** Whether a middleware has changed the list. */
  static isChanged(list: ResponseHeaders): boolean {
    return list.#changed
  }

  get(name: string): string | undefined {
    const lowerName = name.toLowerCase()
    for (const pair of this.#pairs) if (pair[0] === lowerName) return pair[1]
    return undefined
  }

  getAll(name: string): string[] {
    return getAllHeaders(this.#pairs, name.toLowerCase())
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  set(name: string, value: string): void {
    const [field] = checkedHeaders([[name, value]]) as [[string, string]]
    const first = this.#pairs.findIndex(([own]) => own === field[0])
    if (first < 0) this.#pairs.push(field)
    else this.#pairs = this.#pairs.filter(([own], at) => own !== field[0] || at === first)
    if (first >= 0) this.#pairs[first] = field
    this.#changed = true
  }

  append(name: string, value: string): void {
    this.#pairs.push(...checkedHeaders([[name, value]]))
    this.#changed = true
  }

  delete(name: string): void {
    const lowerName = name.toLowerCase()
    if (!this.has(lowerName)) return
    this.#pairs = this.#pairs.filter(([own]) => own !== lowerName)
    this.#changed = true
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#pairs[Symbol.iterator]()
  }
}
