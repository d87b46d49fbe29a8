// The client's end of a WebSocket, which a test uses.

import { inTime } from './deadline.ts'
import { SocketClosedError } from './faults.ts'
import { appEnded } from './open-exchange.ts'
import { ResponseHeaders } from './test-response.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { SocketEnd } from './faults.ts'
import type { SocketMessage } from './socket-inbox.ts'
import type { OpenExchange } from './open-exchange.ts'
import type { MemoryWebSocketTransport } from './websocket-transport.ts'

/** An open WebSocket. */
export interface OpenWebSocket extends OpenExchange {
  transport: MemoryWebSocketTransport
}

/** A WebSocket that the app has accepted. The test that opens it closes it; `await using` does. */
export class WebSocketSession implements AsyncIterable<SocketMessage>, AsyncDisposable {
  /** The subprotocol that the app chose; null for none. */
  readonly subprotocol: string | null
  /** The headers that the app sent with its 101. */
  readonly headers: ResponseHeaders
  readonly #socket: OpenWebSocket

  /** @internal */
  constructor(
    socket: OpenWebSocket,
    accepted: { subprotocol: string | null; headers: HeaderPairs },
  ) {
    this.#socket = socket
    this.subprotocol = accepted.subprotocol
    this.headers = new ResponseHeaders(accepted.headers)
  }

  /** Resolves with the end of the socket, when either side has closed it. */
  get closed(): Promise<SocketEnd> {
    return this.#socket.transport.inbox.end
  }

  /**
   * Sends one message: text for a string, binary for bytes. Resolves when the server has taken it; it waits while the
   * receive queue of the app is full.
   *
   * @throws {@link SocketClosedError} `ISTHMUS_TEST_SOCKET_CLOSED`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`
   */
  async send(message: SocketMessage): Promise<void> {
    const { transport, deadlineMs, name } = this.#socket
    await inTime(transport.push(message), deadlineMs, () => `room for a message to ${name}`)
  }

  /**
   * Resolves with the next message from the app.
   *
   * @throws {@link SocketClosedError} `ISTHMUS_TEST_SOCKET_CLOSED`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`, or
   *   the error that escaped the app
   */
  async receive(): Promise<SocketMessage> {
    const { transport, run, deadlineMs, name } = this.#socket
    try {
      return await inTime(transport.inbox.read(), deadlineMs, () => `a message from ${name}`)
    } catch (error) {
      if (error instanceof SocketClosedError) run.raise()
      throw error
    }
  }

  /** Iterates over the messages up to the close. A test that leaves the loop early does not close the socket. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SocketMessage, undefined> {
    for (;;) {
      const message = await this.receive().catch(endOfMessages)
      if (message === undefined) return undefined
      yield message
    }
  }

  /**
   * Closes the socket after the messages that were sent, and resolves with its end. On a closed socket it has no
   * effect.
   *
   * @param code the close code; 1005 means a close frame without a code. Default 1000
   * @param reason default empty
   * @throws {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`
   */
  async close(code = 1000, reason = ''): Promise<SocketEnd> {
    const { transport, deadlineMs, name } = this.#socket
    transport.leave(code, reason)
    return await inTime(this.closed, deadlineMs, () => `the end of ${name}`)
  }

  /** Drops the connection without a closing handshake: the app sees 1006. */
  drop(): void {
    this.#socket.transport.abandon()
  }

  /** Resolves when the app has ended; throws the error that escaped it. */
  finished(): Promise<void> {
    return appEnded(this.#socket)
  }

  /** Closes with 1000 if the socket is open, then waits for the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await this.finished()
  }
}

function endOfMessages(error: unknown): undefined {
  if (error instanceof SocketClosedError) return undefined
  throw error
}
