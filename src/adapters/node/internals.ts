// The inner parts of node:http that the adapter replaces or reads. They are not in its documentation, so a test checks
// each of them on every version of Node.

import { IncomingMessage, ServerResponse } from 'node:http'

/** A callback of `write()` or `end()`. */
export type WriteCallback = (error?: Error | null) => void

/** The encoding argument of `write()`; node:http passes null for bytes. */
export type Encoding = BufferEncoding | null | undefined

/** The headers argument of `writeHead()`, as node:http hands it on. */
export type GivenHeaders = Record<string, unknown> | readonly unknown[] | undefined

/** The inner methods and fields of `ServerResponse`. */
interface ResponseInternals {
  /** The text of the head. Middleware reads it to see whether the head was made. */
  _header: string | null
  _headerSent: boolean
  _contentLength: number | null
  /** The trailers of `addTrailers()` as text. */
  _trailer: string
  _closed: boolean
  destroyed: boolean
  readonly _eventsCount: number
  /** The response has content: the request is not HEAD, and the status is not 204 or 304. */
  readonly _hasBody: boolean
  /** Makes the head. */
  _storeHeader(statusLine: string, headers: GivenHeaders): void
  /** Takes the bytes of the body, and those that node:http adds. */
  _send(data: string | Uint8Array, encoding?: Encoding, callback?: WriteCallback): boolean
  /** Every way to the end of a response comes here, inside of `end()`. */
  _finish(): void
}

/** The inner methods and fields of `IncomingMessage`. */
interface RequestInternals {
  /** The app has begun to read. */
  readonly _consuming: boolean
  readonly _eventsCount: number
  _addHeaderLines(lines: readonly string[], count: number): void
  _destroy(error: Error | null, callback: WriteCallback): void
}

/** A response of node:http with its inner parts. */
export type InnerResponse = ServerResponse & ResponseInternals
/** A request of node:http with its inner parts. */
export type InnerRequest = IncomingMessage & RequestInternals

/** The key of the flag that a response waits for `drain`. */
export const NEEDS_DRAIN: symbol = needsDrainKey()

// The symbol is not exported: a response has it from birth.
function needsDrainKey(): symbol {
  const response = new ServerResponse(new IncomingMessage(null as never))
  const key = Object.getOwnPropertySymbols(response).find(
    ({ description }) => description === 'kNeedDrain',
  )
  return key ?? Symbol('kNeedDrain')
}
