// One connection of node:http: pipelined requests wait here for the responses before them.

import { IGNORED_EVENTS } from '../engine.ts'
import { watchHalfClosed } from './half-closed.ts'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Endpoints } from '../../http/request-head.ts'
import type { HttpEvents } from '../engine.ts'
import type { ListenerContext } from '../listener-context.ts'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'

// With this many waiting requests the socket is paused: a client gets no further ahead of its responses. A socket that is
// paused does not see that its client leaves, so the limit is no lower.
const MAX_WAITING = 1_000

/** Serves the requests of one socket one at a time, in order (RFC 9112, 9.3.2). */
export class NodeConnection {
  readonly socket: Socket
  readonly ends: Endpoints
  /** The socket belongs to a WebSocket. */
  isUpgraded = false
  /** The response under way. */
  response: ServerResponse | undefined = undefined
  /** The receiver of the reports about the response under way. */
  events: HttpEvents = IGNORED_EVENTS
  /** The response to the last request that was read. */
  last: ServerResponse | undefined = undefined
  /** The fields of a request whose upgrade is ignored, while node:http reads it again. */
  ignoredUpgrade: string[] | undefined = undefined
  /** A request was malformed: it ends the connection. */
  isRefused = false
  readonly #context: ListenerContext
  #waiting: Array<() => void> = []
  #isBusy = false
  #closesWhenIdle = false
  #isHolding = false

  constructor(socket: Socket, ends: Endpoints, context: ListenerContext) {
    this.#context = context
    this.socket = socket
    this.ends = ends
  }

  /** A response is under way. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /**
   * Runs `serve` once the responses before it are complete. After its own response, `serve` calls {@link release}.
   *
   * @param response left out if node:http has made none
   */
  enqueue(serve: () => void, response: ServerResponse | undefined = this.last): void {
    this.last = response
    this.#waiting.push(serve)
    if (this.#waiting.length === MAX_WAITING) this.#hold()
    if (!this.#isBusy) this.#next()
  }

  /** Whether the last request waits for the responses before it. */
  get isLastWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Runs `serve` in the place of the last request, which waits. */
  replaceLast(serve: () => void): void {
    this.#waiting[this.#waiting.length - 1] = serve
  }

  /** The response under way is over. */
  release(): void {
    this.#isBusy = false
    this.response = undefined
    this.#next()
  }

  /** Closes after the response under way, or at once if none is under way. */
  closeWhenIdle(): void {
    this.#closesWhenIdle = true
    if (!this.#isBusy) this.socket.destroySoon()
  }

  /** The client has ended its side. It gets its responses as long as it takes them. */
  onEnd(wheel: TimerWheel): void {
    if (this.isUpgraded) return
    this.closeWhenIdle()
    if (this.#isBusy) watchHalfClosed(this.socket, wheel, () => this.cut())
  }

  /** Cuts the connection. A response under way ends in a reset, so that the client does not take it for complete. */
  cut(): void {
    const { socket } = this
    if (this.#isBusy && !this.isUpgraded && socket.remoteAddress) socket.resetAndDestroy()
    else socket.destroy()
  }

  /** The socket is gone: the requests that wait are dropped. */
  drop(): void {
    this.#waiting = []
  }

  // node:http resumes the socket after each request, and for each body that an app reads.
  #hold(): void {
    const { socket } = this
    if (!this.#isHolding)
      socket.on('resume', () => this.#waiting.length >= MAX_WAITING && socket.pause())
    this.#isHolding = true
    socket.pause()
  }

  #next(): void {
    // A response has closed the connection: the requests after its own stay unanswered.
    if (!this.socket.writable) return this.drop()
    const next = this.#waiting.shift()
    if (!next) {
      if (this.#closesWhenIdle) this.socket.destroySoon()
      return
    }

    if (this.#waiting.length === MAX_WAITING - 1) this.socket.resume()
    this.#isBusy = true
    // The response before ends in the context of its app.
    this.#context.run(next)
  }
}
