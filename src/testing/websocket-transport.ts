// The transport of one WebSocket in memory: the answer to the handshake, then messages in both directions.

import { deferred } from '../waiting/deferred.ts'
import { SocketInbox } from './socket-inbox.ts'
import { ResponsePipe } from './response-pipe.ts'
import { SocketClosedError } from './faults.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { WebSocketEvents, WebSocketTransport } from '../server/engine.ts'
import type { SocketEnd } from './faults.ts'
import type { SocketMessage } from './socket-inbox.ts'

/** The app's answer to the handshake. */
type Answer =
  | { type: 'accepted'; subprotocol: string | null; headers: HeaderPairs }
  | { type: 'denied'; response: ResponsePipe }

interface Outgoing {
  message: SocketMessage
  taken: Deferred<void>
}

/** Moves messages between the server and a test. It answers a close at once, as a client does. */
export class MemoryWebSocketTransport implements WebSocketTransport {
  /** The receiver of the reports. The transport reports nothing before the caller has set it. */
  events: WebSocketEvents | null = null
  /** The messages that the app has sent. */
  readonly inbox: SocketInbox
  readonly #answer: Deferred<Answer> = deferred()
  readonly #denial: ResponsePipe
  #outbox: Outgoing[] = []
  #closing: SocketEnd | undefined
  #paused = false

  /** @param highWaterMark the bytes that may wait unread before the app's `send()` has to wait */
  constructor(highWaterMark: number) {
    const onDrain = (): void => this.events?.onDrain()
    this.inbox = new SocketInbox(highWaterMark, onDrain)
    this.#denial = new ResponsePipe(Infinity, onDrain)
  }

  /** Resolves with the answer of the app; rejects if the connection is cut before it. */
  get answer(): Promise<Answer> {
    return this.#answer.promise
  }

  /** Resolves with the head of the answer, also of a denial. */
  async answerHead(): Promise<{ headers: HeaderPairs }> {
    const answer = await this.answer
    return answer.type === 'accepted' ? answer : answer.response.head
  }

  accept(subprotocol: string | null, headers: HeaderPairs): boolean {
    this.#answer.resolve({ type: 'accepted', subprotocol, headers })
    return true
  }

  deny(part: ResponsePart): boolean {
    this.#answer.resolve({ type: 'denied', response: this.#denial })
    const flowing = this.#denial.write(part)
    if (part.end) this.#endLater({ code: 1006, reason: '' })
    return flowing
  }

  send(message: SocketMessage): boolean {
    return this.inbox.write(message)
  }

  close(code: number, reason: string): void {
    this.#endLater({ code, reason })
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#flush()
  }

  destroy(): void {
    const fault = this.#denial.faultOf('the server cut the connection')
    this.#denial.cut(fault)
    this.#answer.reject(fault)
    this.#endLater({ code: 1006, reason: '' })
  }

  /** Sends a message to the app; resolves when the server has taken it. */
  push(message: SocketMessage): Promise<void> {
    if (this.#closing) return Promise.reject(new SocketClosedError(this.#closing))
    const taken = deferred()
    this.#outbox.push({ message, taken })
    this.#flush()
    return taken.promise
  }

  /** Closes the socket after the messages that the client has sent. */
  leave(code: number, reason: string): void {
    this.#closing ??= { code, reason }
    this.#flush()
  }

  /** Drops the connection without a close frame. */
  abandon(): void {
    this.#end({ code: 1006, reason: '' })
  }

  #flush(): void {
    while (!this.#paused) {
      const next = this.#outbox.shift()
      if (!next) break
      next.taken.resolve()
      this.events?.onMessage(next.message)
    }
    if (this.#closing && this.#outbox.length === 0) this.#end(this.#closing)
  }

  // A socket reports its end in a later turn as well.
  #endLater(end: SocketEnd): void {
    queueMicrotask(() => this.#end(end))
  }

  #end(end: SocketEnd): void {
    if (this.inbox.over) return
    this.#closing ??= end
    this.#answer.reject(this.#denial.faultOf('the WebSocket was closed'))
    this.inbox.close(end)
    for (const { taken } of this.#outbox.splice(0)) taken.reject(new SocketClosedError(end))
    this.events?.onClose(end.code, end.reason)
  }
}
