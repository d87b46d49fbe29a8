// The parser's half of an engine, for tests: bytes of one connection in, the requests that an app would get out.

import { ServerExchangeContext } from '../../../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../../../src/silent-log.ts'
import { BadRequestError } from '../../../../src/errors.ts'
import { bodyDecoder } from '../../../../src/server/native/parser/body-decoder.ts'
import { HeadParser } from '../../../../src/server/native/parser/head-parser.ts'
import { DEFAULTS } from '../../../../src/server/options.ts'
import { httpScope } from '../../../../src/server/scope.ts'
import type { HeaderPairs } from '../../../../src/contract/events.ts'
import type { BodyDecoder } from '../../../../src/server/native/parser/body-decoder.ts'
import type { ParsedHead } from '../../../../src/server/native/parser/request-head.ts'

const CONNECTION = new ServerExchangeContext(SILENT_LOG)

/** A request as an app gets it. */
export interface ReadRequest extends Omit<ParsedHead, 'chunked' | 'contentLength'> {
  /** Its headers as they were sent, before the scope drops or replaces any. */
  sentHeaders: HeaderPairs
  /** As latin-1; what has come of it so far. */
  body: string
  trailers: HeaderPairs
}

/** What came of the bytes of a connection. */
export interface Reading {
  /** Those that came whole. */
  requests: ReadRequest[]
  /** The one whose body is not whole. */
  current: ReadRequest | null
  then: number | 'unfinished' | 'nothing'
  /** Of a refusal, why. */
  reason: string | null
}

/** Reads requests until one is refused or is the last of its connection, as an engine does. */
export class RequestReader {
  readonly reading: Reading = { requests: [], current: null, then: 'nothing', reason: null }
  readonly #parser = new HeadParser(DEFAULTS)
  #body: BodyDecoder | undefined
  #ended = false

  /** Takes the next bytes of the connection. */
  take(bytes: Buffer): void {
    try {
      let at = 0
      while (at < bytes.length && !this.#ended) at = this.#step(bytes, at)
    } catch (error) {
      if (!(error instanceof BadRequestError)) throw error
      this.reading.then = error.status
      this.reading.reason = error.message
      this.#ended = true
    }
  }

  #step(bytes: Buffer, at: number): number {
    const next = this.#body ? this.#readBody(this.#body, bytes, at) : this.#readHead(bytes, at)
    if (this.#body?.done) this.#finish(this.#body)
    return next
  }

  #readHead(bytes: Buffer, at: number): number {
    this.reading.then = 'unfinished'
    const next = this.#parser.parse(bytes, at)
    if (next < 0) return bytes.length

    const { chunked, contentLength, ...head } = this.#parser.head
    const peer = { client: null, server: null, secure: false }
    const { headers } = httpScope({ ...head, ...peer }, {}, DEFAULTS, CONNECTION)
    const sentHeaders = head.headers
    this.reading.current = { ...head, headers, sentHeaders, body: '', trailers: [] }
    this.#body = bodyDecoder({ chunked, contentLength }, DEFAULTS)
    return next
  }

  #readBody(body: BodyDecoder, bytes: Buffer, at: number): number {
    return body.decode(bytes, at, (data) => {
      if (this.reading.current) this.reading.current.body += data.toString('latin1')
    })
  }

  #finish({ trailers }: BodyDecoder): void {
    const { current } = this.reading
    if (!current) return
    this.reading.requests.push({ ...current, trailers })
    this.reading.current = null
    this.reading.then = 'nothing'
    this.#ended = !current.keepAlive
    this.#body = undefined
  }
}

/** What comes of `bytes` that arrive in these pieces. */
export function readPieces(pieces: readonly Buffer[]): Reading {
  const reader = new RequestReader()
  for (const piece of pieces) reader.take(piece)
  return reader.reading
}

/** `bytes` cut at these offsets, in order. */
export function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  return [...offsets, bytes.length].map((end, index) =>
    bytes.subarray(offsets[index - 1] ?? 0, end),
  )
}

/** `bytes`, one by one. */
export function single(bytes: Buffer): Buffer[] {
  return cut(
    bytes,
    Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1),
  )
}
