// The legality of one WebSocket, without I/O: the app's events in, commands out. Engines, the test client
// and lint all ask this one machine.

import { ClientDisconnectedError, IllegalEventError } from '../errors.ts'
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

/** What an accepted event asks of the engine. */
type WebSocketCommand =
  | { type: 'accept'; subprotocol: string | null; headers: HeaderPairs }
  | { type: 'message'; message: string | Uint8Array }
  | { type: 'close'; code: number; reason: string }
  | { type: 'deny'; part: ResponsePart }
  | { type: 'hold' }

/**
 * `connecting`: the handshake is unanswered. `open`: accepted. `denying`: an HTTP response has begun instead.
 * `closing`: the app has closed. `closed`: over, by the app's own doing. `disconnected`: the peer has gone.
 */
type WebSocketState = 'connecting' | 'open' | 'denying' | 'closing' | 'closed' | 'disconnected'

/** What of the scope decides what is legal. */
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
 * One WebSocket as its app may use it.
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

  /** Nothing of an answer to the handshake is on the wire: {@link restart} is still possible. */
  get unanswered(): boolean {
    return this.#state === 'connecting' || (this.#state === 'denying' && !this.#denial?.headSent)
  }

  /** The denial can not become whole any more: the connection has to be cut. */
  get failed(): boolean {
    return this.#denial?.failed ?? false
  }

  /**
   * Takes the app's next event and says what to do.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) once the peer has gone
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for an event that is malformed or out of order
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that would break the handshake apart
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) for a denial of another length than announced
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

  /** The connection is gone, or given up: after the app's own close that is its end, before it a loss. */
  disconnect(): void {
    const ended = this.#state === 'closing' || this.#state === 'closed'
    this.#state = ended ? 'closed' : 'disconnected'
  }

  /** Forgets a denial of which nothing was sent, so that the server's own answer can take its place. */
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
        `the subprotocol of websocket.accept must be one that the client offered (${offered.join(', ') || 'none'}), got ${JSON.stringify(subprotocol)}`,
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

    // ASGI, "Close": a handshake that is closed instead of accepted is answered 403.
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
    const named = typeof type === 'string' ? `"${type}"` : `an event of type ${String(type)}`
    const legal = LEGAL[this.#state].join(' or ') || 'nothing more'
    return new IllegalEventError(
      `${named} is illegal while the WebSocket is ${this.#state}: send ${legal}`,
    )
  }
}
