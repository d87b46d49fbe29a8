// The seam between the engines and the exchanges. An engine moves bytes and asks the exchange for legality; the
// exchange returns its next steps as values. The test client is an engine too.

import type { ResponsePart } from '../async/http-exchange.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** The place where an engine listens. */
export type ServerAddress = { host: string; port: number } | { path: string }

/** An engine: sockets on one side, a dispatcher on the other. */
export interface Engine {
  /** Connections that are open, those of WebSockets included. */
  readonly connections: number
  /** Binds and accepts. Rejects with the system's own error (`EADDRINUSE` …). */
  listen(): Promise<ServerAddress>
  /**
   * Stops accepting, and still reads the requests that come on open connections. After `idleMs` it closes the idle
   * connections, and each other one after its response. Resolves when no connection is left.
   */
  drain(idleMs: number): Promise<void>
  /** Cuts every request that is still under way, so that no client can take its response for whole. */
  cutRequests(): void
  /** Closes the WebSockets that are still open, with 1001. */
  closeWebSockets(): void
  /** Cuts every connection that is left. */
  destroy(): void
}

/** The engine's side of one HTTP exchange. The engine reports to {@link HttpEvents}. */
export interface HttpTransport {
  /** Writes `100 Continue` (RFC 9110, 10.1.1). Called at most once, before the head. */
  continue(): void
  /** Writes a `103 Early Hints` with these headers (RFC 8297). */
  earlyHint(headers: HeaderPairs): void
  /** Writes head, chunk, trailers and end, in this order, each if it is there. False: wait for `onDrain`. */
  write(part: ResponsePart): boolean
  /** Body bytes may come; none comes before the first call. */
  resume(): void
  /** No body bytes until `resume`. */
  pause(): void
  /** Cuts the connection so that no client can take the response for whole. */
  destroy(): void
}

/** The reports of an engine about one HTTP exchange. Calls after the end are harmless. */
export interface HttpEvents {
  onBody(chunk: Uint8Array): void
  onBodyEnd(): void
  /** The peer took all that was written. */
  onDrain(): void
  /**
   * The connection ended before the response was whole, or the body cannot be read. Then the engine may answer in the
   * place of the app, with the parts in `answer`.
   */
  onDisconnect(answer?: readonly ResponsePart[]): void
}

/** The null {@link HttpEvents}: the engine reports here when no exchange is under way. */
export const IGNORED_EVENTS: HttpEvents = {
  onBody: () => undefined,
  onBodyEnd: () => undefined,
  onDrain: () => undefined,
  onDisconnect: () => undefined,
}

/** The engine's side of one WebSocket. The engine reports to {@link WebSocketEvents}. */
export interface WebSocketTransport {
  /**
   * Completes the handshake with 101, this subprotocol and these headers in order. False: the handshake cannot be
   * completed, and the connection closes.
   */
  accept(subprotocol: string | null, headers: HeaderPairs): boolean
  /** Answers the handshake with an HTTP response instead. False: wait for `onDrain`. */
  deny(part: ResponsePart): boolean
  /**
   * Sends one message: text for a string, binary for bytes. False: wait for `onDrain`, or for `onClose` if the
   * connection is closing, which drops the message.
   */
  send(message: string | Uint8Array): boolean
  /** Starts the closing handshake; the engine bounds the wait for the peer's answer. */
  close(code: number, reason: string): void
  pause(): void
  resume(): void
  /** Drops the connection without a closing handshake. */
  destroy(): void
}

/** The reports of an engine about one WebSocket. Calls after `onClose` are harmless. */
export interface WebSocketEvents {
  /** A whole message: fragments joined, text validated, the size within the limit. */
  onMessage(message: string | Uint8Array): void
  /** Delivered once: the peer's code, 1005 if its frame had none, 1006 if the connection dropped. */
  onClose(code: number, reason: string): void
  onDrain(): void
  /** Calls `callback` once the app has taken all messages and asks for the next event; at once if none is under way. */
  whenAnswered(callback: () => void): void
}
