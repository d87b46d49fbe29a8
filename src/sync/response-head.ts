// The arguments of startResponse: their checks, and the head that they announce.

import { InvalidHeaderError } from '../errors.ts'
import { checkedHeaders, isDigits, ownCopy } from '../http/headers.ts'
import { nameOf } from '../name-of.ts'
import { describe } from './chunk.ts'
import type { StartResponseHeaders } from '../contract/environ.ts'
import type { HeaderPairs } from '../contract/events.ts'

// Three digits, one space, and a reason that may be empty and neither begins nor ends with a space.
const STATUS = /^[2-5]\d\d (?:(?! )[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/
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

interface Status {
  code: number
  reason: string
}

/** The head that an app announced. */
export interface AnnouncedHead {
  readonly status: number
  readonly reason: string
  /** Names in lower case, order and duplicates kept. A copy: the host may change it. */
  readonly headers: HeaderPairs
  /** The app's Content-Length; undefined if it announced none, or for a 204. */
  readonly contentLength: number | undefined
}

/**
 * Checks the arguments of startResponse (PEP 3333, "The start_response() Callable"). Equal Content-Lengths become one,
 * and a 204 loses its Content-Length (RFC 9110, 8.6).
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed status or header, and for a hop-by-hop header
 *
 * @example
 * announcedHead('200 OK', [['ETag', '"1"']]) // { status: 200, reason: 'OK', headers: [['etag', '"1"']], … }
 */
export function announcedHead(status: string, headers: StartResponseHeaders): AnnouncedHead {
  const { code, reason } = knownStatuses.get(status) ?? checkedStatus(status)
  const sent = checkedHeaders(headers)
  refuseHopByHop(sent)

  const contentLength = foldedLength(sent)
  if (code !== 204) return { status: code, reason, headers: sent, contentLength }
  const others = sent.filter(([name]) => name !== 'content-length')
  return { status: code, reason, headers: others, contentLength: undefined }
}

// Apps repeat a few statuses, so a look-up replaces the second check of a status.
const knownStatuses = new Map<string, Status>()
const MAX_KNOWN_STATUSES = 64

function checkedStatus(text: unknown): Status {
  if (typeof text !== 'string') {
    throw new InvalidHeaderError(
      `the status must be a string such as '200 OK', got ${describe(text)}`,
    )
  }
  if (!STATUS.test(text)) {
    throw new InvalidHeaderError(
      `the status ${nameOf(text)} is not three digits from 200 to 599, one space and a reason, such as '200 OK'`,
    )
  }
  const status = { code: Number(text.slice(0, 3)), reason: ownCopy(text.slice(4)) }
  if (knownStatuses.size < MAX_KNOWN_STATUSES) knownStatuses.set(ownCopy(text), status)
  return status
}

function refuseHopByHop(headers: HeaderPairs): void {
  for (const [name] of headers) {
    if (name === 'status') {
      throw new InvalidHeaderError(
        'the status is an argument of startResponse, not a header "status"',
      )
    }
    if (!HOP_BY_HOP.has(name)) continue
    throw new InvalidHeaderError(`header "${name}" is hop-by-hop: leave it to the server`)
  }
}

// Removes all Content-Lengths but the first, and returns its value.
function foldedLength(headers: HeaderPairs): number | undefined {
  let length: number | undefined
  for (let index = 0; index < headers.length; index += 1) {
    const [name, value] = headers[index] as [string, string]
    if (name !== 'content-length') continue
    const announced = parsedLength(value)
    if (length === undefined) {
      length = announced
      continue
    }
    if (announced !== length) {
      throw new InvalidHeaderError(`two Content-Lengths: ${length} and ${value}; announce one`)
    }
    headers.splice(index, 1)
    index -= 1
  }
  return length
}

function parsedLength(value: string): number {
  const length = isDigits(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(length)) return length
  throw new InvalidHeaderError(
    `Content-Length ${nameOf(value)} is not a number of bytes in plain digits`,
  )
}
