// Holds the bytes of a request body between an engine that pushes them and an app that pulls them, in order and up to a
// limit. Small chunks that wait are joined.

import { BodyTimeoutError, BodyTooLargeError } from '../errors.ts'
import { ChunkQueue } from '../waiting/chunk-queue.ts'
import { deferred, rejected } from '../waiting/deferred.ts'
import { Timer } from '../waiting/timer-wheel.ts'
import type { HttpReceiveEvent, HttpRequestEvent } from '../contract/events.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { TimerWheel } from '../waiting/timer-wheel.ts'

/** The functions of the engine that begin, stop and continue the reading of the body. */
interface BodyFlow {
  /** Called once, before the app gets the first byte: the engine sends `100 Continue` if the client waits for it. */
  start(): void
  resume(): void
  pause(): void
}

/** The bounds of one request body. */
interface BodyLimits {
  /** The number of bytes that may wait for the app before the engine is paused. */
  highWaterMark: number
  /** The longest body that is accepted, in bytes; Infinity for no limit. */
  maxBytes: number
  /** How long a pending `receive()` waits for the next byte, in ms. */
  timeoutMs: number
  wheel: TimerWheel
}

const EMPTY = new Uint8Array(0)

/**
 * Answers `receive()`: body events in order, then, once the exchange is over, `http.disconnect` for ever.
 * A body that was cut has no last event: the disconnect follows instead.
 *
 * @see ASGI HTTP & WebSocket 2.5, "Request" and "Disconnect"
 */
export class RequestBody {
  #flow: BodyFlow
  #limits: BodyLimits
  readonly #chunks = new ChunkQueue()
  #totalBytes = 0
  #started = false
  #paused = false
  #ended: boolean
  #lastTaken = false
  #disconnectHinted = false
  #closed = false
  #fault: Error | undefined
  #pending: Deferred<HttpReceiveEvent> | undefined
  #timer: Timer | undefined

  constructor(hasBody: boolean, flow: BodyFlow, limits: BodyLimits) {
    this.#ended = !hasBody
    this.#flow = flow
    this.#limits = limits
  }

  /** The app has asked for the body, so the engine reads it. */
  get started(): boolean {
    return this.#started
  }

  /** The next event. While a call is pending, a further call returns the same promise, so that no event is lost. */
  receive(): Promise<HttpReceiveEvent> {
    if (this.#pending) return this.#pending.promise
    const settled = this.#readyEvent() ?? this.#start()
    if (settled) return settled

    this.#pending = deferred()
    if (!this.#ended) this.#armTimer()
    return this.#pending.promise
  }

  push(chunk: Uint8Array): void {
    if (this.#closed || this.#fault || this.#ended) return
    this.#totalBytes += chunk.byteLength
    if (this.#totalBytes > this.#limits.maxBytes)
      return this.fail(new BodyTooLargeError(this.#limits.maxBytes))

    this.#chunks.push(chunk)
    this.#resolvePending()
    if (this.#chunks.byteLength < this.#limits.highWaterMark || this.#paused) return
    this.#paused = true
    this.#flow.pause()
  }

  end(): void {
    if (this.#closed || this.#fault) return
    this.#ended = true
    this.#resolvePending()
  }

  /** Drops the waiting bytes, because the exchange is over or the client has left. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#chunks.clear()
    this.#resolvePending()
    this.#timer?.cancel()
  }

  /** Makes receive() throw `fault` from now on, because the body broke a limit. */
  fail(fault: Error): void {
    if (this.#closed || this.#fault) return
    this.#fault = fault
    this.#chunks.clear()
    this.#timer?.cancel()
    const pending = this.#pending
    this.#pending = undefined
    pending?.reject(fault)
  }

  /**
   * Makes receive() return `http.disconnect` from now on, instead of waiting for the end, to an app that has read the
   * whole body.
   */
  hintDisconnect(): void {
    this.#disconnectHinted = true
    this.#resolvePending()
  }

  // Each event is a new object, because the app may change it.
  #next(): HttpReceiveEvent | undefined {
    if (this.#closed || (this.#disconnectHinted && this.#lastTaken))
      return { type: 'http.disconnect' }
    const chunk = this.#chunks.take()
    if (chunk) return this.#eventOf(chunk)
    if (!this.#ended || this.#lastTaken) return undefined
    this.#lastTaken = true
    return { type: 'http.request', body: EMPTY, moreBody: false }
  }

  #eventOf(body: Uint8Array): HttpRequestEvent {
    if (this.#paused && this.#chunks.byteLength < this.#limits.highWaterMark / 2) {
      this.#paused = false
      this.#flow.resume()
    }
    const moreBody = !this.#ended || this.#chunks.length > 0
    this.#lastTaken = !moreBody
    return { type: 'http.request', body, moreBody }
  }

  #readyEvent(): Promise<HttpReceiveEvent> | undefined {
    if (this.#fault && !this.#closed) return rejected(this.#fault)
    const event = this.#next()
    return event && Promise.resolve(event)
  }

  // An engine that has bytes already pushes them inside start().
  #start(): Promise<HttpReceiveEvent> | undefined {
    if (this.#started || this.#ended || this.#closed) return undefined
    this.#started = true
    this.#flow.start()
    return this.#readyEvent()
  }

  #resolvePending(): void {
    if (!this.#pending) return
    const event = this.#next()
    if (!event) return
    this.#timer?.disarm()
    const pending = this.#pending
    this.#pending = undefined
    pending.resolve(event)
  }

  #armTimer(): void {
    const { timeoutMs, wheel } = this.#limits
    if (timeoutMs === Infinity) return
    this.#timer ??= new Timer(wheel, () => this.fail(new BodyTimeoutError(timeoutMs)))
    this.#timer.arm(timeoutMs)
  }
}
