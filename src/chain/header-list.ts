// The fields of a response, as a middleware reads and changes them.

import { checkedHeaders, getAllHeaders } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** A list of `pairs`, which are checked, and from now on the list's own. */
export let makeList: (pairs: HeaderPairs) => HeaderList
/** The fields themselves: of a list that nobody changes any more. */
export let fieldsOf: (list: HeaderList) => HeaderPairs
/** Whether anything was set, appended or deleted. */
export let isChanged: (list: HeaderList) => boolean

/**
 * Response headers in the order of the wire; names may be in any case, and are kept in lower case.
 *
 * @example
 * response.headers.append('vary', 'origin')
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  #pairs: HeaderPairs
  #changed = false

  private constructor(pairs: HeaderPairs) {
    this.#pairs = pairs
  }

  /** The first value of `name`; undefined without one. */
  get(name: string): string | undefined {
    const lowerName = name.toLowerCase()
    for (const pair of this.#pairs) if (pair[0] === lowerName) return pair[1]
    return undefined
  }

  /** The values of `name`, in order. */
  getAll(name: string): string[] {
    return getAllHeaders(this.#pairs, name.toLowerCase())
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /**
   * Gives `name` this one value, where its first one stands or else at the end.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for what would break the response apart
   */
  set(name: string, value: string): void {
    const [field] = checkedHeaders([[name, value]]) as [[string, string]]
    const first = this.#pairs.findIndex(([own]) => own === field[0])
    if (first < 0) this.#pairs.push(field)
    else this.#pairs = this.#pairs.filter(([own], at) => own !== field[0] || at === first)
    if (first >= 0) this.#pairs[first] = field
    this.#changed = true
  }

  /**
   * Adds a value behind those that are there.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for what would break the response apart
   */
  append(name: string, value: string): void {
    this.#pairs.push(...checkedHeaders([[name, value]]))
    this.#changed = true
  }

  /** Takes every value of `name` away. */
  delete(name: string): void {
    const lowerName = name.toLowerCase()
    if (!this.has(lowerName)) return
    this.#pairs = this.#pairs.filter(([own]) => own !== lowerName)
    this.#changed = true
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#pairs[Symbol.iterator]()
  }

  // For the drivers, and none of what a middleware has.
  static {
    makeList = (pairs) => new HeaderList(pairs)
    fieldsOf = (list) => list.#pairs
    isChanged = (list) => list.#changed
  }
}
