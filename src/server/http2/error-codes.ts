// The error codes of HTTP/2 that the server sends (RFC 9113, 7).

/** The end of a stream or a session without an error. */
export const NO_ERROR = 0x0
/** The response of a stream broke off. */
export const INTERNAL_ERROR = 0x2
/** The client behaves in a way that costs the server too much. */
export const ENHANCE_YOUR_CALM = 0xb
