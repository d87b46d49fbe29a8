// The parser of request heads (RFC 9112, 2 to 5): bytes in, a head out, no I/O.

import { BadRequestError } from '../../../errors.ts'
import { pairsOf } from '../../../http/headers.ts'
import { requestHead } from '../../../http/request-head.ts'
import { FieldSection } from './field-section.ts'
import { CR, LF } from './octets.ts'
import { PartialBlock } from './partial-block.ts'
import { requestFraming } from './request-framing.ts'
import { RequestLine } from './request-line.ts'
import type { Endpoints, RequestHead } from '../../../http/request-head.ts'
import type { HeadLimits } from './head-limits.ts'
import type { RequestFraming } from './request-framing.ts'

/** The last field section. Its facts are used again for a section that is byte for byte the same. */
interface Remembered {
  text: string
  httpVersion: RequestHead['httpVersion']
  framing: RequestFraming
  /** Names and values in turns. */
  fields: string[]
}

/**
 * Parses the heads of one connection, one after the other.
 *
 * Every byte is scanned once. A head that cannot become a request is refused at the first wrong byte, so the outcome does
 * not depend on the pieces that the bytes arrive in. Framing is judged at the end of the head, and so are target and Host:
 * a head that is refused for one of these two is complete, and has a `fault`.
 *
 * @example
 * const limits = { maxHeadBytes: 16384, maxRequestLineBytes: 8192, maxHeaderFields: 100 }
 * const parser = new HeadParser(limits, { client: null, server: null, secure: false, tls: null })
 * const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
 * parser.parse(bytes, 0) // 27: the offset after the head
 * parser.head.headers // [['host', 'x']]
 */
export class HeadParser {
  #head: RequestHead | undefined
  readonly #limits: HeadLimits
  readonly #ends: Endpoints
  readonly #line: RequestLine
  readonly #fields: FieldSection
  readonly #partial = new PartialBlock()
  #emptyLineBytes = 0
  #isInFields = false
  #remembered: Remembered | undefined

  /** @param ends the ends of the connection, which every head refers to */
  constructor(limits: HeadLimits, ends: Endpoints) {
    this.#limits = limits
    this.#ends = ends
    this.#line = new RequestLine(limits.maxRequestLineBytes)
    this.#fields = new FieldSection(limits.maxHeaderFields)
  }

  /** The last head that was parsed. */
  get head(): RequestHead {
    if (this.#head === undefined) throw new TypeError('no head was parsed: call parse() first')
    return this.#head
  }

  /** The framing of the last head that was parsed. Heads with the same fields share it. */
  get framing(): RequestFraming {
    if (this.#remembered === undefined)
      throw new TypeError('no head was parsed: call parse() first')
    return this.#remembered.framing
  }

  /**
   * Takes the bytes from `at`.
   *
   * @returns the offset after the head if the head is complete; -1 if all bytes were taken and more are needed
   * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with the status that the bytes deserve; the bytes after them
   *   cannot be parsed any more
   */
  parse(bytes: Buffer, at: number): number {
    if (this.#partial.length > 0) return this.#resume(bytes, at)
    const start = this.#skipEmptyLine(bytes, at)
    const size = this.#recall(bytes, start)
    if (size > 0) return start + size

    if (this.#scan(bytes, start, bytes.length)) return start + this.#finish(bytes, start)
    this.#partial.append(bytes, start, bytes.length)
    return -1
  }

  #resume(bytes: Buffer, at: number): number {
    const partial = this.#partial
    const before = partial.length
    // One byte above the limit is enough to see that the head exceeds it.
    const room = this.#limits.maxHeadBytes + 1 - before
    partial.append(bytes, at, Math.min(bytes.length, at + room))
    if (!this.#scan(partial.bytes, 0, partial.length)) return -1

    const size = this.#finish(partial.bytes, 0)
    partial.clear()
    return at + size - before
  }

  // RFC 9112, 2.2: one empty line before a request line is ignored, because old clients sent one after a body.
  #skipEmptyLine(bytes: Buffer, at: number): number {
    let from = at
    if (this.#emptyLineBytes === 0 && bytes[from] === CR) {
      this.#emptyLineBytes = 1
      from += 1
    }
    if (this.#emptyLineBytes !== 1 || from === bytes.length) return from
    if (bytes[from] !== LF)
      throw new BadRequestError('a bare CR stands in front of the request line')
    this.#emptyLineBytes = 2
    return from + 1
  }

  #scan(block: Buffer, start: number, end: number): boolean {
    const stop = Math.min(end, start + this.#limits.maxHeadBytes)
    if (!this.#isInFields && this.#line.scan(block, start, stop)) {
      this.#isInFields = true
      this.#fields.reset(this.#line.at)
    }
    if (this.#isInFields && this.#fields.scan(block, start, stop)) return true
    if (stop === end) return false
    throw new BadRequestError(`the head is longer than ${this.#limits.maxHeadBytes} bytes`, 431)
  }

  #finish(block: Buffer, start: number): number {
    const { httpVersion, at } = this.#line
    const size = this.#fields.at
    const text = block.toString('latin1', start, start + size)
    const fields = this.#fields.fields(block, start, text)
    const framing = requestFraming(httpVersion, fields)
    this.#remembered = { text: text.slice(at), httpVersion, framing, fields }
    this.#handOut(text, this.#remembered)
    return size
  }

  // The next request of a client mostly has the same fields: only its request line is parsed then.
  #recall(bytes: Buffer, start: number): number {
    const stop = Math.min(bytes.length, start + this.#limits.maxHeadBytes)
    const last = this.#remembered
    if (last === undefined || !this.#line.scan(bytes, start, stop)) return 0
    const { httpVersion, at } = this.#line
    const size = at + last.text.length
    const end = start + size
    if (end > stop || bytes[end - 1] !== LF || bytes[end - 3] !== LF) return 0

    const text = bytes.toString('latin1', start, end)
    if (httpVersion !== last.httpVersion || text.slice(at) !== last.text) return 0
    this.#handOut(text, last)
    return size
  }

  #handOut(text: string, { framing, fields }: Remembered): void {
    const line = this.#line
    line.takeTarget(text)
    this.#head = requestHead(line, pairsOf(fields), framing, this.#ends)
    line.reset()
    this.#isInFields = false
    this.#emptyLineBytes = 0
  }
}
