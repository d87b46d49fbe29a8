// What a case of the corpus says: bytes on a connection, and what has to come of them.

import type { HeaderPairs } from '../../../src/contract/events.ts'

/** What an app is to see of a request. What is left out is not asked for. */
export interface ExpectedRequest {
  method?: string
  /** As on the request line. */
  target?: string
  httpVersion?: '1.0' | '1.1'
  /** All of them, as the scope has them. */
  headers?: HeaderPairs
  /** As latin-1. Default: empty. */
  body?: string
  keepAlive?: boolean
  expectsContinue?: boolean
  acceptsTrailers?: boolean
  upgrade?: string | null
}

/** Bytes that a client sends on one connection, from its first on. */
export interface CorpusCase {
  name: string
  /** Each character is one byte. */
  bytes: string
  /** The requests that an app gets, in order. */
  requests: ExpectedRequest[]
  /** What follows them: a refusal with this status, more of a request that did not all come, or nothing. */
  then: number | 'unfinished' | 'nothing'
}

/** Bytes that are refused with `status`, before any app hears of them. */
export function refused(status: number, name: string, bytes: string): CorpusCase {
  return { name, bytes, requests: [], then: status }
}

/** Bytes that are these requests, each whole. */
export function taken(name: string, bytes: string, ...requests: ExpectedRequest[]): CorpusCase {
  return { name, bytes, requests, then: 'nothing' }
}

/** Bytes that are the beginning of a request that may yet be fine. */
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
