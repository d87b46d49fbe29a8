// The limits of a request head.

/** How much a peer may send before its request is refused. The trailer section of a body has the same limits. */
export interface HeadLimits {
  /** From the first byte of the request line to the end of the empty line; then 431. */
  maxHeadBytes: number
  /** Without its CRLF; then 414. */
  maxRequestLineBytes: number
  /** Field lines, then 431. */
  maxHeaderFields: number
}
