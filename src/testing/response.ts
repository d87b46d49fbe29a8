// A response as a test looks at it: whole, with its headers in the order of the wire.

import { getAllHeaders, getHeader } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** The headers of a response: the list as it was sent, and look-ups that ignore case. */
export class ResponseHeaders implements Iterable<[name: string, value: string]> {
  /** `[lower-case name, value]` pairs in the order of the wire. */
  readonly list: HeaderPairs

  constructor(list: HeaderPairs) {
    this.list = list
  }

  /** The first value of `name`, or undefined. */
  get(name: string): string | undefined {
    return getHeader(this.list, name.toLowerCase())
  }

  /** All values of `name`, in order. */
  getAll(name: string): string[] {
    return getAllHeaders(this.list, name.toLowerCase())
  }

  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    return this.list[Symbol.iterator]()
  }
}

/** What a {@link TestResponse} is made of. */
interface ResponseParts {
  status: number
  headers: HeaderPairs
  body: Uint8Array
  trailers: HeaderPairs | null
  earlyHints: HeaderPairs[]
  continued: boolean
}

/** A whole response. Redirects are not followed; nothing is decoded. */
export class TestResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Uint8Array
  /** The trailers; null when none were sent. */
  readonly trailers: HeaderPairs | null
  /** The headers of each `103 Early Hints`, in order. */
  readonly earlyHints: readonly HeaderPairs[]
  /** Whether `100 Continue` came before the response. */
  readonly continued: boolean

  constructor(parts: ResponseParts) {
    this.status = parts.status
    this.headers = new ResponseHeaders(parts.headers)
    this.body = parts.body
    this.trailers = parts.trailers
    this.earlyHints = parts.earlyHints
    this.continued = parts.continued
  }

  /** The body read as UTF-8; malformed bytes become U+FFFD. */
  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.body)
  }

  /** The body parsed as JSON. @throws `SyntaxError` when it is not */
  json(): unknown {
    return JSON.parse(this.text())
  }
}
