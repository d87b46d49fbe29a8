// The time that one app, or the whole process, has held the event loop.

import type { LoopReport } from '../contract/report.ts'

/** Adds up the time on the event loop, and the blocks in it. */
export class LoopTime {
  busyMs = 0
  #blocks = 0
  #longestBlockMs = 0

  /** Takes one block. Its time is busy time that the caller adds where it is not counted yet. */
  blocked(ms: number): void {
    this.#blocks += 1
    this.#longestBlockMs = Math.max(this.#longestBlockMs, ms)
  }

  report(): LoopReport {
    return { busyMs: this.busyMs, blocks: this.#blocks, longestBlockMs: this.#longestBlockMs }
  }
}
