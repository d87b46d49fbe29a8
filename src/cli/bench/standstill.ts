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
  const longest = MOST * requests
  if (longest === 0 || count <= longest) return 0
  const delayMs = delays.percentile(100 * (1 - longest / count)) / 1e6
  return Math.max(0, delayMs - RESOLUTION_MS)
}

/**
 * The time for which a request holds the loop, in ms: the time for which the loop is busy, unless the loop turns
 * meanwhile. Below the resolution of the timer only the busy time is known.
 */
export function heldBy(busyMs: number, standstillMs: number): number {
  return busyMs <= RESOLUTION_MS ? busyMs : Math.min(busyMs, standstillMs)
}
