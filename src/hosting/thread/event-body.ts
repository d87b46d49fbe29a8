// The request body of an app that awaits: bytes come within a window, and more come when half of the window is used.

import { RequestBody } from '../../async/request-body.ts'
import { TimerWheel } from '../../waiting/timer-wheel.ts'
import { ClientDisconnectedError } from '../../errors.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import { BODY_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import type { HttpReceiveEvent } from '../../contract/events.ts'
import type { BodyMessage, RequestMessage } from '../protocol/messages.ts'
import type { EventLink } from './event-link.ts'

// The gateway watches the time of a body.
const LIMITS = {
  highWaterMark: BODY_WINDOW_BYTES,
  maxBytes: Infinity,
  timeoutMs: Infinity,
  wheel: new TimerWheel(),
}

/** Answers `receive()` of one request. */
export class EventBody {
  readonly #id: number
  readonly #link: EventLink
  readonly #body: RequestBody
  #grantedBytes: number
  #isPaused = false
  #isEnded: boolean

  constructor({ id, hasBody, bodyWindow }: RequestMessage, link: EventLink) {
    this.#id = id
    this.#link = link
    this.#grantedBytes = bodyWindow
    this.#isEnded = !hasBody
    this.#body = new RequestBody(hasBody, this, LIMITS)
  }

  receive(): Promise<HttpReceiveEvent> {
    return this.#body.receive()
  }

  take({ chunk, last, error }: BodyMessage): void {
    this.#isEnded = last
    this.#grantedBytes -= chunk.length
    if (error) return this.#body.fail(fromErrorData(error))
    if (chunk.length > 0) this.#body.push(chunk)
    if (last) this.#body.end()
    else this.#want()
  }

  /** The gateway has given the request up, for this reason. */
  cancel(reason: Error): void {
    if (reason instanceof ClientDisconnectedError) this.#body.close()
    else this.#body.fail(reason)
  }

  /** The response is whole. */
  close(): void {
    this.#isEnded = true
    this.#body.close()
  }

  /** The server is shutting down. */
  hintDisconnect(): void {
    this.#body.hintDisconnect()
  }

  // --- called by the body ---

  start(): void {
    this.#want()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#want()
  }

  #want(): void {
    if (this.#isPaused || this.#isEnded || this.#grantedBytes > BODY_WINDOW_BYTES / 2) return
    const bytes = BODY_WINDOW_BYTES - this.#grantedBytes
    this.#grantedBytes = BODY_WINDOW_BYTES
    this.#link.post({ type: 'want', id: this.#id, bytes })
  }
}
