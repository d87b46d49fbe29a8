// One connection of node:http: requests that were pipelined wait here for the responses before them.

import type { Socket } from 'node:net'

// More than this and the socket is paused: a client gets no further ahead of its responses.
const MAX_WAITING = 16

/** Serves the requests of one socket one at a time, in order (RFC 9112, 9.3.2). */
export class NodeConnection {
  readonly socket: Socket
  /** It speaks WebSocket now. */
  upgraded = false
  /** What it sent could not be parsed, and that was its answer. */
  refused = false
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
    this.#waiting.push(serve)
    if (this.#waiting.length === MAX_WAITING) this.socket.pause()
    if (!this.#busy) this.#next()
  }

  /** The response under way is over. */
  release(): void {
    this.#busy = false
    this.#next()
  }

  /** Closes behind the response under way, at once if there is none. */
  closeWhenIdle(): void {
    this.#lastResponse = true
    if (!this.#busy) this.socket.destroySoon()
  }

  /** Cuts the connection: a response under way ends in a reset, which nobody takes for its end. */
  cut(): void {
    const { socket } = this
    if (this.#busy && !this.upgraded && socket.remoteAddress) socket.resetAndDestroy()
    else socket.destroy()
  }

  /** The socket is gone: nobody waits any more. */
  drop(): void {
    this.#waiting = []
  }

  #next(): void {
    // A response has closed the connection: what was sent behind its request stays unanswered.
    if (!this.socket.writable) return this.drop()
    const next = this.#waiting.shift()
    if (!next) {
      if (this.#lastResponse) this.socket.destroySoon()
      return
    }

    if (this.#waiting.length === MAX_WAITING - 1) this.socket.resume()
    this.#busy = true
    next()
  }
}
