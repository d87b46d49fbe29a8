// Makes the head and the body of a request from its description in a test.

import { InvalidOptionError } from '../errors.ts'
import { checkedHeaders, getHeader } from '../http/headers.ts'
import { nameOf } from '../name-of.ts'
import { jsonBody, preparedBody } from './request-body.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { ReadHead } from '../server/checked-head.ts'
import type { BodySource, PreparedBody } from './request-feed.ts'
import type { Departure, TestBody } from './request-body.ts'

/** Request headers: an object, pairs in order, or a `Headers`. */
export type TestHeaders =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>

/** A request, as a test describes it. */
export interface TestRequest {
  /** Headers after `host`, in order. White space around a value is removed, as on a socket. Default none. */
  headers?: TestHeaders | undefined
  /**
   * The body. A body of known size is sent with its Content-Length, and an iterable or a stream is sent chunked. It
   * sets the Content-Type that `fetch` sets, unless `headers` have one. Default none.
   */
  body?: TestBody | undefined
  /** A value that is sent as the body, with the content type `application/json`. */
  json?: unknown
  /** Cuts a whole body into chunks: all of one size, or chunks of these sizes and one with the rest. Default one chunk. */
  split?: number | readonly number[] | undefined
  /** Sends `Expect: 100-continue`, and the body only when the app reads it. Default false. */
  expectContinue?: boolean | undefined
  /** Default `1.1`. */
  httpVersion?: '1.0' | '1.1' | undefined
  /** When the client leaves: at once, or after a number of bytes. By default it stays. */
  disconnect?: Departure | undefined
  /** The bytes of the response that may wait unread before the app's `send()` has to wait. Default 65,536. */
  highWaterMark?: number | undefined
  /** How long each wait of this request may take, in ms. Default: the client's. */
  deadlineMs?: number | undefined
}

/** The two ends of the connection that the app sees. */
export interface ClientSide {
  host: string
  port: number
  secure: boolean
  /** The client's address; null if it is unknown. */
  client: [host: string, port: number] | null
}

/** A request that is ready to be sent. */
interface PreparedRequest {
  head: ReadHead
  body: BodySource
}

/**
 * Prepares a request. `target` is sent unchanged, so the test has to percent-encode it.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed header
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for options that exclude each other
 */
export function prepareRequest(
  method: string,
  target: string,
  request: TestRequest,
  side: ClientSide,
): PreparedRequest {
  const { httpVersion = '1.1', expectContinue = false } = request
  const body = bodyOf(request)
  const headers = hostFirst(headerList(request.headers), side)
  if (body?.type !== undefined) addMissing(headers, 'content-type', body.type)
  if (body !== undefined) addFraming(headers, body.length)
  if (expectContinue) addMissing(headers, 'expect', '100-continue')

  const head = sentHead(method, target, headers, side)
  return {
    // HTTP/1.0 has no expectations (RFC 9110, 10.1.1).
    head: { ...head, httpVersion, expectsContinue: expectContinue && httpVersion === '1.1' },
    body: body?.chunks ?? [],
  }
}

function bodyOf({ body, json, split }: TestRequest): PreparedBody | undefined {
  if (json !== undefined && body === undefined) return jsonBody(json, split)
  if (json === undefined && body !== undefined) return preparedBody(body, split)
  if (json === undefined && split === undefined) return undefined
  if (json === undefined)
    throw new InvalidOptionError('"split" cuts a body that is whole; this request has none')
  throw new InvalidOptionError('"json" and "body" are both the body: give one of them')
}

// A test that frames the body in a way of its own gets no second framing (RFC 9112, 6.2).
function addFraming(headers: HeaderPairs, length: number | null): void {
  if (getHeader(headers, 'transfer-encoding') !== undefined) return
  if (length !== null) addMissing(headers, 'content-length', String(length))
  else if (getHeader(headers, 'content-length') === undefined) {
    headers.push(['transfer-encoding', 'chunked'])
  }
}

/** Makes the head of an HTTP/1.1 request that `side` sends. */
export function sentHead(
  method: string,
  target: string,
  headers: HeaderPairs,
  { client, host, port, secure }: ClientSide,
): ReadHead {
  if (typeof method !== 'string' || typeof target !== 'string') {
    throw new InvalidOptionError(
      `the method and the target of a request are strings, got ${nameOf(method)} and ${nameOf(target)}`,
    )
  }
  const ends = { client, server: [host, port], secure, tls: null } as const
  return { method, target, httpVersion: '1.1', headers, expectsContinue: false, ends }
}

/** Converts `headers` to a list with lower-case names, and values without the white space around them. */
export function headerList(headers: TestHeaders = []): HeaderPairs {
  if (typeof headers !== 'object' || headers === null) {
    const remedy = 'pass an object, pairs in order, or a Headers'
    throw new InvalidOptionError(`"headers" cannot be ${nameOf(headers)}: ${remedy}`)
  }
  const pairs =
    Symbol.iterator in headers ? [...headers] : Object.entries(headers).flatMap(fieldsOf)
  // RFC 9110, 5.5: white space around a value does not belong to the value, and the reader of a socket removes it.
  return checkedHeaders(pairs).map(([name, value]) => [name, trimmed(value)])
}

function fieldsOf([name, value]: [string, string | readonly string[]]): Array<[string, string]> {
  return Array.isArray(value)
    ? value.map((one): [string, string] => [name, one as string])
    : [[name, value as string]]
}

/** `value` without the SP and HTAB around it. trim() removes U+00A0 too, which is content. */
export function trimmed(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start += 1
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1
  return value.slice(start, end)
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09
}

/** Puts a `host` before `headers` if they have none. */
export function hostFirst(headers: HeaderPairs, side: ClientSide): HeaderPairs {
  if (getHeader(headers, 'host') !== undefined) return headers
  const usual = side.port === (side.secure ? 443 : 80)
  const host = side.host.includes(':') ? `[${side.host}]` : side.host
  return [['host', usual ? host : `${host}:${side.port}`], ...headers]
}

function addMissing(headers: HeaderPairs, name: string, value: string): void {
  if (getHeader(headers, name) === undefined) headers.push([name, value])
}
