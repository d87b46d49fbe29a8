// Finds the code that holds the event loop. A beat tells that the loop turns. An app that calls the server after a long
// time without a beat has held the loop meanwhile.

import { performance } from 'node:perf_hooks'
import { LoopTime } from './loop-time.ts'
import { heldMs, processTimes } from './process-times.ts'
import type { ProcessFigures } from './process-figures.ts'
import type { ProcessTimes } from './process-times.ts'

const BEAT_MS = 10

/** The shortest time on the event loop that is a block: a page with realtime data shows a delay from here on. */
const BLOCKED_MS = 25

/** The watch on the event loop of the process. It beats while exchanges are in flight, and then ends by itself. */
export class LoopWatch {
  /** All blocks, also those that belong to no app. */
  readonly total: LoopTime = new LoopTime()
  readonly #process: ProcessFigures
  #timer: NodeJS.Timeout | undefined
  #exchanges = 0
  #beat: ProcessTimes | undefined
  #markAt = 0

  /** @param process gets the times of the process at each beat */
  constructor(process: ProcessFigures) {
    this.#process = process
  }

  /** An exchange begins. Code of the server runs, so a gap before it belongs to no app. Returns the time. */
  entered(): number {
    const now = performance.now()
    this.#exchanges += 1
    if (this.#timer === undefined) this.#start(now)
    else this.mark(now)
    return now
  }

  /** An exchange has ended. */
  left(): void {
    this.#exchanges -= 1
  }

  /** The loop is free of old code at `now`. Returns the length of the block that ends here, in ms; 0 without one. */
  mark(now: number): number {
    const gapMs = now - this.#markAt
    this.#markAt = now
    if (gapMs < BLOCKED_MS || this.#timer === undefined) return 0
    return this.#block(gapMs, processTimes(now))
  }

  // unref(): the interval does not keep the process alive.
  #start(now: number): void {
    this.#timer = setInterval(() => this.#tick(), BEAT_MS).unref()
    this.#markAt = now
    this.#beat = processTimes(now)
  }

  #tick(): void {
    const times = processTimes(performance.now())
    const gapMs = times.at - this.#markAt
    if (gapMs >= BLOCKED_MS) this.#block(gapMs, times)
    this.#markAt = times.at
    this.#beat = times
    this.#process.sample(times)
    if (this.#exchanges > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #block(gapMs: number, times: ProcessTimes): number {
    const ms = this.#beat === undefined ? 0 : heldMs(gapMs, this.#beat, times)
    if (ms < BLOCKED_MS) return 0
    this.total.blocked(ms)
    return ms
  }
}
