// Durations since the start in fixed buckets, which can be added up over servers.

import type { DurationCounts } from '../contract/report.ts'

// The bounds that the conventions of OpenTelemetry recommend for http.server.request.duration, and two below them: an app
// on the event loop answers in less than a millisecond.
const BOUNDS_MS = [
  1, 2.5, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
]

/** Counts durations. Nothing is forgotten. */
export class DurationTotals {
  // One more than the bounds, for the longest durations.
  readonly #counts: number[] = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)
  #sumMs = 0

  record(ms: number): void {
    let at = 0
    while (at < BOUNDS_MS.length && ms > BOUNDS_MS[at]!) at += 1
    this.#counts[at]! += 1
    this.#sumMs += ms
  }

  report(): DurationCounts {
    let count = 0
    const upTo = BOUNDS_MS.map((ms, at) => {
      count += this.#counts[at]!
      return { ms, count }
    })
    return { count: count + this.#counts[BOUNDS_MS.length]!, sumMs: this.#sumMs, upTo }
  }
}
