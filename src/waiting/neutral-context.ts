// An async context that belongs to no request. A thread, a module or a connection that a request starts serves later
// requests too: its events must not run in the context of the first one, nor keep that request in memory.

import { AsyncResource } from 'node:async_hooks'

const neutral = new AsyncResource('isthmus.neutral')

/** Runs `work` in the context in which the library was loaded. */
export function inNeutralContext<Result>(work: () => Result): Result {
  return neutral.runInAsyncScope(work)
}
