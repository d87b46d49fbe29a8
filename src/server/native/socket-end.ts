// The end of a socket: a close after which the client can read the response, or a reset.

import type { Socket } from 'node:net'
import type { Timer } from '../../waiting/timer-wheel.ts'
import type { Endpoints } from '../../http/request-head.ts'

// Closing a socket with unread bytes resets it, and the client loses the response (RFC 9112, 9.6). So the bytes are read
// and dropped, up to this limit: a client cannot make the server read for ever.
const MAX_DROPPED_BYTES = 1024 * 1024
const LINGER_MS = 2_000
const UPLOAD_LINGER_MS = 5_000

/** Ends one socket in finite time: when the timer expires, the owner of the socket cuts it. */
export class SocketEnd {
  readonly #socket: Socket
  readonly #timer: Timer
  readonly #canReset: boolean
  #droppedBytes = 0

  constructor(socket: Socket, timer: Timer, { client, secure }: Endpoints) {
    this.#socket = socket
    this.#timer = timer
    // A unix socket has no reset. TLS needs none: a client under TLS sees every cut.
    this.#canReset = client !== null && !secure
  }

  /** From now on the owner drops the bytes that arrive. An upload gets more time than other bytes. */
  startDropping(isUpload: boolean): void {
    this.#droppedBytes = 0
    this.#timer.arm(isUpload ? UPLOAD_LINGER_MS : LINGER_MS)
  }

  /** Counts dropped bytes, and cuts the connection above the limit. */
  drop(bytes: number): void {
    this.#droppedBytes += bytes
    if (this.#droppedBytes > MAX_DROPPED_BYTES) this.#socket.destroy()
  }

  /** Closes after the bytes that were written. */
  closeSoon(): void {
    this.#timer.arm(LINGER_MS)
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
    this.#timer.arm(0)
  }
}
