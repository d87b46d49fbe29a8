// One connection of node:http: requests that were pipelined wait here for the responses before them.

import type { Socket } from 'node:net'

// More than this and the socket is paused: a client gets no further ahead of its responses.
const MAX_WAITING = 16

/** Serves the requests of one socket one at a time, in order (RFC 9112, 9.3.2). */
export class NodeConnection {
  readonly socket: Socket
  #waiting: Array<() => void> = []
  #busy = false
  #lastResponse = false

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** A response is under way. */
  get busy(): boolean {
    return this.#busy
  }

  /** Runs `serve` once the responses before it are complete; `serve` calls {@link release} behind its own. */
  enqueue(serve: () => void): void {
    if (!this.#busy) {
      this.#busy = true
      return serve()
    }
    this.#waiting.push(serve)
    if (this.#waiting.length === MAX_WAITING) this.socket.pause()
  }

  /** The response under way is over. */
  release(): void {
    this.#busy = false
    if (this.socket.destroyed) return this.drop()
    if (this.#lastResponse && this.#waiting.length === 0) return this.socket.destroySoon()

    const next = this.#waiting.shift()
    if (!next) return
    if (this.#waiting.length === MAX_WAITING - 1) this.socket.resume()
    this.#busy = true
    next()
  }

  /** Closes behind the response under way. */
  closeWhenIdle(): void {
    this.#lastResponse = true
  }

  /** The socket is gone: nobody waits any more. */
  drop(): void {
    this.#waiting = []
  }
}
