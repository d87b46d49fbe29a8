// The state machine that checks the events of one HTTP response. It does no I/O: it takes events and returns commands.
// The engines, the test client, the denial of a WebSocket and lint all use it.

import { Buffer } from 'node:buffer'
import { isAbsolute } from 'node:path'
import { ContentLengthMismatchError, IllegalEventError } from '../errors.ts'
import { checkedHeaders } from '../http/headers.ts'
import { nameOf } from '../name-of.ts'
import { ResponseFraming } from './framing.ts'
import { checkedTrailers } from '../http/trailers.ts'
import type {
  HeaderPairs,
  HttpResponseBodyEvent,
  HttpResponseEarlyHintEvent,
  HttpResponsePathsendEvent,
  HttpResponseStartEvent,
  HttpResponseTrailersEvent,
  SendEvent,
} from '../contract/events.ts'
import type { Identity, RequestFacts, ResponseHead } from './framing.ts'

/** The next part of a response for the engine to write, in the order of the properties; null means "not in this part". */
export interface ResponsePart {
  head: ResponseHead | null
  chunk: Uint8Array | string | null
  /** The size of the chunk in bytes. A string with the same number of characters is ASCII. */
  size: number
  trailers: HeaderPairs | null
  end: boolean
}

/** The engine's next action after an accepted event. */
export type Command =
  | { type: 'hold' }
  | { type: 'write'; part: ResponsePart }
  | { type: 'early-hint'; headers: HeaderPairs }
  | { type: 'pathsend'; path: string }

type State = 'waiting' | 'started' | 'streaming' | 'file' | 'trailers' | 'complete' | 'failed'

const HOLD: Command = { type: 'hold' }

/**
 * One HTTP response. Its states: `waiting` for the start, `started` (the head is held until the first body event),
 * `streaming` or sending a `file`, `trailers` (the body is complete, the trailers are not), `complete`; `failed` if the
 * response can no longer become whole.
 *
 * @see ASGI HTTP & WebSocket 2.5, "Response Start" and following; RFC 9112, 6
 */
export class HttpExchange {
  #state: State = 'waiting'
  #framing: ResponseFraming
  #trailers: HeaderPairs | null = null
  #sentBytes = 0
  #headSent = false
  #ended = false

  constructor(request: RequestFacts, identity: Identity) {
    this.#framing = new ResponseFraming(request, identity)
  }

  /** The head is on its way to the wire: the response can no longer be replaced. */
  get headSent(): boolean {
    return this.#headSent
  }

  /** `http.response.start` was accepted. */
  get started(): boolean {
    return this.#state !== 'waiting'
  }

  /** The status that the app announced; null before `http.response.start`. */
  get status(): number | null {
    return this.#state === 'waiting' ? null : this.#framing.status
  }

  /** The app has sent its last event. */
  get complete(): boolean {
    return this.#state === 'complete'
  }

  /** The engine has got the last byte. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * The response is whole, but the app still sends a body. The exchange drops it: the request is HEAD, or the status is
   * 204 or 304.
   */
  get dropping(): boolean {
    return this.#ended && this.#state === 'streaming'
  }

  /** The response cannot become whole any more: the engine has to cut the connection. */
  get failed(): boolean {
    return this.#state === 'failed'
  }

  /** Ends the connection with this response. Works only before the head leaves. */
  closeConnection(): void {
    this.#framing.keepAlive = false
  }

  /**
   * Takes the app's next event and returns the engine's next action.
   *
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for an event that is malformed or out of order
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) for more or fewer bytes than
   *   announced; too few bytes fail the exchange
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that would corrupt the response
   */
  accept(event: SendEvent): Command {
    switch (event?.type) {
      case 'http.response.start':
        return this.#start(event)
      case 'http.response.body':
        return this.#body(event)
      case 'http.response.trailers':
        return this.#takeTrailers(event)
      case 'http.response.early_hint':
        return this.#earlyHint(event)
      case 'http.response.pathsend':
        return this.#pathsend(event)
      default:
        throw new IllegalEventError(`${describe(event)} is not an event of an HTTP response`)
    }
  }

  /** The engine has opened the file of a pathsend; it has `size` bytes. */
  fileOpened(size: number): void {
    this.#requireFile()
    this.#framing.announceLength(size)
  }

  /** Takes the next chunk of the file. Null ends the file; a response without content ends with the first chunk. */
  fileChunk(chunk: Uint8Array | null): Command {
    this.#requireFile()
    return this.#emit(chunk, chunk === null || this.#framing.bodyless)
  }

  /** Forgets a start whose head was not sent, so that an error response can replace it. */
  restart(): void {
    if (this.#headSent) throw new IllegalEventError('the head was sent: it cannot be replaced')
    this.#state = 'waiting'
    this.#sentBytes = 0
    this.#framing.reset()
  }

  #start(event: HttpResponseStartEvent): Command {
    if (this.#state !== 'waiting') throw this.#illegal(event)
    const { status, headers = [], trailers = false } = event
    const { maxStatus } = this.#framing
    if (!Number.isInteger(status) || status < 200 || status > maxStatus) {
      throw new IllegalEventError(
        `the status of http.response.start must be an integer from 200 to ${maxStatus}, got ${nameOf(status)}`,
      )
    }
    requireBoolean('trailers', trailers, event)

    this.#framing.start(status, checkedHeaders(headers), trailers)
    this.#trailers = trailers ? [] : null
    this.#state = 'started'
    return this.#framing.eventStream ? this.#emit(null, false) : HOLD
  }

  #body(event: HttpResponseBodyEvent): Command {
    if (this.#state !== 'started' && this.#state !== 'streaming') throw this.#illegal(event)
    const { body = '', moreBody = false } = event
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      throw new IllegalEventError('the body of http.response.body must be a Uint8Array or a string')
    }
    requireBoolean('moreBody', moreBody, event)
    return this.#emit(body.length === 0 ? null : body, !moreBody)
  }

  #emit(chunk: Uint8Array | string | null, end: boolean): Command {
    const framing = this.#framing
    const size = byteLength(chunk)
    this.#checkLength(size, end)

    const head = this.#headSent ? null : framing.head(end ? size : null)
    this.#headSent = true
    if (this.#state === 'started') this.#state = 'streaming'
    if (end) this.#state = this.#trailers === null ? 'complete' : 'trailers'
    if (this.#ended) return HOLD

    this.#ended = framing.bodyless || this.#state === 'complete'
    const part = framing.bodyless
      ? { head, chunk: null, size: 0, trailers: null, end: true }
      : { head, chunk, size, trailers: null, end: this.#ended }
    return { type: 'write', part }
  }

  #checkLength(size: number, end: boolean): void {
    const { declaredLength, bodyless } = this.#framing
    if (declaredLength === null || bodyless) return
    if (this.#sentBytes + size > declaredLength) {
      throw new ContentLengthMismatchError(
        `the body exceeds its Content-Length of ${declaredLength} bytes by ${this.#sentBytes + size - declaredLength}`,
      )
    }

    this.#sentBytes += size
    if (!end || this.#sentBytes === declaredLength) return
    this.#state = 'failed'
    throw new ContentLengthMismatchError(
      `the body ended after ${this.#sentBytes} of the ${declaredLength} bytes that its Content-Length announced`,
    )
  }

  #takeTrailers(event: HttpResponseTrailersEvent): Command {
    if (this.#state !== 'trailers' || this.#trailers === null) throw this.#illegal(event)
    const { headers = [], moreTrailers = false } = event
    requireBoolean('moreTrailers', moreTrailers, event)
    this.#trailers.push(...checkedTrailers(headers))
    if (moreTrailers) return HOLD

    this.#state = 'complete'
    if (this.#ended) return HOLD
    this.#ended = true
    const trailers = this.#framing.carriesTrailers ? this.#trailers : null
    return { type: 'write', part: { head: null, chunk: null, size: 0, trailers, end: true } }
  }

  #earlyHint(event: HttpResponseEarlyHintEvent): Command {
    if (this.#state === 'complete' || this.#state === 'failed') throw this.#illegal(event)
    if (!Array.isArray(event.links)) {
      throw new IllegalEventError(
        'links of http.response.early_hint must be an array of Link values',
      )
    }
    const headers = checkedHeaders(event.links.map((link) => ['link', link] as const))
    // RFC 8297, 2: a hint after the head has no meaning, and HTTP/1.0 has no interim responses.
    if (this.#headSent || !this.#framing.takesInterim || headers.length === 0) return HOLD
    return { type: 'early-hint', headers }
  }

  #pathsend(event: HttpResponsePathsendEvent): Command {
    if (this.#state !== 'started' || this.#headSent) throw this.#illegal(event)
    if (typeof event.path !== 'string' || !isAbsolute(event.path)) {
      throw new IllegalEventError('the path of http.response.pathsend must be an absolute path')
    }
    this.#state = 'file'
    return { type: 'pathsend', path: event.path }
  }

  #requireFile(): void {
    if (this.#state === 'file') return
    throw new IllegalEventError(`no file is sent here: the response is ${PHRASE[this.#state]}`)
  }

  #illegal(event: SendEvent): IllegalEventError {
    return new IllegalEventError(
      `${event.type} is illegal here: the response is ${PHRASE[this.#state]}`,
    )
  }
}

const PHRASE: Record<State, string> = {
  waiting: 'waiting for http.response.start',
  started: 'started and waiting for its body',
  streaming: 'in the middle of its body',
  file: 'sending a file',
  trailers: 'waiting for http.response.trailers',
  complete: 'complete',
  failed: 'broken off',
}

function requireBoolean(name: string, value: unknown, event: SendEvent): void {
  if (typeof value === 'boolean') return
  throw new IllegalEventError(`${name} of ${event.type} must be a boolean`)
}

function byteLength(chunk: Uint8Array | string | null): number {
  if (chunk === null) return 0
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength
}

function describe(event: unknown): string {
  const type = (event as { type?: unknown } | null | undefined)?.type
  return typeof type === 'string' ? nameOf(type) : `an event of type ${nameOf(type)}`
}
