// `environ['wsgi.websocket']`: one WebSocket on the side of a sync app, whose calls block. The connection itself, its pings
// and its limits are the gateway's: a blocked app keeps its connection.

import { NO_IDENTITY } from '../../async/framing.ts'
import { WebSocketExchange } from '../../async/websocket-exchange.ts'
import { AppError, ClientDisconnectedError, ReceiveTimeoutError } from '../../errors.ts'
import { nameOf } from '../../name-of.ts'
import { Fifo } from '../../waiting/fifo.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { weightOf } from '../protocol/message-weight.ts'
import type { AcceptOptions } from '../../contract/accept-options.ts'
import type { BlockingWebSocket, ReceiveOptions } from '../../contract/blocking-websocket.ts'
import type { HeaderPairs, ReceiveEvent, ResponseEnd, SendEvent } from '../../contract/events.ts'
import type { OpenMessage } from '../protocol/messages.ts'
import type { Wires } from './gateway-link.ts'

/** The socket of one run of the app. The request of the run gives it the messages with its id. */
export class BlockingSocket implements BlockingWebSocket {
  readonly #message: OpenMessage
  readonly #wires: Wires
  readonly #exchange: WebSocketExchange
  // The gateway bounds the messages that wait here.
  readonly #received = new Fifo<string | Uint8Array>()
  #isAccepted = false
  #takenWeight = 0
  #sentWeight = 0
  #closeCode: number | undefined

  constructor(message: OpenMessage, wires: Wires) {
    this.#message = message
    this.#wires = wires
    this.#exchange = new WebSocketExchange(message.scope, NO_IDENTITY)
  }

  get subprotocols(): readonly string[] {
    return this.#message.scope.subprotocols
  }

  get state(): BlockingWebSocket['state'] {
    this.#wires.poll()
    const { state } = this.#exchange
    return state === 'connecting' || state === 'open' ? state : 'closed'
  }

  get closeCode(): number | undefined {
    this.#wires.poll()
    return this.#closeCode
  }

  accept(options: AcceptOptions = {}): void {
    this.#atWork()
    this.#perform({ type: 'websocket.accept', ...options })
    this.#isAccepted = true
  }

  receive({ timeoutMs = Infinity }: ReceiveOptions = {}): string | Uint8Array | undefined {
    checkTimeout(timeoutMs)
    const until = performance.now() + timeoutMs
    this.#atWork()
    const { state } = this.#exchange
    if (state === 'connecting' || state === 'denying') this.accept()
    for (;;) {
      const message = this.#received.shift()
      if (message !== undefined) return this.#taken(message)
      if (this.#exchange.state !== 'open') return undefined
      const leftMs = until - performance.now()
      if (leftMs <= 0) throw new ReceiveTimeoutError(timeoutMs)
      this.#wires.blockForClient(leftMs)
    }
  }

  send(message: string | Uint8Array): void {
    this.#atWork()
    if (this.#exchange.state === 'connecting') this.accept()
    const event: SendEvent =
      typeof message === 'string'
        ? { type: 'websocket.send', text: message }
        : { type: 'websocket.send', bytes: message }
    this.#perform(event)
    this.#sentWeight += weightOf(event)
    while (this.#sentWeight > this.#message.messageWindow) {
      if (this.#exchange.state !== 'open') throw new ClientDisconnectedError()
      this.#wires.blockForClient(Infinity)
    }
  }

  [Symbol.iterator](): Iterator<string | Uint8Array, undefined> {
    return {
      next: () => {
        const value = this.receive()
        return value === undefined ? { done: true, value } : { done: false, value }
      },
    }
  }

  close(code = 1000, reason = ''): void {
    this.#atWork()
    if (this.#isOver) return
    this.#perform({ type: 'websocket.close', code, reason })
    if (this.#isAccepted) this.#closeCode = code
    this.#received.clear()
  }

  // --- for the request that owns the socket ---

  /** Whether the app has answered the handshake by the socket, so that it announces no head. */
  get isAnswered(): boolean {
    const { state } = this.#exchange
    return this.#isAccepted || state === 'closing' || state === 'closed'
  }

  /** Takes the head of a denial. @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) if the app may not deny */
  deny(status: number, headers: HeaderPairs): void {
    this.#exchange.accept({ type: 'websocket.http.response.start', status, headers })
  }

  /** Takes an event. Returns whether the client has left before the end of the app's side. */
  take(event: ReceiveEvent): boolean {
    if (event.type === 'websocket.disconnect') return this.end(event.code)
    const isOpen = this.#exchange.state === 'open'
    if (isOpen && event.type === 'websocket.receive') {
      this.#received.push(event.text ?? event.bytes ?? '')
    }
    return false
  }

  /** The client has taken messages of this weight. */
  credit(weight: number): void {
    this.#sentWeight -= weight
  }

  /** The connection is gone, or the app has ended. Returns whether the app had not closed. */
  end(code: number): boolean {
    const isLoss = !this.#isOver
    this.#exchange.disconnect()
    if (this.#isAccepted) this.#closeCode ??= code
    return isLoss
  }

  /** The end of the exchange in the view of this host; `end` is that of its HTTP response. */
  endOf(end: ResponseEnd): ResponseEnd {
    const { error } = end
    if (this.#isAccepted) {
      return { outcome: 'closed', status: 101, bytes: null, code: this.#closeCode, error }
    }
    if (this.isAnswered) return { ...end, outcome: 'denied', status: 403 }
    return end.outcome === 'complete' ? { ...end, outcome: 'denied' } : end
  }

  get #isOver(): boolean {
    const { state } = this.#exchange
    return state === 'closing' || state === 'closed' || state === 'disconnected'
  }

  // Each call shows that the app goes on.
  #atWork(): void {
    if (!this.#isOver) this.#wires.step()
    this.#wires.poll()
  }

  #perform(event: SendEvent): void {
    this.#exchange.accept(event)
    const { link } = this.#wires
    link.post({ type: 'event', id: this.#message.id, event: owned(event) })
    // At once: the next call of the app may come much later, and the app may change its bytes.
    link.flush()
  }

  // The gateway may send more when half of the window is used.
  #taken(message: string | Uint8Array): string | Uint8Array {
    this.#takenWeight += weightOf(
      typeof message === 'string' ? { text: message } : { bytes: message },
    )
    if (this.#takenWeight < this.#message.messageWindow / 2) return message
    const { link } = this.#wires
    link.post({ type: 'want', id: this.#message.id, bytes: this.#takenWeight })
    link.flush()
    this.#takenWeight = 0
    return message
  }
}

function checkTimeout(timeoutMs: unknown): void {
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return
  throw new AppError(
    `timeoutMs of receive() must be a number of at least 0, or Infinity, got ${nameOf(timeoutMs)}`,
  )
}

// A structured clone copies the whole memory of a view.
function owned(event: SendEvent): SendEvent {
  if (event.type === 'websocket.send' && event.bytes)
    return { ...event, bytes: ownBytes(event.bytes) }
  return event
}
