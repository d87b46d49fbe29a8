// The arguments of startResponse: their grammar, and the head that they announce.

import { InvalidHeader } from '../errors.ts'
import { checkedHeaders } from '../headers.ts'
import { describe } from './chunk.ts'
import type { StartResponseHeaders } from '../contract/environ.ts'
import type { HeaderPairs } from '../contract/events.ts'

// Three digits, one space, and a reason that neither begins nor ends with one; it may be empty.
const STATUS = /^[2-5]\d\d (?:(?! )[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/
const DIGITS = /^\d+$/
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
])

/** What an app announced. */
export interface AnnouncedHead {
  readonly status: number
  readonly reason: string
  /** Names in lower case, order and duplicates kept; a copy that belongs to whoever reads it. */
  readonly headers: HeaderPairs
  /** What the app's Content-Length says, where it has a meaning. */
  readonly contentLength: number | undefined
}

/**
 * Checks the arguments of startResponse (PEP 3333, "The start_response() Callable").
 * Repeats of one Content-Length become one; a 204 has none (RFC 9110, 8.6).
 *
 * @param onDropped given where hop-by-hop headers are dropped: gets each name; else they are refused
 * @throws InvalidHeader (`ISTHMUS_INVALID_HEADER`)
 *
 * @example
 * announcedHead('200 OK', [['ETag', '"1"']]) // { status: 200, reason: 'OK', headers: [['etag', '"1"']], … }
 */
export function announcedHead(
  status: string,
  headers: StartResponseHeaders,
  onDropped?: (name: string) => void,
): AnnouncedHead {
  checkStatus(status)
  const code = Number(status.slice(0, 3))
  const sent = endToEnd(checkedHeaders(headers), onDropped)

  let contentLength = foldedLength(sent)
  if (contentLength !== undefined && code === 204) {
    sent.splice(sent.findIndex(isContentLength), 1)
    contentLength = undefined
  }
  return { status: code, reason: status.slice(4), headers: sent, contentLength }
}

/** Whether a response to `method` with `status` has content (RFC 9110, 6.4.1). */
export function hasContent(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304
}

function checkStatus(status: unknown): void {
  if (typeof status !== 'string') {
    throw new InvalidHeader(`the status must be a string such as '200 OK', got ${describe(status)}`)
  }
  if (!STATUS.test(status)) {
    throw new InvalidHeader(
      `the status ${JSON.stringify(status)} is not three digits from 200 to 599, one space and a reason, as '200 OK' is`,
    )
  }
}

function endToEnd(headers: HeaderPairs, onDropped?: (name: string) => void): HeaderPairs {
  let dropped = false
  for (const [name] of headers) {
    if (name === 'status') {
      throw new InvalidHeader('the status is an argument of startResponse, not a header "status"')
    }
    if (!HOP_BY_HOP.has(name)) continue
    if (onDropped === undefined) {
      throw new InvalidHeader(`header "${name}" is hop-by-hop: leave it to the server`)
    }
    onDropped(name)
    dropped = true
  }
  return dropped ? headers.filter(([name]) => !HOP_BY_HOP.has(name)) : headers
}

function foldedLength(headers: HeaderPairs): number | undefined {
  const first = headers.findIndex(isContentLength)
  if (first < 0) return undefined

  const length = parsedLength(headers[first]?.[1] ?? '')
  for (let index = headers.length - 1; index > first; index -= 1) {
    const [name, value] = headers[index] ?? ['', '']
    if (name !== 'content-length') continue
    if (parsedLength(value) !== length) {
      throw new InvalidHeader(`two Content-Lengths: ${length} and ${value}; announce one`)
    }
    headers.splice(index, 1)
  }
  return length
}

function parsedLength(value: string): number {
  const length = DIGITS.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(length)) return length
  throw new InvalidHeader(
    `Content-Length ${JSON.stringify(value)} is not a number of bytes in plain digits`,
  )
}

function isContentLength(pair: readonly [string, string]): boolean {
  return pair[0] === 'content-length'
}
