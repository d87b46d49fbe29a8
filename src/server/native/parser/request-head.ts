// What the native engine's parser says of a request head, and how much of one it takes.

import type { HeaderPairs } from '../../../contract/events.ts'
import type { RequestFraming } from './request-framing.ts'

/** How much a peer may send before its request is refused. The trailer section of a body has the same bounds. */
export interface HeadLimits {
  /** From the first byte of the request line to the end of the empty line; then 431. */
  maxHeadBytes: number
  /** Without its CRLF; then 414. */
  maxRequestLineBytes: number
  /** Field lines, then 431. */
  maxHeaderFields: number
}

/** A request head, taken apart and found well-formed. Nobody else has its arrays: do with them what you like. */
export interface ParsedHead extends RequestFraming {
  method: string
  /** As on the request line. */
  target: string
  httpVersion: '1.0' | '1.1'
  /** Lower-case names, latin-1 values without the white space around them, in order, duplicates kept. */
  headers: HeaderPairs
}
