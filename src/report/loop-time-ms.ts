// The time that the event loops of a server have had.

import type { Report } from '../contract/report.ts'

/** The time of all event loops since the start, in ms: each worker has one. */
export function loopTimeMs({ uptimeMs, workers }: Pick<Report, 'uptimeMs' | 'workers'>): number {
  const loops = workers.filter(({ state }) => state === 'ready').length
  return Math.max(uptimeMs, 1) * Math.max(loops, 1)
}
