// A case of the corpus: bytes on a connection, and their expected outcome.

import type { HeaderPairs } from '../../../src/contract/events.ts'

/** The request that an app must get. A part that is left out is not compared. */
export interface ExpectedRequest {
  method?: string
  /** As on the request line. */
  target?: string
  httpVersion?: '1.0' | '1.1'
  /** All headers of the scope. */
  headers?: HeaderPairs
  /** As latin-1. Default: empty. */
  body?: string
  keepAlive?: boolean
  expectsContinue?: boolean
  acceptsTrailers?: boolean
  upgrade?: string | null
}

/** All bytes that a client sends on one connection. */
export interface CorpusCase {
  name: string
  /** Each character is one byte. */
  bytes: string
  /** The requests that an app gets, in order. */
  requests: ExpectedRequest[]
  /** The end of the bytes: a refusal with this status, an incomplete request, or nothing after the requests. */
  then: number | 'unfinished' | 'nothing'
}

/** Bytes that are refused with `status`; the app is not called. */
export function refused(status: number, name: string, bytes: string): CorpusCase {
  return { name, bytes, requests: [], then: status }
}

/** Bytes that are these complete requests. */
export function taken(name: string, bytes: string, ...requests: ExpectedRequest[]): CorpusCase {
  return { name, bytes, requests, then: 'nothing' }
}

/** Bytes that are the valid beginning of a request, after these complete requests. */
export function unfinished(
  name: string,
  bytes: string,
  ...requests: ExpectedRequest[]
): CorpusCase {
  return { name, bytes, requests, then: 'unfinished' }
}

/** A head of these lines. */
export function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** GET / with Host and these field lines. */
export function get(...fields: string[]): string {
  return head('GET / HTTP/1.1', 'Host: a.example', ...fields)
}

/** POST / with Host and these field lines. */
export function post(...fields: string[]): string {
  return head('POST / HTTP/1.1', 'Host: a.example', ...fields)
}

/** POST / with this chunked body. */
export function chunked(body: string): string {
  return post('Transfer-Encoding: chunked') + body
}
