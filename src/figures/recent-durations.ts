// The durations of the last minute, in buckets: record() costs about 15 ns and never grows.

import { performance } from 'node:perf_hooks'
import { DurationBuckets } from './duration-buckets.ts'
import { Minute } from './minute.ts'
import type { Durations } from '../contract/report.ts'

/** Returns the time in ms; it never goes back. */
type Clock = () => number

/** Takes durations and tells those of the last minute, exact to 1 %. It has memory, 84 KiB at most, from the first one on. */
export class RecentDurations {
  readonly #clock: Clock
  readonly #minute: Minute<DurationBuckets>

  constructor(clock: Clock = now) {
    this.#clock = clock
    this.#minute = new Minute({ make, clear }, clock())
  }

  /**
   * Takes one duration.
   *
   * @param at the time of now, if the caller has read the clock
   */
  record(ms: number, at: number = this.#clock()): void {
    this.#minute.at(at).record(ms)
  }

  stats(): Durations {
    const merged = make()
    for (const window of this.#minute.recent(this.#clock())) merged.add(window.counts())
    return merged.durations()
  }
}

function make(): DurationBuckets {
  return new DurationBuckets()
}

function clear(window: DurationBuckets): void {
  window.clear()
}

function now(): number {
  return performance.now()
}
