// The engine's side of one WebSocket in memory: the handshake's answer, then messages both ways.

import { deferred } from '../waiting/deferred.ts'
import { MessagePipe } from './message-pipe.ts'
import { ResponsePipe } from './response-pipe.ts'
import { SocketClosedError } from './faults.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { WebSocketEvents, WebSocketTransport } from '../server/engine.ts'
import type { SocketEnd } from './faults.ts'
import type { Message } from './message-pipe.ts'

/** How the app answered the handshake. */
type Answer =
  | { type: 'accepted'; subprotocol: string | null; headers: HeaderPairs }
  | { type: 'denied'; response: ResponsePipe }

interface Outgoing {
  message: Message
  taken: Deferred<void>
}

/** Moves messages between a WebSocket's cycle and a test, which answers a close at once, as a client does. */
export class MemoryWebSocketTransport implements WebSocketTransport {
  /** To whom it reports. Nothing is reported before the caller's turn is over. */
  events: WebSocketEvents | null = null
  /** What the app has sent. */
  readonly inbox: MessagePipe
  readonly #answer: Deferred<Answer> = deferred()
  readonly #denial: ResponsePipe
  #outbox: Outgoing[] = []
  #lastWords: SocketEnd | undefined
  #paused = false

  /** @param highWaterMark bytes that may wait unread before the app's `send()` has to wait */
  constructor(highWaterMark: number) {
    const onDrain = (): void => this.events?.onDrain()
    this.inbox = new MessagePipe(highWaterMark, onDrain)
    this.#denial = new ResponsePipe(Infinity, onDrain)
  }

  /** How the app answered; rejects when the connection was cut instead. */
  get answer(): Promise<Answer> {
    return this.#answer.promise
  }

  accept(subprotocol: string | null, headers: HeaderPairs): void {
    this.#answer.resolve({ type: 'accepted', subprotocol, headers })
  }

  deny(part: ResponsePart): boolean {
    this.#answer.resolve({ type: 'denied', response: this.#denial })
    const flowing = this.#denial.write(part)
    if (part.end) this.#endLater({ code: 1006, reason: '' })
    return flowing
  }

  send(message: Message): boolean {
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

  /** Sends a message to the app; resolves when the app's side has taken it. */
  push(message: Message): Promise<void> {
    if (this.#lastWords) return Promise.reject(new SocketClosedError(this.#lastWords))
    const taken = deferred()
    this.#outbox.push({ message, taken })
    this.#flush()
    return taken.promise
  }

  /** The client closes, behind the messages that it has sent. */
  leave(code: number, reason: string): void {
    this.#lastWords ??= { code, reason }
    this.#flush()
  }

  /** The client's connection drops, without a word. */
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
    if (this.#lastWords && this.#outbox.length === 0) this.#end(this.#lastWords)
  }

  // A socket reports its end in a later turn too.
  #endLater(end: SocketEnd): void {
    queueMicrotask(() => this.#end(end))
  }

  #end(end: SocketEnd): void {
    if (this.inbox.over) return
    this.#lastWords ??= end
    this.#answer.reject(this.#denial.faultOf('the WebSocket was closed'))
    this.inbox.close(end)
    for (const { taken } of this.#outbox.splice(0)) taken.reject(new SocketClosedError(end))
    this.events?.onClose(end.code, end.reason)
  }
}
