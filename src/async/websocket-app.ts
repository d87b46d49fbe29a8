// websocket(): an event app made from a handler that holds one socket.

import { ClientDisconnectedError, IllegalEventError, UnsupportedScopeError } from '../errors.ts'
import { harmless, rejected } from '../waiting/deferred.ts'
import { TAKEN } from '../waiting/taken.ts'
import { SocketChannels } from './socket-channels.ts'
import { OVER, toStep } from './socket-reading.ts'
import { sendEventOf } from './websocket-event.ts'
import type { AcceptOptions } from '../contract/accept-options.ts'
import type { ChannelEvent, Joined } from '../contract/channels.ts'
import type {
  EventApp,
  HeaderPairs,
  Receive,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'
import type { SocketJoinOptions } from './joining-socket.ts'
import type { SocketStep } from './socket-reading.ts'

/**
 * The function that {@link websocket} runs, once for each WebSocket.
 *
 * @inline
 */
type SocketHandler<Event extends ChannelEvent> = (socket: AppSocket<Event>) => void | Promise<void>

/**
 * Makes an {@link EventApp} from a handler. After the handler returns, the socket closes with 1000; after it throws,
 * with 1011. A client that leaves ends the iteration. A `send` to a client that has left throws
 * {@link ClientDisconnectedError} (`ECONNRESET`); the handler need not catch it.
 *
 * A browser opens a WebSocket from a page of any site, and sends its cookies. The option `websocket.origins` of `serve()`,
 * or `cors()`, restricts the pages; by default all may connect.
 *
 * @typeParam Event `ChannelEvent` for a handler that reads the events of groups; see {@link AppSocket.join}
 * @throws {@link UnsupportedScopeError} (`ISTHMUS_UNSUPPORTED_SCOPE`) by the returned app, for scopes of other types
 * @example
 * const echo = websocket(async (socket) => {
 *   for await (const message of socket) await socket.send(message)
 * })
 */
export function websocket<Event extends ChannelEvent = never>(
  handler: SocketHandler<Event>,
): EventApp {
  return async (scope, receive, send) => {
    if (scope.type !== 'websocket') throw new UnsupportedScopeError(scope.type)
    if ((await receive()).type !== 'websocket.connect') return
    const socket = new AppSocket<Event>(scope, receive, send)
    let running: Promise<void>
    try {
      running = Promise.resolve(handler(socket))
    } catch (error) {
      running = rejected(error)
    }
    // Without `await`, which holds the frame of this function for as long as the WebSocket is open.
    return running.catch((error: unknown) => {
      // The loss of this client is a normal end. The loss of another socket that the handler uses is a failure.
      const isLoss = error instanceof ClientDisconnectedError
      if (!isLoss || !(hasLeft(scope) || AppSocket.wasTooSlow(socket))) throw error
    })
  }
}

/** @inline The text is a part of the message of the compiler. */
type Reader<Event> = [Event] extends [never] ? 'socket of websocket<ChannelEvent>(…)' : unknown

/**
 * The socket of one handler. The first `send`, `receive` or iteration accepts the handshake, unless
 * {@link AppSocket.accept} or {@link AppSocket.deny} has answered it before.
 */
export class AppSocket<Event extends ChannelEvent = never> implements AsyncIterable<
  string | Uint8Array | Event
> {
  readonly scope: WebSocketScope
  readonly #receive: Receive
  #send: Send
  #accepted: Promise<void> | undefined
  /** The number of sends that wait for the accept. Later sends wait too, to keep the order of the calls. */
  #waiting = 0
  #open = false
  #closed = false
  #channels: SocketChannels | undefined

  constructor(scope: WebSocketScope, receive: Receive, send: Send) {
    this.scope = scope
    this.#receive = receive
    this.#send = send
  }

  /** @internal Whether the socket was closed because of the policy `close` of its groups. */
  static wasTooSlow(socket: AppSocket<ChannelEvent>): boolean {
    return socket.#send === refuse
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
   * Sends one message: text for a string, binary for bytes, and the JSON text of an event of a group. The promise resolves
   * once the client keeps up.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client has left
   */
  send(message: string | Uint8Array | ChannelEvent): Promise<void> {
    const event = sendEventOf(message)
    const accepted = this.#open && this.#waiting === 0
    const sent = accepted ? this.#send(event) : this.#sendAccepted(event)
    return sent === TAKEN ? sent : harmless(sent)
  }

  /**
   * The next message of the client, or the next event of a group that was joined without `forward`; undefined after the
   * client has left. An abandoned call loses nothing.
   */
  async receive(): Promise<string | Uint8Array | Event | undefined> {
    return (await this.#next()).value
  }

  /**
   * All messages until the client leaves, and the events of the groups that were joined without `forward`. Both keep their
   * order, and take turns. A `break` out of the loop does not close the socket.
   */
  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array | Event, undefined> {
    return { next: () => this.#next() }
  }

  /**
   * Joins a group of `isthmus/channels`, after the accept. Its events come in the iteration and from `receive`, or with
   * `forward` go to the client. The socket leaves all groups at its end. A further join of a group replaces the first one. A
   * `receive` that waits already at the first join still waits for the client.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client has left; {@link InvalidOptionError}
   *   (`ISTHMUS_INVALID_OPTION`) for an impossible option; {@link InvalidChannelError} (`ISTHMUS_INVALID_CHANNEL`) for an
   *   impossible name or position; {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) after a denial or a close;
   *   {@link AppError} (`ISTHMUS_APP_FAULT`) under a host without channels
   * @example
   * const room = websocket(async (socket) => {
   *   await socket.join('room', { forward: true })
   *   for await (const text of socket) socket.scope['isthmus.channels']?.publish('room', text)
   * })
   */
  join(group: string, options: SocketJoinOptions & { forward: true }): Promise<Joined>
  join(this: Reader<Event>, group: string, options?: SocketJoinOptions): Promise<Joined>
  join(group: string, options: SocketJoinOptions = {}): Promise<Joined> {
    return harmless(this.#join(group, options))
  }

  /** Leaves a group: none of its events comes any more. Without effect for a group that is not joined. */
  leave(group: string): void {
    this.#channels?.leave(group)
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

  // Not an async function: a loop over the socket waits for each promise on the way, in each step.
  #next(): Promise<SocketStep<Event>> {
    const reading = this.#channels?.reading
    if (reading && this.#open) return reading.next() as Promise<SocketStep<Event>>
    return this.#open ? this.#receive().then(toStep) : this.#acceptAndNext()
  }

  async #acceptAndNext(): Promise<SocketStep<Event>> {
    return (await this.#acceptForReading()) ? this.#next() : OVER
  }

  async #join(group: string, options: SocketJoinOptions): Promise<Joined> {
    if (this.#closed && this.#send !== refuse) {
      throw new IllegalEventError('join() of a socket is illegal after its close()')
    }
    this.#channels ??= new SocketChannels(this.scope, {
      receive: this.#receive,
      send: this.#send,
      onSlow: () => this.#endSlow(),
    })
    // Before any wait, so that a read that follows gets the events.
    this.#channels.prepare(options)
    if (!this.#open) await this.#accept()
    return this.#channels.join(group, options)
  }

  // For the app this is the loss of its client.
  #endSlow(): void {
    this.#channels?.end()
    this.#closed = true
    const send = this.#send
    this.#send = refuse
    send({ type: 'websocket.close', code: 1013, reason: 'slow consumer' }).catch(() => undefined)
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

function refuse(): Promise<never> {
  return rejected(
    new ClientDisconnectedError('the client was too slow for the messages of its groups'),
  )
}

const NEVER = new AbortController().signal
