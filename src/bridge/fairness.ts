// Lets the event loop turn between chunks, because an app whose chunks are always ready would block all other requests.

import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

const MAX_CHUNKS = 64
const MAX_MS = 10

/** Lets the event loop turn after 64 chunks or 10 ms. */
export class Fairness {
  #chunks = 0
  #since = 0

  /** The sender of chunks awaits the result after every chunk; undefined if no turn is due. */
  afterChunk(): Promise<void> | undefined {
    this.#chunks += 1
    // The constructor does not read the clock, because most responses have one chunk and need no clock.
    if (this.#chunks === 1) this.#since = performance.now()
    if (this.#chunks < MAX_CHUNKS && performance.now() - this.#since < MAX_MS) return undefined
    this.#chunks = 0
    return nextTurn()
  }
}
