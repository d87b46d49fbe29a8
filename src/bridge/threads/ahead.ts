// Which thread may have requests ahead of the one that it is at: one whose handler takes microseconds, so that a
// wake-up for each would cost more than the request.

import type { PoolThread } from './pool-thread.ts'

const QUICK_MS = 0.2
const AHEAD_MS = 2
const MAX_AHEAD = 32

/** Behind a handler that was quick and now is not, nobody waits longer than this for another thread. */
export const STUCK_MS = 5

/** Whether `thread` may be given one more, at the time `now`. */
export function hasRoomAhead(thread: PoolThread, now: number): boolean {
  if (!thread.ready || thread.retiring || thread.isFull || thread.averageMs > QUICK_MS) return false
  if (thread.load > 0 && now - thread.turnSince > STUCK_MS) return false
  return thread.load < Math.min(MAX_AHEAD, AHEAD_MS / thread.averageMs)
}

/** Of the threads that have room ahead the one with the least to do. */
export function quickestOf(threads: Iterable<PoolThread>): PoolThread | undefined {
  const now = performance.now()
  let quickest: PoolThread | undefined
  for (const thread of threads) {
    if (!hasRoomAhead(thread, now)) continue
    if (!quickest || thread.load < quickest.load) quickest = thread
  }
  return quickest
}
