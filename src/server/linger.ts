// The bounds for the rest of a request body that no app reads. Closing a socket with unread bytes resets it, and the client
// loses the response (RFC 9112, 9.6). So the server reads the rest and drops it.

/** A rest of this size, or less, is read to keep the connection. A larger rest ends the connection with the response. */
export const MAX_KEPT_REST_BYTES: number = 1024 * 1024
/** The most bytes that the server drops after a response that ends the connection. A fast client sends the rest at once. */
export const MAX_DROPPED_BYTES: number = 1024 * 1024 * 1024
/** The longest pause of a client that still sends, in ms. */
export const MAX_PAUSE_MS = 5_000
/** The longest time that the server drops bytes, in ms: a slow client cannot make it read for ever. */
export const MAX_LINGER_MS = 30_000
/** The time for a client to take the response and to end its side, in ms, when no body is on its way. */
export const CLOSING_MS = 2_000
