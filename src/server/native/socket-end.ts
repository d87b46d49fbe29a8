// The end of a socket: a close after which the client can read the response, or a reset.

import {
  LINGER_MS,
  MAX_DROPPED_BYTES,
  MAX_REST_BYTES,
  SILENCE_MS,
  UPLOAD_SILENCE_MS,
} from '../linger.ts'
import type { Socket } from 'node:net'
import type { Timer } from '../../waiting/timer-wheel.ts'
import type { Endpoints } from '../../http/request-head.ts'

/** Ends one socket in finite time: when the timer expires, the owner of the socket cuts it. */
export class SocketEnd {
  readonly #socket: Socket
  readonly #timer: Timer
  readonly #canReset: boolean
  #droppedBytes = 0
  // 0: the bytes that arrive change nothing.
  #silenceMs = 0
  #lingersUntil = 0

  constructor(socket: Socket, timer: Timer, { client, secure }: Endpoints) {
    this.#socket = socket
    this.#timer = timer
    // A unix socket has no reset. TLS needs none: a client under TLS sees every cut.
    this.#canReset = client !== null && !secure
  }

  /** The rest of a body is dropped from now on; the connection goes on after it. */
  startRest(): void {
    this.#droppedBytes = 0
    this.#timer.arm(UPLOAD_SILENCE_MS)
  }

  /** Counts dropped bytes of the rest. False: the rest is too long. */
  dropRest(bytes: number): boolean {
    this.#droppedBytes += bytes
    return this.#droppedBytes <= MAX_REST_BYTES
  }

  /** From now on the owner drops the bytes that arrive. An upload may pause for a longer time than other bytes. */
  linger(isUpload: boolean): void {
    this.#droppedBytes = 0
    this.#silenceMs = isUpload ? UPLOAD_SILENCE_MS : SILENCE_MS
    this.#lingersUntil = performance.now() + LINGER_MS
    this.#timer.arm(this.#silenceMs)
  }

  /** Counts dropped bytes, and cuts the connection above the limits. */
  drop(bytes: number): void {
    if (this.#silenceMs === 0) return
    this.#droppedBytes += bytes
    const leftMs = this.#lingersUntil - performance.now()
    if (this.#droppedBytes > MAX_DROPPED_BYTES || leftMs <= 0) this.#socket.destroy()
    else this.#timer.arm(Math.min(this.#silenceMs, leftMs))
  }

  /** Lets a connection that lingers do so for `ms` more at most. */
  hurry(ms: number): void {
    this.#silenceMs = Math.min(this.#silenceMs, ms)
    this.#lingersUntil = Math.min(this.#lingersUntil, performance.now() + ms)
    this.#timer.arm(this.#silenceMs)
  }

  /** Closes after the bytes that were written. */
  closeSoon(): void {
    this.#silenceMs = SILENCE_MS
    this.#lingersUntil = performance.now() + SILENCE_MS
    this.#timer.arm(SILENCE_MS)
    this.#socket.destroySoon()
  }

  /** Cuts the connection so that the client does not take the response for complete. */
  reset(): void {
    if (this.#canReset) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  /**
   * Resets in a later turn of the event loop: a client on libuv reports a reset as a clean end if it finds the reset in
   * the same turn as the last bytes.
   */
  resetSoon(): void {
    this.#silenceMs = 0
    this.#timer.arm(0)
  }
}
