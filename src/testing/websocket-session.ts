// One end of a WebSocket, as a test holds it.

import { SocketClosedError } from './faults.ts'
import { ResponseHeaders } from './response.ts'
import { inTime } from './deadline.ts'
import { finished } from './open.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { SocketEnd } from './faults.ts'
import type { Message } from './message-pipe.ts'
import type { Open } from './open.ts'
import type { MemoryWebSocketTransport } from './websocket-transport.ts'

/** One WebSocket, and what becomes of the app on it. */
export interface OpenSocket extends Open {
  transport: MemoryWebSocketTransport
}

/** A WebSocket that the app has accepted. Whoever opened it closes it; `await using` does. */
export class WebSocketSession implements AsyncIterable<Message>, AsyncDisposable {
  /** The subprotocol that the app chose; null for none. */
  readonly subprotocol: string | null
  /** The headers that the app sent with its 101. */
  readonly headers: ResponseHeaders
  readonly #socket: OpenSocket

  constructor(socket: OpenSocket, accepted: { subprotocol: string | null; headers: HeaderPairs }) {
    this.#socket = socket
    this.subprotocol = accepted.subprotocol
    this.headers = new ResponseHeaders(accepted.headers)
  }

  /** Resolves when the socket is closed, by either side. */
  get closed(): Promise<SocketEnd> {
    return this.#socket.transport.inbox.end
  }

  /**
   * Sends one message: text for a string, binary for bytes. Resolves when the app's side has taken it, which
   * is later when its queue is full.
   *
   * @throws {@link SocketClosedError} `ISTHMUS_TEST_SOCKET_CLOSED`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`
   */
  async send(message: Message): Promise<void> {
    const { transport, deadlineMs, name } = this.#socket
    await inTime(transport.push(message), deadlineMs, () => `room for a message to ${name}`)
  }

  /**
   * The next message from the app.
   *
   * @throws {@link SocketClosedError} `ISTHMUS_TEST_SOCKET_CLOSED`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`, or
   *   what escaped the app
   */
  async receive(): Promise<Message> {
    const { transport, run, deadlineMs, name } = this.#socket
    try {
      return await inTime(transport.inbox.read(), deadlineMs, () => `a message from ${name}`)
    } catch (error) {
      if (error instanceof SocketClosedError) run.raise()
      throw error
    }
  }

  /** The messages up to the close. Leaving the loop early does not close the socket. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    for (;;) {
      const message = await this.receive().catch(endOfMessages)
      if (message === undefined) return undefined
      yield message
    }
  }

  /**
   * Closes the socket, behind the messages that were sent, and resolves with how it ended. Closing a closed
   * socket changes nothing.
   *
   * @param code default 1000; 1005 stands for a close frame without a code
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

  /** Resolves when the app has ended; throws what escaped it. */
  finished(): Promise<void> {
    return finished(this.#socket)
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
