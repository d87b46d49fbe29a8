// The WebSocket of a sync app: blocking calls on one connection. Types only.

import type { AcceptOptions } from './accept-options.ts'

/** The options of {@link BlockingWebSocket.receive}. */
export interface ReceiveOptions {
  /** How long the call waits for a message, in ms, from 0 on. Default Infinity. */
  timeoutMs?: number | undefined
}

/**
 * `environ['wsgi.websocket']`: the WebSocket of a sync app that `threads()` hosts. Its calls block the thread, and only that
 * thread: the socket holds its thread from the call of the app to the end of the app. The name of the key is that of
 * gevent-websocket.
 *
 * The server calls the app once for each handshake. The first `send`, `receive` or iteration accepts the handshake. An app
 * that calls `startResponse` instead denies it with that response. After an accept the app returns an empty body; the socket
 * then closes with 1000, and with 1011 if the app throws. A {@link ClientDisconnectedError} of a client that has left may
 * escape the app.
 *
 * @see RFC 6455; ASGI HTTP & WebSocket 2.5, "WebSocket"
 *
 * @example
 * const echo: SyncApp = (environ) => {
 *   const socket = environ['wsgi.websocket']
 *   for (const message of socket ?? []) socket?.send(message)
 *   return []
 * }
 */
export interface BlockingWebSocket extends Iterable<string | Uint8Array> {
  /** The subprotocols that the client offered, in its order of preference. */
  readonly subprotocols: readonly string[]
  /**
   * `connecting`: the handshake has no answer yet. `open`: accepted. `closed`: the app has closed or denied it, or the client
   * has left. A read takes the messages that have arrived, so it works in a computation too.
   */
  readonly state: 'connecting' | 'open' | 'closed'
  /** The code of the end: that of the side that closed first, 1006 if the connection broke. Undefined before the end. */
  readonly closeCode: number | undefined
  /**
   * Completes the handshake with 101.
   *
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for a subprotocol that the client did not offer, or after
   *   another answer to the handshake
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed header, or one that only the server sets
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client has left
   */
  accept(options?: AcceptOptions): void
  /**
   * Blocks until the next message: a string for text, bytes for binary. Undefined after the client has left, and after
   * `close()`. Messages that came before the client left are returned first.
   *
   * @throws {@link ReceiveTimeoutError} (`ISTHMUS_RECEIVE_TIMEOUT`) if no message comes within `timeoutMs`; the socket stays
   *   usable
   */
  receive(options?: ReceiveOptions): string | Uint8Array | undefined
  /**
   * Sends one message: text for a string, binary for bytes. Blocks while 256 KiB or more wait for the client. The app may
   * change the bytes when the call returns.
   *
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the client has left
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for another value, or after `close()`
   */
  send(message: string | Uint8Array): void
  /** All messages until the client leaves. A `break` out of the loop does not close the socket. */
  [Symbol.iterator](): Iterator<string | Uint8Array, undefined>
  /**
   * Closes the socket; a handshake that is not accepted yet is denied with 403. The call has no effect on a socket that
   * either side has closed. It does not wait for the answer of the client.
   *
   * @param code 1000 to 1014 without 1004 to 1006, or 3000 to 4999; default 1000
   * @param reason at most 123 bytes in UTF-8; default empty
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for another code, or a longer reason
   */
  close(code?: number, reason?: string): void
}
