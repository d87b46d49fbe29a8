// Decides whether a request that failed is sent again: a table, without I/O.

/** How far a failed attempt came. */
interface FailedAttempt {
  method: string
  /** The connection opened, so that the target may have got the request. */
  wasSent: boolean
  /** The first byte of a response has arrived. */
  wasAnswered: boolean
  /** The connection had served a request before, and the target closed it: the two messages crossed on the way. */
  wasStale: boolean
  /** The body can be sent again, or there is none. */
  canReplay: boolean
  /** Attempts so far, this one included, without those on stale connections. */
  attempts: number
  /** The time left for all attempts, in ms. */
  timeLeftMs: number
}

// RFC 9110, 9.2.2.
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/**
 * The next step after a failed attempt. `again` repeats it on a new connection to the same target, and does not count:
 * the target did nothing wrong. `elsewhere` tries another target.
 */
export function afterFailure(
  failed: FailedAttempt,
  { retries }: { retries: number },
): 'again' | 'elsewhere' | 'answer' {
  if (failed.wasAnswered || !failed.canReplay || failed.timeLeftMs <= 0) return 'answer'
  if (failed.wasSent && !IDEMPOTENT.has(failed.method)) return 'answer'
  if (failed.wasStale) return 'again'
  return failed.attempts <= retries ? 'elsewhere' : 'answer'
}
