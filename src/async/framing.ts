// How a response is delimited on the wire, and how its head announces that (RFC 9112, 6; RFC 9110, 8.6).

import { InvalidHeaderError } from '../errors.ts'
import { hasContent, isEventStream, mayHaveContent } from '../http/content.ts'
import { isDigits } from '../http/headers.ts'
import { nameOf } from '../name-of.ts'
import type { HeaderPairs, HttpScope } from '../contract/events.ts'

/** The facts of a request that decide how its response is framed. */
export interface RequestFacts {
  method: string
  httpVersion: HttpScope['httpVersion']
  /** The client and the server both want to keep the connection. */
  keepAlive: boolean
  /** The request has the field `TE: trailers`. */
  acceptsTrailers: boolean
}

/** The fields that the server adds to a head that lacks them. */
export interface Identity {
  /** The `server` field; null leaves it out. */
  server: string | null
  /** The `date` field at this moment; null leaves it out. */
  date(): string | null
}

/** The identity of a host that adds neither field: an app inside another server, or lint. */
export const NO_IDENTITY: Identity = Object.freeze({ server: null, date: () => null })

/** A final response head: its headers are complete and in the order of the wire. */
export interface ResponseHead {
  status: number
  headers: HeaderPairs
  /**
   * The end of the body: after its length (0 for a response without a body), the last chunk, or the connection. In HTTP/2
   * the end of the stream, or trailers that follow.
   */
  delimiter: 'length' | 'chunks' | 'connection' | 'stream' | 'trailers'
  /** The connection stays open after the response. */
  keepAlive: boolean
}

const MAX_DIGITS = 15

/** Takes the head of an app, then completes it with length or chunking, date, server and connection. */
export class ResponseFraming {
  keepAlive: boolean
  /** The Content-Length that the app announced, or the size of the file that it sends. */
  declaredLength: number | null = null
  /** HEAD, 204 and 304 have no body, even if the app sends one (RFC 9110, 6.4.1). */
  bodyless = false
  /**
   * The response has server-sent events: the client waits for the head, so the head leaves before the first body event.
   */
  eventStream = false
  /** The body is chunked, or in HTTP/2, and the client accepts trailers, so they go out. */
  carriesTrailers = false

  #request: RequestFacts
  #identity: Identity
  #status = 0
  #headers: HeaderPairs = []
  #hasDate = false
  #hasServer = false
  #trailers = false
  #hasTrailerField = false
  #delimiter: ResponseHead['delimiter'] = 'length'

  constructor(request: RequestFacts, identity: Identity) {
    this.#request = request
    this.#identity = identity
    this.keepAlive = request.keepAlive
  }

  /** The status of the head. */
  get status(): number {
    return this.#status
  }

  /** The highest status: node:http2 sends no higher one. */
  get maxStatus(): number {
    return this.#request.httpVersion === '2' ? 599 : 999
  }

  /** Whether the client takes interim responses: HTTP/1.0 has none (RFC 9110, 15.2). */
  get takesInterim(): boolean {
    return this.#request.httpVersion !== '1.0'
  }

  /** Takes the head of the app. The array `headers` belongs to the framing from now on. */
  start(status: number, headers: HeaderPairs, trailers: boolean): void {
    this.reset()
    this.#status = status
    this.#trailers = trailers
    this.bodyless = !hasContent(this.#request.method, status) || this.#isReset
    // Filtered in place: most heads lose no field, and the framing owns the array.
    let kept = 0
    for (const pair of headers) if (this.#takes(pair)) headers[kept++] = pair
    if (kept < headers.length) headers.length = kept
    this.#headers = headers
  }

  reset(): void {
    this.declaredLength = null
    this.bodyless = false
    this.eventStream = false
    this.#headers = []
    this.#hasDate = false
    this.#hasServer = false
    this.#hasTrailerField = false
    this.#delimiter = 'length'
  }

  announceLength(size: number): void {
    if (this.declaredLength !== null || !mayHaveContent(this.#status) || this.#isReset) return
    this.declaredLength = size
    this.#headers.push(['content-length', String(size)])
  }

  /** Completes the head; `wholeLength` is the size in bytes of a body that came whole, else null. */
  head(wholeLength: number | null): ResponseHead {
    this.#delimit(this.#headers, wholeLength)
    // RFC 9110, 6.6.2: the field announces trailers, which need chunks and a client that accepts them.
    const isFieldUseless = this.#hasTrailerField && !this.carriesTrailers
    const headers = isFieldUseless
      ? this.#headers.filter(([name]) => name !== 'trailer')
      : this.#headers

    const date = this.#hasDate ? null : this.#identity.date()
    if (date !== null) headers.push(['date', date])
    if (!this.#hasServer && this.#identity.server !== null) {
      headers.push(['server', this.#identity.server])
    }
    this.#persist(headers)
    const { keepAlive } = this
    return { status: this.#status, headers, delimiter: this.#delimiter, keepAlive }
  }

  // node:http2 ends the stream of a 205 with its head, and a length above 0 would make the response malformed.
  get #isReset(): boolean {
    return this.#status === 205 && this.#request.httpVersion === '2'
  }

  #delimit(headers: HeaderPairs, wholeLength: number | null): void {
    if (!mayHaveContent(this.#status) || this.#isReset || this.declaredLength !== null) return
    // RFC 9110, 8.6: a response to HEAD announces the length of the response to GET. The app sent no body, so that
    // length is unknown.
    if (wholeLength === 0 && this.#request.method === 'HEAD') return
    if (wholeLength !== null && !this.#trailers) {
      headers.push(['content-length', String(wholeLength)])
      return
    }
    if (this.bodyless) return
    if (this.#request.httpVersion === '2') {
      this.carriesTrailers = this.#trailers && this.#request.acceptsTrailers
      this.#delimiter = this.carriesTrailers ? 'trailers' : 'stream'
      return
    }
    if (this.#request.httpVersion === '1.1') {
      headers.push(['transfer-encoding', 'chunked'])
      this.#delimiter = 'chunks'
      this.carriesTrailers = this.#trailers && this.#request.acceptsTrailers
      return
    }
    // RFC 9112, 6.3: without length and chunks only the end of the connection ends the body.
    this.#delimiter = 'connection'
    this.keepAlive = false
  }

  #persist(headers: HeaderPairs): void {
    // RFC 9113, 8.2.2: HTTP/2 has no fields about the connection.
    if (this.#request.httpVersion === '2') return
    if (!this.keepAlive) headers.push(['connection', 'close'])
    else if (this.#request.httpVersion === '1.0') headers.push(['connection', 'keep-alive'])
  }

  #takes([name, value]: [string, string]): boolean {
    switch (name) {
      // The server decides on framing and persistence (RFC 9110, 7.6.1), but an app may close the connection.
      case 'connection':
        if (/\bclose\b/i.test(value)) this.keepAlive = false
        return false
      case 'transfer-encoding':
      case 'keep-alive':
      case 'proxy-connection':
      case 'upgrade':
        return false
      case 'content-length':
        return this.#takesLength(value)
      case 'content-type':
        if (isEventStream(value)) this.eventStream = true
        return true
      case 'trailer':
        this.#hasTrailerField = true
        return true
      case 'date':
        this.#hasDate = true
        return true
      case 'server':
        this.#hasServer = true
        return true
      default:
        return true
    }
  }

  #takesLength(value: string): boolean {
    if (!isDigits(value) || value.length > MAX_DIGITS) {
      throw new InvalidHeaderError(`content-length must be a number of bytes, got ${nameOf(value)}`)
    }
    if (this.declaredLength !== null && this.declaredLength !== Number(value)) {
      throw new InvalidHeaderError('content-length was given twice with different values')
    }
    if (this.declaredLength !== null || this.#status === 204 || this.#isReset) return false
    this.declaredLength = Number(value)
    return true
  }
}
