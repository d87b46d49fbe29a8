// The parsing half of an engine, for tests: takes the bytes of one connection, and keeps the requests for an app.

import { ServerExchangeContext } from '../../../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../../../src/silent-log.ts'
import { BadRequestError } from '../../../../src/errors.ts'
import { bodyDecoder } from '../../../../src/server/native/parser/body-decoder.ts'
import { HeadParser } from '../../../../src/server/native/parser/head-parser.ts'
import { DEFAULTS } from '../../../../src/server/options.ts'
import { httpScope } from '../../../../src/server/scope.ts'
import { UNKNOWN_ENDS } from '../../request-head.ts'
import type { HeaderPairs } from '../../../../src/contract/events.ts'
import type { BodyDecoder } from '../../../../src/server/native/parser/body-decoder.ts'
import type { RequestHead } from '../../../../src/http/request-head.ts'

const CONTEXT = new ServerExchangeContext(SILENT_LOG)

/** A request in the form that an app gets. */
export interface ReadRequest extends Pick<
  RequestHead,
  | 'method'
  | 'target'
  | 'httpVersion'
  | 'headers'
  | 'keepAlive'
  | 'expectsContinue'
  | 'acceptsTrailers'
> {
  /** The headers as sent, before the scope drops or replaces some. */
  sentHeaders: HeaderPairs
  /** As latin-1; the part that has arrived. */
  body: string
  upgrade: string | null
}

/** The outcome of the bytes of a connection. */
export interface Reading {
  /** The complete requests. */
  requests: ReadRequest[]
  /** The request whose body is incomplete. */
  current: ReadRequest | null
  then: number | 'unfinished' | 'nothing'
  /** The message of a refusal. */
  reason: string | null
}

/** Like an engine, reads requests until one is refused or is the last of its connection. */
export class RequestReader {
  readonly reading: Reading = { requests: [], current: null, then: 'nothing', reason: null }
  readonly #parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
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
    if (this.#body?.done) this.#finish()
    return next
  }

  #readHead(bytes: Buffer, at: number): number {
    this.reading.then = 'unfinished'
    const next = this.#parser.parse(bytes, at)
    if (next < 0) return bytes.length

    const { head, framing } = this.#parser
    if (head.fault !== null) throw head.fault
    const { method, target, httpVersion, keepAlive, expectsContinue, acceptsTrailers } = head
    const { headers } = httpScope(head, {}, DEFAULTS, CONTEXT)
    this.reading.current = {
      method,
      target,
      httpVersion,
      headers,
      keepAlive,
      expectsContinue,
      acceptsTrailers,
      upgrade: framing.upgrade,
      sentHeaders: head.headers,
      body: '',
    }
    this.#body = bodyDecoder(framing, DEFAULTS)
    return next
  }

  #readBody(body: BodyDecoder, bytes: Buffer, at: number): number {
    return body.decode(bytes, at, (data) => {
      if (this.reading.current) this.reading.current.body += data.toString('latin1')
    })
  }

  #finish(): void {
    const { current } = this.reading
    if (!current) return
    this.reading.requests.push(current)
    this.reading.current = null
    this.reading.then = 'nothing'
    this.#ended = !current.keepAlive
    this.#body = undefined
  }
}

/** The outcome of bytes that arrive in these pieces. */
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
