// The comfortable way to write a WebSocket app: a handler that holds one socket.

import { ClientDisconnectedError, UnsupportedScopeError } from '../errors.ts'
import { harmless } from '../waiting/deferred.ts'
import type {
  EventApp,
  HeaderPairs,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'

/** What of its 101 an app decides. */
interface AcceptOptions {
  /** One of {@link AppSocket.subprotocols}; default none. */
  subprotocol?: string
  /** Sent with the 101, in order. Default none. */
  headers?: HeaderPairs
}

/** What {@link websocket} runs, once for each WebSocket. */
type SocketHandler = (socket: AppSocket) => void | Promise<void>

/**
 * Makes an {@link EventApp} of a handler. When the handler returns, the socket is closed with 1000; when it
 * throws, with 1011. A client that leaves ends the iteration; a `send` that finds it gone throws
 * {@link ClientDisconnectedError} (`ECONNRESET`), which may escape the handler without harm.
 *
 * @throws {@link UnsupportedScopeError} (`ISTHMUS_UNSUPPORTED_SCOPE`), from the app, for scopes of other types
 * @example
 * const echo = websocket(async (socket) => {
 *   for await (const message of socket) await socket.send(message)
 * })
 */
export function websocket(handler: SocketHandler): EventApp {
  return async (scope, receive, send) => {
    if (scope.type !== 'websocket') throw new UnsupportedScopeError(scope.type)
    const { type } = await receive()
    if (type !== 'websocket.connect') return

    try {
      await handler(new AppSocket(scope, receive, send))
    } catch (error) {
      // Only this client's leaving is no failure: the loss of another socket is one.
      if (!(error instanceof ClientDisconnectedError && hasLeft(scope))) throw error
    }
  }
}

/**
 * One WebSocket, as its handler holds it. The first `send`, `receive` or iteration accepts the handshake
 * unless {@link AppSocket.accept} or {@link AppSocket.deny} answered it before.
 */
export class AppSocket implements AsyncIterable<string | Uint8Array> {
  readonly scope: WebSocketScope
  readonly #receive: Receive
  readonly #send: Send
  #accepted: Promise<void> | undefined
  /** Sends that wait for the accept; those behind them wait too, to keep the order of their calls. */
  #waiting = 0
  #open = false
  #closed = false

  constructor(scope: WebSocketScope, receive: Receive, send: Send) {
    this.scope = scope
    this.#receive = receive
    this.#send = send
  }

  /** What the client offered, in its order of preference. */
  get subprotocols(): readonly string[] {
    return this.scope.subprotocols
  }

  /** Aborted, with a reason, when the client leaves or the server shuts down. Whoever asks for it is told of
   * a shutdown and given the grace to finish; for others the server closes with 1001 at once. */
  get signal(): AbortSignal {
    return this.scope['isthmus.exchange']?.signal ?? NEVER
  }

  /**
   * Completes the handshake with 101.
   *
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for a subprotocol that was not offered, or when the
   *   handshake was answered before
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed header or one of the server's own
   */
  accept(options: AcceptOptions = {}): Promise<void> {
    const accepted = harmless(this.#send({ type: 'websocket.accept', ...options }))
    this.#accepted ??= accepted
    // A refused accept may be tried again, or turned into a denial.
    accepted.catch(() => {
      if (this.#accepted === accepted) this.#accepted = undefined
    })
    return accepted
  }

  /**
   * Answers the handshake with an HTTP response instead.
   *
   * @param status 200 to 999, normally a 4xx
   * @param headers default none
   * @param body default empty
   */
  deny(status: number, headers: HeaderPairs = [], body: string | Uint8Array = ''): Promise<void> {
    return harmless(this.#deny(status, headers, body))
  }

  /**
   * Sends one message: text for a string, binary for bytes. Resolves once the client keeps up.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) when the client has left
   */
  send(message: string | Uint8Array): Promise<void> {
    const event: SendEvent =
      typeof message === 'string'
        ? { type: 'websocket.send', text: message }
        : { type: 'websocket.send', bytes: message }
    const accepted = this.#open && this.#waiting === 0
    return harmless(accepted ? this.#send(event) : this.#sendAccepted(event))
  }

  /** The next message; undefined once the client has left. */
  async receive(): Promise<string | Uint8Array | undefined> {
    if (!this.#open && !(await this.#acceptForReading())) return undefined
    const event = await this.#receive()
    return event.type === 'websocket.receive' ? (event.text ?? event.bytes ?? undefined) : undefined
  }

  /** The messages up to the client's leaving. Leaving the loop early does not close the socket. */
  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array, undefined> {
    return {
      next: async () => {
        const value = await this.receive()
        return value === undefined ? { done: true, value } : { done: false, value }
      },
    }
  }

  /**
   * Closes the socket; before it is accepted that is a denial with 403. A socket that is closed already, by
   * either side, stays as it is.
   *
   * @param code 1000 to 1014 without 1004 to 1006, or 3000 to 4999; default 1000
   * @param reason at most 123 bytes in UTF-8; default empty
   */
  close(code = 1000, reason = ''): Promise<void> {
    return harmless(this.#close(code, reason))
  }

  async #accept(): Promise<void> {
    await (this.#accepted ?? this.accept())
    this.#open = true
  }

  async #acceptForReading(): Promise<boolean> {
    try {
      await this.#accept()
      return true
    } catch (error) {
      if (error instanceof ClientDisconnectedError) return false
      throw error
    }
  }

  async #deny(status: number, headers: HeaderPairs, body: string | Uint8Array): Promise<void> {
    await this.#send({ type: 'websocket.http.response.start', status, headers })
    await this.#send({ type: 'websocket.http.response.body', body })
  }

  async #sendAccepted(event: SendEvent): Promise<void> {
    this.#waiting += 1
    try {
      await this.#accept()
    } finally {
      this.#waiting -= 1
    }
    await this.#send(event)
  }

  async #close(code: number, reason: string): Promise<void> {
    if (this.#closed) return
    try {
      // The same wait as that of the sends before it, so that it stays behind them.
      if (this.#accepted) await this.#accept()
      await this.#send({ type: 'websocket.close', code, reason })
      this.#closed = true
    } catch (error) {
      if (!(error instanceof ClientDisconnectedError)) throw error
    }
  }
}

function hasLeft(scope: WebSocketScope): boolean {
  let left = false
  scope['isthmus.exchange']?.onDisconnect(() => {
    left = true
  })
  return left
}

const NEVER = new AbortController().signal
