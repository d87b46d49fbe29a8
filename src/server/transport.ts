// The small interface between an engine and the exchange it serves. An engine moves bytes; legality is
// asked of the exchange, and what to do next comes from it as values. The test client is an engine too.

import type { ResponsePart } from '../async/http-exchange.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** What an engine offers for one HTTP exchange. It calls {@link HttpEvents} back. */
export interface HttpTransport {
  /** Writes `100 Continue` (RFC 9110, 10.1.1). Called at most once, before the head. */
  continue(): void
  /** Writes a `103 Early Hints` with these headers (RFC 8297). */
  earlyHint(headers: HeaderPairs): void
  /** Writes, in this order, what is there: head, chunk, trailers, end. False: wait for `onDrain`. */
  write(part: ResponsePart): boolean
  /** Body bytes may come; nothing comes before the first call. */
  resume(): void
  /** No body bytes until `resume`. */
  pause(): void
  /** Cuts the connection so that no client can take the response for whole. */
  destroy(): void
}

/** What an engine reports of one HTTP exchange. Calls after the end are harmless. */
export interface HttpEvents {
  onBody(chunk: Uint8Array): void
  onBodyEnd(): void
  /** The peer took what was written. */
  onDrain(): void
  /** The connection is gone before the response was whole. */
  onDisconnect(): void
}

/** What an engine offers for one WebSocket. It calls {@link WebSocketEvents} back. */
export interface WebSocketTransport {
  /** Completes the handshake with 101, this subprotocol and these headers in order. */
  accept(subprotocol: string | null, headers: HeaderPairs): void
  /** Answers the handshake with an HTTP response instead. False: wait for `onDrain`. */
  deny(part: ResponsePart): boolean
  /** Sends one message: text for a string, binary for bytes. False: wait for `onDrain`. */
  send(message: string | Uint8Array): boolean
  /** Starts the closing handshake; the engine bounds the wait for the peer's answer. */
  close(code: number, reason: string): void
  pause(): void
  resume(): void
  /** Drops the connection without a closing handshake. */
  destroy(): void
}

/** What an engine reports of one WebSocket. Calls after `onClose` are harmless. */
export interface WebSocketEvents {
  /** A whole message: fragments joined, text validated, the size within the limit. */
  onMessage(message: string | Uint8Array): void
  /** Delivered once: the peer's code, 1005 if its frame had none, 1006 if the connection dropped. */
  onClose(code: number, reason: string): void
  onDrain(): void
}
