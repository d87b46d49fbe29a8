// timeout(): answers 504 if a response does not begin in time.

import { AppTimeoutError } from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { until } from '../chain/effects.ts'
import { middleware } from '../chain/middleware.ts'
import { MAX_TIMER_MS } from '../waiting/settles-within.ts'
import type { AbortSignalLike } from '../chain/interruption.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** The time until the response begins, in ms. Default 30,000. */
  timeoutMs?: number | undefined
}

const DEFAULTS = { timeoutMs: 30_000 }

/**
 * Gives up a response that has not begun in time: the server answers the request or the handshake with 504, and the app
 * gets the same signal as if its client had left (`scope['isthmus.exchange']`, `environ['isthmus.signal']`). Later
 * events of the app are refused. A response that has begun may stream for any time.
 *
 * A sync app directly inside cannot be interrupted: when its late response comes, the 504 replaces the response. A pool of
 * `threads()` inside has its own `timeoutMs`, which ends the thread.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an invalid value; for a late
 *   response, {@link AppTimeoutError} (`ISTHMUS_APP_TIMEOUT`, 504; RFC 9110, 15.6.5)
 *
 * @example
 * chain(timeout({ timeoutMs: 5_000 }))(app)
 */
export function timeout(options: TimeoutOptions = {}): Wrap {
  const { timeoutMs } = checked(completeOptions('timeout', options, DEFAULTS))
  const late = (): AppTimeoutError =>
    new AppTimeoutError(`timeout(): the response did not begin within ${timeoutMs} ms`)

  return middleware('timeout', function* (request, next) {
    if (request.environ) {
      const startedAt = performance.now()
      const response = yield* next(request)
      if (performance.now() - startedAt > timeoutMs) throw late()
      return response
    }

    const expiry = new Expiry()
    const timer = setTimeout(() => expiry.expire(late()), timeoutMs)
    try {
      return yield* until(expiry, next(request.with({ signal: expiry })))
    } finally {
      clearTimeout(timer)
    }
  })
}

// The part of an AbortSignal that a chain uses. A real AbortSignal costs as much as a small request.
class Expiry implements AbortSignalLike {
  aborted = false
  reason: unknown = undefined
  readonly #listeners = new Set<() => void>()

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  expire(reason: unknown): void {
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners) listener()
  }
}

function checked(settings: typeof DEFAULTS): typeof DEFAULTS {
  const { timeoutMs } = settings
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS) return settings
  const remedy = `it is a number of milliseconds up to ${MAX_TIMER_MS}`
  throw invalidOption('timeout', 'timeoutMs', timeoutMs, remedy)
}
