// The end of a socket: politely, so that the client gets to see what was written, or with a reset.

import type { Socket } from 'node:net'
import type { Timer } from '../../waiting/timer-wheel.ts'

// What is read and dropped: closing a socket with unread bytes resets it, and the response with it (RFC 9112, 9.6).
// No further, so that nobody can make us read for ever.
const MAX_DROPPED_BYTES = 1024 * 1024
const LINGER_MS = 2_000
const UPLOAD_LINGER_MS = 5_000

/** Ends one socket in finite time: where the timer expires, its owner cuts what is left. */
export class SocketEnd {
  readonly #socket: Socket
  readonly #timer: Timer
  readonly #canReset: boolean
  #droppedBytes = 0

  /** There is no reset on a unix socket, nor under TLS, where a cut shows without one. */
  constructor(socket: Socket, timer: Timer, canReset: boolean) {
    this.#socket = socket
    this.#timer = timer
    this.#canReset = canReset
  }

  /** From now on what arrives is dropped, an upload for longer than what else may come. */
  startDropping(isUpload: boolean): void {
    this.#droppedBytes = 0
    this.#timer.arm(isUpload ? UPLOAD_LINGER_MS : LINGER_MS)
  }

  drop(bytes: number): void {
    this.#droppedBytes += bytes
    if (this.#droppedBytes > MAX_DROPPED_BYTES) this.#socket.destroy()
  }

  /** Closes behind what was written. */
  closeSoon(): void {
    this.#timer.arm(LINGER_MS)
    this.#socket.destroySoon()
  }

  /** Cuts the connection so that nobody can take what was written for whole. */
  reset(): void {
    if (this.#canReset) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  /**
   * The same, in its own time: clients on libuv report a reset that they find in the same turn as the last bytes as
   * an end.
   */
  resetSoon(): void {
    this.#timer.arm(0)
  }
}
