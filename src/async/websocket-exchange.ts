// The state machine that checks the events of one WebSocket. It does no I/O: it takes the app's events and returns
// commands. The engines, the test client and lint all use it.

import { ClientDisconnectedError, IllegalEventError } from '../errors.ts'
import { nameOf } from '../name-of.ts'
import { HttpExchange } from './http-exchange.ts'
import { checkedClose, checkedHandshakeHeaders, checkedMessage } from './websocket-event.ts'
import type {
  HeaderPairs,
  HttpSendEvent,
  SendEvent,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketScope,
} from '../contract/events.ts'
import type { ResponsePart } from './http-exchange.ts'
import type { Identity } from './framing.ts'

/** The engine's next action after an accepted event. */
type WebSocketCommand =
  | { type: 'accept'; subprotocol: string | null; headers: HeaderPairs }
  | { type: 'message'; message: string | Uint8Array }
  | { type: 'close'; code: number; reason: string }
  | { type: 'deny'; part: ResponsePart }
  | { type: 'hold' }

/**
 * `connecting`: the handshake has no answer yet. `open`: accepted. `denying`: an HTTP response has begun instead.
 * `closing`: the app has closed. `closed`: over, ended by the app. `disconnected`: over, because the peer has gone.
 */
type WebSocketState = 'connecting' | 'open' | 'denying' | 'closing' | 'closed' | 'disconnected'

/** The facts of the scope that decide which events are legal. */
type Handshake = Pick<WebSocketScope, 'httpVersion' | 'subprotocols'>

const LEGAL: Record<WebSocketState, readonly string[]> = {
  connecting: ['websocket.accept', 'websocket.close', 'websocket.http.response.start'],
  open: ['websocket.send', 'websocket.close'],
  denying: ['websocket.http.response.body'],
  closing: [],
  closed: [],
  disconnected: [],
}

/**
 * Checks the events that an app sends to one WebSocket.
 *
 * @see ASGI HTTP & WebSocket 2.5, "WebSocket"; ASGI extensions, "WebSocket Denial Response"
 */
export class WebSocketExchange {
  readonly #handshake: Handshake
  readonly #identity: Identity
  #state: WebSocketState = 'connecting'
  #denial: HttpExchange | undefined

  constructor(handshake: Handshake, identity: Identity) {
    this.#handshake = handshake
    this.#identity = identity
  }

  get state(): WebSocketState {
    return this.#state
  }

  /** No byte of an answer to the handshake is on the wire, so {@link restart} is still possible. */
  get unanswered(): boolean {
    return this.#state === 'connecting' || (this.#state === 'denying' && !this.#denial?.headSent)
  }

  /** The denial cannot become whole any more: the engine has to cut the connection. */
  get failed(): boolean {
    return this.#denial?.failed ?? false
  }

  /**
   * Takes the app's next event and returns the engine's next action.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) after the peer has gone
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for an event that is malformed or out of order
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that would corrupt the handshake
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) for a denial whose length differs from
   *   the announced one
   */
  accept(event: SendEvent): WebSocketCommand {
    if (this.#state === 'disconnected') throw new ClientDisconnectedError()
    if (!LEGAL[this.#state].includes(event?.type)) throw this.#illegal(event)

    switch (event.type) {
      case 'websocket.accept':
        return this.#open(event)
      case 'websocket.send':
        return { type: 'message', message: checkedMessage(event) }
      case 'websocket.close':
        return this.#close(event)
      case 'websocket.http.response.start':
        return this.#deny({ ...event, type: 'http.response.start', trailers: false })
      case 'websocket.http.response.body':
        return this.#deny({ ...event, type: 'http.response.body' })
      default:
        throw this.#illegal(event)
    }
  }

  /**
   * Ends the WebSocket, because its connection has ended. The state is `closed` after the app's own close, else
   * `disconnected`.
   */
  disconnect(): void {
    const ended = this.#state === 'closing' || this.#state === 'closed'
    this.#state = ended ? 'closed' : 'disconnected'
  }

  /** Forgets a denial that is not on the wire yet, so that the server's own answer can replace it. */
  restart(): void {
    if (!this.unanswered)
      throw new IllegalEventError('the handshake was answered: it cannot be taken back')
    this.#state = 'connecting'
    this.#denial = undefined
  }

  #open(event: WebSocketAcceptEvent): WebSocketCommand {
    const subprotocol = event.subprotocol ?? null
    const offered = this.#handshake.subprotocols
    if (subprotocol !== null && !offered.includes(subprotocol)) {
      throw new IllegalEventError(
        `the subprotocol of websocket.accept must be one that the client offered (${offered.join(', ') || 'none'}), got ${nameOf(subprotocol)}`,
      )
    }
    const headers = checkedHandshakeHeaders(event.headers ?? [])
    this.#state = 'open'
    return { type: 'accept', subprotocol, headers }
  }

  #close(event: WebSocketCloseEvent): WebSocketCommand {
    const { code, reason } = checkedClose(event)
    if (this.#state === 'open') {
      this.#state = 'closing'
      return { type: 'close', code, reason }
    }

    // ASGI, "Close": the answer to a handshake that the app closes is 403.
    this.#deny({ type: 'http.response.start', status: 403 })
    return this.#deny({ type: 'http.response.body' })
  }

  #deny(event: HttpSendEvent): WebSocketCommand {
    const denial = (this.#denial ??= this.#newDenial())
    const command = denial.accept(event)
    this.#state = denial.complete ? 'closed' : 'denying'
    return command.type === 'write' ? { type: 'deny', part: command.part } : { type: 'hold' }
  }

  #newDenial(): HttpExchange {
    const { httpVersion } = this.#handshake
    const facts = { method: 'GET', httpVersion, keepAlive: false, acceptsTrailers: false }
    return new HttpExchange(facts, this.#identity)
  }

  #illegal(event: unknown): IllegalEventError {
    const type = (event as { type?: unknown } | null | undefined)?.type
    const named = typeof type === 'string' ? nameOf(type) : `an event of type ${nameOf(type)}`
    const legal = LEGAL[this.#state].join(' or ') || 'nothing more'
    return new IllegalEventError(
      `${named} is illegal while the WebSocket is ${this.#state}: send ${legal}`,
    )
  }
}
