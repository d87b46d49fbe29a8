// How a response, or a WebSocket, has ended.

/**
 * The end of an exchange.
 *
 * `outcome` of HTTP is `complete`; `disconnected` where the client left before the response was whole; `aborted` where
 * the app broke off or a shutdown cut it. Of a WebSocket it is `closed`; `denied`, or one of the other two before the
 * handshake was answered. An answer that the server gave for the app is a complete one, its `bytes` null.
 */
export interface ResponseEnd {
  readonly outcome: 'complete' | 'disconnected' | 'aborted' | 'closed' | 'denied'
  /** As the client may have seen it; null where there was none. */
  readonly status: number | null
  /** Of the body; null where only the server knows, and for a WebSocket. */
  readonly bytes: number | null
  /** How a WebSocket was closed (RFC 6455, 7.4); undefined for all that never was one. */
  readonly code: number | undefined
  /** What the app threw; undefined where it did not. */
  readonly error: unknown
}
