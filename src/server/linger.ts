// The bounds for clients at the end of a connection, and for the rest of a request body that no app reads. Closing a socket
// with unread bytes resets it, and the client loses the response (RFC 9112, 9.6). So the server reads the rest and drops it:
// as long as bytes arrive, and up to limits that fit a fast upload, so that a client cannot make the server read for ever.

/**
 * The longest rest, in bytes, that is dropped so that the connection can serve further requests. A new connection costs the
 * client less than a longer rest.
 */
export const MAX_REST_BYTES: number = 1024 * 1024
/** The most bytes that are dropped after the end of a response that closes the connection. */
export const MAX_DROPPED_BYTES: number = 1024 * 1024 * 1024
/** The longest time that bytes are dropped, in ms. */
export const LINGER_MS = 30_000
/** The longest pause between two bytes of an upload, in ms. */
export const UPLOAD_SILENCE_MS = 5_000
/** The longest pause between two bytes of other clients, in ms. */
export const SILENCE_MS = 2_000
/** The time of a client that has ended its side before it has its response, in ms: it may still read, or it has left. */
export const HALF_CLOSED_MS = 200
/** The time after which such a client is looked at again while it takes its response, in ms. */
export const STILL_TAKING_MS = 1_000
