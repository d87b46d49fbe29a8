// Fairness: an app whose chunks are always ready would keep the event loop to itself.

import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

const MAX_CHUNKS = 64
const MAX_MS = 10

/** Lets the event loop turn every so many chunks or milliseconds, whichever comes first. */
export class Fairness {
  #chunks = 0
  #since = 0

  /** Called behind every chunk. */
  async taken(): Promise<void> {
    this.#chunks += 1
    // Most responses are one chunk, and never get here.
    if (this.#chunks === 1) this.#since = performance.now()
    if (this.#chunks < MAX_CHUNKS && performance.now() - this.#since < MAX_MS) return
    await nextTurn()
    this.#chunks = 0
  }
}
