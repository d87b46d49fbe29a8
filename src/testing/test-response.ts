// A whole response, as a test looks at it, with its headers in the order of the wire.

import { getAllHeaders, getHeader } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** The headers of a response: the list as it was sent, and look-ups without regard to case. */
export class ResponseHeaders implements Iterable<[name: string, value: string]> {
  /** `[lower-case name, value]` pairs in the order of the wire. */
  readonly list: HeaderPairs

  constructor(list: HeaderPairs) {
    this.list = list
  }

  /** Returns the first value of `name`, or undefined. */
  get(name: string): string | undefined {
    return getHeader(this.list, name.toLowerCase())
  }

  /** Returns all values of `name`, in order. */
  getAll(name: string): string[] {
    return getAllHeaders(this.list, name.toLowerCase())
  }

  /** All fields, in order. */
  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    return this.list[Symbol.iterator]()
  }
}

/** The parts of a {@link TestResponse}. */
interface ResponseParts {
  status: number
  headers: HeaderPairs
  body: Uint8Array
  trailers: HeaderPairs | null
  earlyHints: HeaderPairs[]
  continued: boolean
}

/** A whole response. The client follows no redirects and decodes nothing. */
export class TestResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** The bytes of the body, without the framing. */
  readonly body: Uint8Array
  /** The trailers; null if none were sent. */
  readonly trailers: HeaderPairs | null
  /** The headers of each `103 Early Hints`, in order. */
  readonly earlyHints: readonly HeaderPairs[]
  /** Whether `100 Continue` came before the response. */
  readonly continued: boolean

  /** @internal */
  constructor(parts: ResponseParts) {
    this.status = parts.status
    this.headers = new ResponseHeaders(parts.headers)
    this.body = parts.body
    this.trailers = parts.trailers
    this.earlyHints = parts.earlyHints
    this.continued = parts.continued
  }

  /** Decodes the body as UTF-8; malformed bytes become U+FFFD. */
  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.body)
  }

  /** Parses the body as JSON. @throws `SyntaxError` if it is not JSON */
  json(): unknown {
    return JSON.parse(this.text())
  }
}
