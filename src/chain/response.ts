// The response as a middleware sees it: the head can be changed, the body comes later.

import { AppError } from '../errors.ts'
import { checkedHeaders } from '../http/headers.ts'
import { hasContent } from '../http/content.ts'
import { sharedClass } from '../shared-class.ts'
import { attempt } from '../sync/run-end.ts'
import { AS_WARNING, MappedBody } from './body-map.ts'
import { ResponseHeaders } from './header-list.ts'
import type { Chunk } from '../contract/environ.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { BodyMap } from './body-map.ts'
import type { HeaderList } from './header-list.ts'

/** A body that a middleware can answer with: one chunk, or chunks as they come. */
export type AnswerBody = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>

/** @inline */
type Pairs = ReadonlyArray<readonly [name: string, value: string]>

/** A response on its way out through the chain. */
export interface ChainResponse {
  /** 101 means that the app has accepted the WebSocket. Any other status denies the handshake. */
  status: number
  readonly headers: HeaderList
  /**
   * The whole body if it is already known (an array, or a single event); null if more chunks can come, or if a middleware
   * inside changes the body.
   */
  readonly body: readonly Chunk[] | null
}

/** The same response with the members that the drivers need. */
export class Outgoing implements ChainResponse {
  status: number
  body: readonly Chunk[] | null
  /** The body, if a middleware made this response with `respond()`. */
  readonly answer: AnswerBody | undefined
  readonly #statusBefore: number
  readonly #pairs: HeaderPairs
  #headers: ResponseHeaders | undefined = undefined
  #mapped: MappedBody | undefined = undefined
  #taken = false

  constructor(parts: ResponseParts) {
    this.status = parts.status
    this.#statusBefore = parts.status
    this.#pairs = parts.headers
    this.body = parts.body
    this.answer = parts.answer
  }

  get headers(): ResponseHeaders {
    return (this.#headers ??= new ResponseHeaders(ownCopy(this.#pairs)))
  }

  /** The header fields to send. */
  get fields(): HeaderPairs {
    return ResponseHeaders.pairsOf(this.headers)
  }

  /** Whether the head is still the original one. */
  get untouched(): boolean {
    if (this.status !== this.#statusBefore) return false
    return !(this.#headers && ResponseHeaders.isChanged(this.#headers))
  }

  /** The maps of the body; undefined if it has none. `method` is the method of the request. */
  mapped(method: string): MappedBody | undefined {
    return this.#mapped?.begin(hasContent(method, this.status))
  }

  /** Adds a map for the body, and deletes the body and the Content-Length, which are no longer right. */
  map(map: BodyMap): void {
    if (!this.#mapped) {
      const length = this.headers.get('content-length')
      this.#mapped = new MappedBody(length === undefined ? undefined : Number(length))
    }
    this.#mapped.add(map)
    this.body = null
    this.headers.delete('content-length')
  }

  /** Closes the maps of the body, and the body of `respond()`. Called at the end of the response, sent or not. */
  discard(): void {
    this.#mapped?.close()
    const { answer } = this
    if (typeof answer !== 'object' || !('close' in answer)) return
    const close = (): unknown => (answer as { close(): unknown }).close()
    attempt(AS_WARNING, 'close() of the body of respond()', close)
  }

  /** Marks the response as used by one exchange. */
  take(): void {
    if (this.#taken) {
      throw new AppError('a response answers one request: call respond() for each of them')
    }
    this.#taken = true
  }
}

sharedClass('response.1', Outgoing)

function ownCopy(pairs: HeaderPairs): HeaderPairs {
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}

interface ResponseParts {
  status: number
  /** Checked pairs; they are copied at the first access to `headers`. */
  headers: HeaderPairs
  body: readonly Chunk[] | null
  answer?: AnswerBody
}

/**
 * Makes a response of the middleware itself, in place of the app's response.
 *
 * @param status 200 to 599; on a WebSocket handshake it denies
 * @param headers `[name, value]` pairs, default none
 * @param body one chunk, or an iterable of chunks (an async iterable only around an app that awaits), default empty;
 *   its `close()`, if it has one, is called once
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for an invalid header; {@link AppError}
 *   (`ISTHMUS_APP_FAULT`) for an invalid status
 *
 * @example
 * if (!request.headers.has('authorization')) {
 *   return respond(401, [['www-authenticate', 'Bearer']], 'Please log in\n')
 * }
 */
export function respond(status: number, headers: Pairs = [], body: AnswerBody = ''): ChainResponse {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new AppError(`respond(): the status is an integer from 200 to 599, got ${String(status)}`)
  }
  const isChunk = typeof body === 'string' || body instanceof Uint8Array
  return new Outgoing({
    status,
    headers: checkedHeaders(headers),
    body: isChunk ? [body] : null,
    answer: body,
  })
}

/**
 * Changes the body of `response` on its way out, and deletes its Content-Length. The chain checks the Content-Length of
 * the app in place of the server, which does not see it. The maps of inner middleware come first. No function of the
 * map is called before the first chunk comes. A file that the app sends by path (`http.response.pathsend`) is read in
 * blocks; trailers pass unchanged.
 *
 * @returns `response`
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a 101, which has no body
 *
 * @example
 * return mapBody(response, { chunk: (chunk) => Buffer.from(chunk).toString('latin1').toUpperCase() })
 */
export function mapBody(response: ChainResponse, map: BodyMap): ChainResponse {
  if (response.status === 101) throw new AppError('mapBody(): a WebSocket has no body')
  ;(response as Outgoing).map(map)
  return response
}
