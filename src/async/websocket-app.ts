// websocket(): an event app made from a handler that holds one socket.

import { ClientDisconnectedError, UnsupportedScopeError } from '../errors.ts'
import { harmless } from '../waiting/deferred.ts'
import type { AcceptOptions } from '../contract/accept-options.ts'
import type {
  EventApp,
  HeaderPairs,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'

/**
 * The function that {@link websocket} runs, once for each WebSocket.
 *
 * @inline
 */
type SocketHandler = (socket: AppSocket) => void | Promise<void>

/**
 * Makes an {@link EventApp} from a handler. After the handler returns, the socket closes with 1000; after it throws,
 * with 1011. A client that leaves ends the iteration. A `send` to a client that has left throws
 * {@link ClientDisconnectedError} (`ECONNRESET`); the handler need not catch it.
 *
 * A browser opens a WebSocket from a page of any site, and sends its cookies. The option `websocket.origins` of `serve()`,
 * or `cors()`, restricts the pages; by default all may connect.
 *
 * @throws {@link UnsupportedScopeError} (`ISTHMUS_UNSUPPORTED_SCOPE`) by the returned app, for scopes of other types
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
      // The loss of this client is a normal end. The handler may use other sockets, and the loss of one of those is a
      // failure.
      if (!(error instanceof ClientDisconnectedError && hasLeft(scope))) throw error
    }
  }
}

/**
 * The socket of one handler. The first `send`, `receive` or iteration accepts the handshake, unless
 * {@link AppSocket.accept} or {@link AppSocket.deny} has answered it before.
 */
export class AppSocket implements AsyncIterable<string | Uint8Array> {
  readonly scope: WebSocketScope
  readonly #receive: Receive
  readonly #send: Send
  #accepted: Promise<void> | undefined
  /** The number of sends that wait for the accept. Later sends wait too, to keep the order of the calls. */
  #waiting = 0
  #open = false
  #closed = false

  constructor(scope: WebSocketScope, receive: Receive, send: Send) {
    this.scope = scope
    this.#receive = receive
    this.#send = send
  }

  /** The subprotocols that the client offered, in its order of preference. */
  get subprotocols(): readonly string[] {
    return this.scope.subprotocols
  }

  /**
   * A signal that is aborted, with a reason, when the client leaves or the server shuts down. A handler that reads this
   * property gets the grace time to finish in a shutdown; the sockets of other handlers are closed with 1001 at once.
   */
  get signal(): AbortSignal {
    return this.scope['isthmus.exchange']?.signal ?? NEVER
  }

  /**
   * Completes the handshake with 101.
   *
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for a subprotocol that the client did not offer, or after
   *   another answer to the handshake
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed header, or one that only the server sets
   */
  accept(options: AcceptOptions = {}): Promise<void> {
    const accepted = harmless(this.#send({ type: 'websocket.accept', ...options }))
    this.#accepted ??= accepted
    // After a refused accept, the handler may try again, or deny the handshake.
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
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for another status, or after another answer to the
   *   handshake
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that would corrupt the response
   */
  deny(status: number, headers: HeaderPairs = [], body: string | Uint8Array = ''): Promise<void> {
    return harmless(this.#deny(status, headers, body))
  }

  /**
   * Sends one message: text for a string, binary for bytes. The promise resolves once the client keeps up.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client has left
   */
  send(message: string | Uint8Array): Promise<void> {
    const event: SendEvent =
      typeof message === 'string'
        ? { type: 'websocket.send', text: message }
        : { type: 'websocket.send', bytes: message }
    const accepted = this.#open && this.#waiting === 0
    return harmless(accepted ? this.#send(event) : this.#sendAccepted(event))
  }

  /** The next message; undefined after the client has left. */
  async receive(): Promise<string | Uint8Array | undefined> {
    if (!this.#open && !(await this.#acceptForReading())) return undefined
    const event = await this.#receive()
    return event.type === 'websocket.receive' ? (event.text ?? event.bytes ?? undefined) : undefined
  }

  /** All messages until the client leaves. A `break` out of the loop does not close the socket. */
  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array, undefined> {
    return {
      next: async () => {
        const value = await this.receive()
        return value === undefined ? { done: true, value } : { done: false, value }
      },
    }
  }

  /**
   * Closes the socket; a handshake that is not accepted yet is denied with 403. The call has no effect on a socket that
   * either side has closed.
   *
   * @param code 1000 to 1014 without 1004 to 1006, or 3000 to 4999; default 1000
   * @param reason at most 123 bytes in UTF-8; default empty
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for another code, or a longer reason
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
      // The close waits for the accept too, so that it comes after the earlier sends.
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
