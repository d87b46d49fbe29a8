// How long a request keeps the event loop from turning. An app that awaits leaves the loop free for other requests,
// although its own request takes long.

import type { IntervalHistogram } from 'node:perf_hooks'

/** The timer that measures has this interval, so every measured delay contains it. */
export const RESOLUTION_MS = 1

// The share of the requests that stop the loop for at least the reported time. Pauses of the machine and of the garbage
// collector hit few requests.
const MOST = 0.9

/**
 * The time for which the event loop stood still in most requests, in ms.
 *
 * @param delays the delays of a timer of {@link RESOLUTION_MS}, in ns
 * @param requests the requests meanwhile, one after the other
 */
export function standstillOf(
  delays: Pick<IntervalHistogram, 'count' | 'percentile'>,
  requests: number,
): number {
  const { count } = delays
  if (requests === 0 || count === 0) return 0
  // The measurement begins and ends within a delay, so the histogram may lack one of them.
  const longest = Math.min(count, Math.max(1, Math.floor(MOST * requests) - 1))
  const delayMs = delays.percentile((100 * (count - longest + 1)) / count) / 1e6
  return Math.max(0, delayMs - RESOLUTION_MS)
}

/**
 * The time for which a request holds the loop, in ms: the time for which the loop is busy, unless the loop turns
 * meanwhile. Below the resolution of the timer only the busy time is known.
 */
export function heldBy(busyMs: number, standstillMs: number): number {
  return busyMs <= RESOLUTION_MS ? busyMs : Math.min(busyMs, standstillMs)
}
