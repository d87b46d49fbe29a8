// The headers of a scope as Headers of fetch.

import { inherit } from './light.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Light } from './light.ts'

const NativeHeaders = globalThis.Headers

/** Reads the pairs of a scope; becomes real when it is iterated or changed. */
export class ScopeHeaders implements Light<Headers> {
  readonly #pairs: HeaderPairs
  #native: Headers | undefined

  constructor(pairs: HeaderPairs) {
    this.#pairs = pairs
  }

  get(name: string): string | null {
    if (this.#native) return this.#native.get(name)
    const wanted = name.toLowerCase()
    const separator = wanted === 'cookie' ? '; ' : ', '
    let value: string | null = null
    for (const { 0: key, 1: text } of this.#pairs) {
      if (key === wanted) value = value === null ? text : value + separator + text
    }
    // A name that no field can have is an error of the caller, which the real object finds.
    return value ?? (/^[\w-]+$/.test(name) ? null : this.native().get(name))
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  native(): Headers {
    return (this.#native ??= new NativeHeaders(this.#pairs))
  }

  /** The real request has headers of its own, which take the place of these. */
  adopt(native: Headers): void {
    this.#native = native
  }
}

inherit(ScopeHeaders, NativeHeaders)
