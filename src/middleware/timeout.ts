// timeout(): a response begins in time, or is given up.

import { AppTimeoutError } from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { until } from '../chain/effects.ts'
import { middleware } from '../chain/middleware.ts'
import type { ExchangeContext, Hosting } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { AbortSignalLike } from '../chain/effects.ts'
import type { ChainRequest } from '../chain/request.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** How long the response may take to begin, in ms. Default 30,000. */
  timeoutMs?: number | undefined
}

const DEFAULTS = { timeoutMs: 30_000 }

// A timer cannot be set any longer.
const LONGEST_MS = 2 ** 31 - 1

/**
 * Gives up a response that has not begun in time: a request, or a handshake, is answered 504, and the app is told as if
 * its client had left, by `scope['isthmus.exchange']` and what stands on it. What it still sends is refused. A response
 * that has begun may stream for as long as it likes.
 *
 * Nobody can interrupt a sync app that stands right inside: its late response is replaced by the 504 when it is there.
 * A pool of `threads()` inside has its own `timeoutMs`, which ends the thread.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value; a response that
 *   is late, {@link AppTimeoutError} (`ISTHMUS_APP_TIMEOUT`, 504; RFC 9110, 15.6.5)
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
      return yield* until(expiry, next(ending(request, expiry)))
    } finally {
      clearTimeout(timer)
    }
  })
}

// As much of an AbortSignal as each request takes; a whole one costs as much as the rest of a small request.
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

/** `request`, its connection at an end when `expiry` is there. */
function ending(request: ChainRequest, expiry: Expiry): ChainRequest {
  const connection = request.scope?.['isthmus.exchange']
  if (!connection) return request
  const copy = request.with({})
  if (copy.scope) copy.scope['isthmus.exchange'] = new EndingConnection(connection, expiry)
  return copy
}

// Nothing is set up before somebody asks.
class EndingConnection implements ExchangeContext {
  readonly log: Log
  readonly hosting: Hosting
  readonly #connection: ExchangeContext
  readonly #expiry: Expiry
  #signal: AbortSignal | undefined

  constructor(connection: ExchangeContext, expiry: Expiry) {
    this.log = connection.log
    this.hosting = connection.hosting
    this.#connection = connection
    this.#expiry = expiry
  }

  get signal(): AbortSignal {
    return (this.#signal ??= AbortSignal.any([this.#connection.signal, signalOf(this.#expiry)]))
  }

  onShutdown(callback: () => void): void {
    this.#connection.onShutdown(callback)
  }

  onDisconnect(callback: () => void): void {
    let isOver = false
    const once = (): void => {
      if (isOver) return
      isOver = true
      // An app's callback is called by a timer, which must not fail with it.
      try {
        callback()
      } catch (error) {
        this.log.error({ err: error }, 'a callback of the connection failed')
      }
    }
    this.#connection.onDisconnect(once)
    if (this.#expiry.aborted) once()
    else this.#expiry.addEventListener('abort', once)
  }
}

function signalOf(expiry: Expiry): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(expiry.reason)
  if (expiry.aborted) abort()
  else expiry.addEventListener('abort', abort)
  return controller.signal
}

function checked(settings: typeof DEFAULTS): typeof DEFAULTS {
  const { timeoutMs } = settings
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= LONGEST_MS) return settings
  const remedy = `it is a number of milliseconds up to ${LONGEST_MS}`
  throw invalidOption('timeout', 'timeoutMs', timeoutMs, remedy)
}
