// How a response is delimited on the wire and what its head says of it (RFC 9112, 6; RFC 9110, 8.6).

import { InvalidHeaderError } from '../errors.ts'
import { isDigits } from '../http/headers.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** What of the request decides how its response is framed. */
export interface RequestFacts {
  method: string
  httpVersion: '1.0' | '1.1' | '2'
  /** The client and the server both want to keep the connection. */
  keepAlive: boolean
  /** The request said `TE: trailers`. */
  acceptsTrailers: boolean
}

/** What the server adds to a head that lacks it. */
export interface Identity {
  /** The `server` field; null leaves it out. */
  server: string | null
  /** The `date` field at this moment; null leaves it out. */
  date(): string | null
}

/** A final response head, its headers complete and in the order of the wire. */
export interface ResponseHead {
  status: number
  headers: HeaderPairs
  /** What ends its body: the length, which may be none at all, the last chunk, or the connection. */
  delimiter: 'length' | 'chunks' | 'connection'
  /** The connection is kept behind the response. */
  keepAlive: boolean
}

const MAX_DIGITS = 15
const EVENT_STREAM = /^text\/event-stream\b/i

/** Collects an app's head, then completes it with length or chunking, date, server and connection. */
export class ResponseFraming {
  keepAlive: boolean
  /** The Content-Length that the app announced, or that is known from the file. */
  declaredLength: number | null = null
  /** HEAD, 204 and 304 have no body, whatever the app sends (RFC 9110, 6.4.1). */
  bodyless = false
  /** Server-sent events: the head is wanted at once. */
  eventStream = false
  /** The chunked framing carries the trailers, because the client asked for them. */
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

  /** HTTP/1.0 knows no interim responses (RFC 9110, 15.2). */
  get takesInterim(): boolean {
    return this.#request.httpVersion !== '1.0'
  }

  /** Takes the head of the app; the array is the framing's from now on. */
  start(status: number, headers: HeaderPairs, trailers: boolean): void {
    this.reset()
    this.#status = status
    this.#trailers = trailers
    this.bodyless = this.#request.method === 'HEAD' || status === 204 || status === 304
    // In place: most heads lose nothing, and the array is nobody else's.
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
    if (this.declaredLength !== null || this.#status === 204 || this.#status === 304) return
    this.declaredLength = size
    this.#headers.push(['content-length', String(size)])
  }

  /** Completes the head; `wholeLength` is the length of a body that is there as a whole. */
  head(wholeLength: number | null): ResponseHead {
    this.#delimit(this.#headers, wholeLength)
    // RFC 9110, 6.6.2: the field announces trailers, and there are none without chunks and a client for them.
    const isVain = this.#hasTrailerField && !this.carriesTrailers
    const headers = isVain ? this.#headers.filter(([name]) => name !== 'trailer') : this.#headers

    const date = this.#hasDate ? null : this.#identity.date()
    if (date !== null) headers.push(['date', date])
    if (!this.#hasServer && this.#identity.server !== null) {
      headers.push(['server', this.#identity.server])
    }
    this.#persist(headers)
    const { keepAlive } = this
    return { status: this.#status, headers, delimiter: this.#delimiter, keepAlive }
  }

  #delimit(headers: HeaderPairs, wholeLength: number | null): void {
    if (this.#status === 204 || this.#status === 304 || this.declaredLength !== null) return
    // RFC 9110, 8.6: the length would be that of the response to GET, which an app that sent nothing left open.
    if (wholeLength === 0 && this.#request.method === 'HEAD') return
    if (wholeLength !== null && !this.#trailers) {
      headers.push(['content-length', String(wholeLength)])
      return
    }
    if (this.bodyless) return
    if (this.#request.httpVersion === '1.1') {
      headers.push(['transfer-encoding', 'chunked'])
      this.#delimiter = 'chunks'
      this.carriesTrailers = this.#trailers && this.#request.acceptsTrailers
      return
    }
    // RFC 9112, 6.3: without length and chunks only the end of the connection ends the body.
    this.#delimiter = 'connection'
    if (this.#request.httpVersion === '1.0') this.keepAlive = false
  }

  // HTTP/2 knows no connection-specific fields (RFC 9113, 8.2.2).
  #persist(headers: HeaderPairs): void {
    const { httpVersion } = this.#request
    if (httpVersion === '2') return
    if (!this.keepAlive) headers.push(['connection', 'close'])
    else if (httpVersion === '1.0') headers.push(['connection', 'keep-alive'])
  }

  #takes([name, value]: [string, string]): boolean {
    switch (name) {
      // Framing and persistence are the server's (RFC 9110, 7.6.1); the app's wish to close is heard.
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
      throw new InvalidHeaderError(`content-length must be a number of bytes, got "${value}"`)
    }
    if (this.declaredLength !== null && this.declaredLength !== Number(value)) {
      throw new InvalidHeaderError('content-length was given twice with different values')
    }
    if (this.declaredLength !== null || this.#status === 204) return false
    this.declaredLength = Number(value)
    return true
  }
}

// Nearly every response is asked, and a regular expression takes its time to begin: hardly another type has the letter.
function isEventStream(contentType: string): boolean {
  const letter = contentType.charCodeAt('text/'.length)
  return (letter === 0x65 || letter === 0x45) && EVENT_STREAM.test(contentType)
}
