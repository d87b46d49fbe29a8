// The response as a middleware sees it: its head to be changed, its body on its way.

import { inspect } from 'node:util'
import { AppError } from '../errors.ts'
import { checkedHeaders } from '../http/headers.ts'
import { hasContent } from '../http/content.ts'
import { attempt } from '../sync/run-end.ts'
import { MappedBody } from './body-map.ts'
import { isChanged, makeList } from './header-list.ts'
import type { Chunk } from '../contract/environ.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { BodyMap } from './body-map.ts'
import type { HeaderList } from './header-list.ts'

/** What a middleware may answer with: one chunk, or chunks as they come. */
export type AnswerBody = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

/** A response on its way out through the chain. */
export interface ChainResponse {
  /** 101: the app has accepted the WebSocket. Anything else denies it. */
  status: number
  readonly headers: HeaderList
  /** All of the body where it is there already, as an array or as a single event; null while it is still to come. */
  readonly body: readonly Chunk[] | null
}

/** The same, with what the drivers need to know of it. */
export class Outgoing implements ChainResponse {
  status: number
  body: readonly Chunk[] | null
  /** The body, where a middleware answered by itself. */
  readonly answer: AnswerBody | undefined
  readonly #statusBefore: number
  readonly #pairs: HeaderPairs
  #headers: HeaderList | undefined = undefined
  #maps: BodyMap[] | undefined = undefined
  #announcedBytes: number | undefined = undefined
  #taken = false

  constructor(parts: ResponseParts) {
    this.status = parts.status
    this.#statusBefore = parts.status
    this.#pairs = parts.headers
    this.body = parts.body
    this.answer = parts.answer
  }

  get headers(): HeaderList {
    return (this.#headers ??= makeList(ownCopy(this.#pairs)))
  }

  /** The head is the one that it was made with. */
  get untouched(): boolean {
    return this.status === this.#statusBefore && !(this.#headers && isChanged(this.#headers))
  }

  /** The body on its way through its maps; undefined without any. `method` is that of the request. */
  mapped(method: string): MappedBody | undefined {
    if (!this.#maps) return undefined
    const announced = hasContent(method, this.status) ? this.#announcedBytes : undefined
    return new MappedBody(this.#maps, announced)
  }

  /** Adds what the body passes through, and takes away the length that it will not have any more. */
  map(map: BodyMap): void {
    if (!this.#maps) {
      const length = this.headers.get('content-length')
      this.#announcedBytes = length === undefined ? undefined : Number(length)
    }
    this.#maps ??= []
    this.#maps.push(map)
    this.headers.delete('content-length')
  }

  /** Done with, sent or not: closes the body of an answer. What fails then is for the operator alone. */
  discard(): void {
    const { answer } = this
    if (typeof answer !== 'object' || !('close' in answer)) return
    const close = (): unknown => (answer as { close(): unknown }).close()
    attempt(TO_PROCESS, 'close() of the body of respond()', close)
  }

  /** Takes the response for one exchange. */
  take(): void {
    if (this.#taken) {
      throw new AppError('a response answers one request: call respond() for each of them')
    }
    this.#taken = true
  }
}

// A response knows no log.
const TO_PROCESS = {
  warn: (message: string, cause?: unknown): void => {
    process.emitWarning(`${message}: ${inspect(cause)}`)
  },
}

function ownCopy(pairs: HeaderPairs): HeaderPairs {
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}

interface ResponseParts {
  status: number
  /** Checked; they are copied as soon as somebody looks at them. */
  headers: HeaderPairs
  body: readonly Chunk[] | null
  answer?: AnswerBody
}

/**
 * An answer of the middleware itself, instead of the app's.
 *
 * @param status 200 to 599; on a WebSocket handshake it denies
 * @param headers `[name, value]` pairs, default none
 * @param body one chunk, or an iterable of chunks (an async one only around an app that awaits), default empty;
 *   its `close()`, if it has one, is called once
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that cannot be; {@link AppError}
 *   (`ISTHMUS_APP_FAULT`) for a status that cannot be
 *
 * @example
 * if (!request.headers.has('authorization')) {
 *   return respond(401, [['www-authenticate', 'Bearer']], 'Who are you?\n')
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
 * Changes the body of `response` on its way. Its Content-Length is taken away, because it will be another one. Nothing
 * is called before the first chunk comes; a file that the server would have sent by itself is read for it; trailers
 * pass. The maps of inner middleware come first.
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
