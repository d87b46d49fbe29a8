// The durations of the last minute, in HDR histograms of node:perf_hooks: record() costs 50 ns and never grows.

import { createHistogram, performance } from 'node:perf_hooks'
import { Minute } from './minute.ts'
import type { RecordableHistogram } from 'node:perf_hooks'
import type { Durations } from '../contract/report.ts'

// The histograms count microseconds. A longer duration counts as one hour.
const MICROS = 1_000
const MAX_MICROS = 3_600_000_000
const NONE: Durations = { mean: 0, p50: 0, p99: 0, max: 0 }

/** Returns the time in ms; it never goes back. */
type Clock = () => number

/** Takes durations and tells those of the last minute, exact to 1 %. It has memory, 160 KiB at most, from the first one on. */
export class RecentDurations {
  readonly #clock: Clock
  readonly #minute: Minute<RecordableHistogram>

  constructor(clock: Clock = now) {
    this.#clock = clock
    this.#minute = new Minute({ make: histogram, clear }, clock())
  }

  /**
   * Takes one duration.
   *
   * @param at the time of now, if the caller has read the clock
   */
  record(ms: number, at: number = this.#clock()): void {
    const micros = Math.min(Math.max(Math.round(ms * MICROS), 1), MAX_MICROS)
    this.#minute.at(at).record(micros)
  }

  stats(): Durations {
    const merged = histogram()
    for (const window of this.#minute.recent(this.#clock())) merged.add(window)
    if (merged.count === 0) return NONE
    const { mean, max } = merged
    const [p50, p99] = [merged.percentile(50), merged.percentile(99)]
    return { mean: mean / MICROS, p50: p50 / MICROS, p99: p99 / MICROS, max: max / MICROS }
  }
}

function histogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: MAX_MICROS, figures: 2 })
}

function clear(window: RecordableHistogram): void {
  window.reset()
}

function now(): number {
  return performance.now()
}
