// Which thread a request goes to: one that is idle, else one whose handler takes microseconds, so that a wake-up for
// each request would cost more than the request.

import { STUCK_MS } from './pool-thread.ts'
import type { PoolThread } from './pool-thread.ts'

const QUICK_MS = 0.2
const AHEAD_MS = 2
const MAX_AHEAD = 32

/** Whether `thread` may be given one more. */
export function hasRoom(thread: PoolThread): boolean {
  if (!thread.ready || thread.retiring || thread.isFull) return false
  return thread.load === 0 || hasRoomAhead(thread, performance.now())
}

/** Of the threads that are idle the one that was busy last: the others may go when nobody needs them. */
export function freshestOf(threads: Iterable<PoolThread>): PoolThread | undefined {
  let freshest: PoolThread | undefined
  for (const thread of threads) {
    if (thread.load > 0 || thread.isAway || !hasRoom(thread)) continue
    if (!freshest || thread.turnSince > freshest.turnSince) freshest = thread
  }
  return freshest
}

/** Of the threads that have room ahead the one with the least to do. */
export function quickestOf(threads: Iterable<PoolThread>): PoolThread | undefined {
  const now = performance.now()
  let quickest: PoolThread | undefined
  for (const thread of threads) {
    if (!thread.ready || thread.retiring || thread.isFull || !hasRoomAhead(thread, now)) continue
    if (!quickest || thread.load < quickest.load) quickest = thread
  }
  return quickest
}

function hasRoomAhead(thread: PoolThread, now: number): boolean {
  if (thread.averageMs > QUICK_MS || thread.isAway) return false
  if (thread.load > 0 && now - thread.turnSince > STUCK_MS) return false
  return thread.load < Math.min(MAX_AHEAD, AHEAD_MS / thread.averageMs)
}
