// The parser of request heads (RFC 9112, 2 to 5): bytes in, a head out, no I/O.

import { BadRequestError } from '../../../errors.ts'
import { pairsOf } from '../../../http/headers.ts'
import { FieldSection } from './field-section.ts'
import { CR, LF } from './octets.ts'
import { PartialBlock } from './partial-block.ts'
import { requestFraming } from './request-framing.ts'
import { RequestLine } from './request-line.ts'
import type { RequestFraming } from './request-framing.ts'
import type { HeadLimits, ParsedHead } from './request-head.ts'

/** A field section that was parsed, to be used again for one that is byte for byte the same. */
interface Remembered {
  text: string
  httpVersion: ParsedHead['httpVersion']
  framing: RequestFraming
  /** Names and values in turns. */
  fields: string[]
}

/**
 * Parses the heads of one connection, one behind the other.
 *
 * Every byte is looked at once. What dooms a head refuses it at the first such byte, so the outcome is the
 * same whatever pieces the bytes came in. What only a whole head can say (framing) is judged at its end.
 *
 * @example
 * const parser = new HeadParser({ maxHeadBytes: 16384, maxRequestLineBytes: 8192, maxHeaderFields: 100 })
 * const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
 * parser.parse(bytes, 0) // 27: behind the head
 * parser.head.headers // [['host', 'x']]
 */
export class HeadParser {
  #head: ParsedHead | undefined
  readonly #limits: HeadLimits
  readonly #line: RequestLine
  readonly #fields: FieldSection
  readonly #partial = new PartialBlock()
  #emptyLineBytes = 0
  #isInFields = false
  #remembered: Remembered | undefined

  constructor(limits: HeadLimits) {
    this.#limits = limits
    this.#line = new RequestLine(limits.maxRequestLineBytes)
    this.#fields = new FieldSection(limits.maxHeaderFields)
  }

  /** The head that was parsed last. */
  get head(): ParsedHead {
    if (this.#head === undefined) throw new TypeError('no head was parsed: call parse() first')
    return this.#head
  }

  /** Part of a head has arrived, and the rest has not. */
  get underWay(): boolean {
    return this.#partial.length > 0
  }

  /**
   * Takes the bytes from `at`.
   *
   * @returns the offset behind the head when it is whole, else -1: all bytes were taken, and more are needed
   * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with the status that the bytes deserve; nothing that
   *   comes after them can be made sense of
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
    // One byte above the limit is enough to see that it is exceeded.
    const room = this.#limits.maxHeadBytes + 1 - before
    partial.append(bytes, at, Math.min(bytes.length, at + room))
    if (!this.#scan(partial.bytes, 0, partial.length)) return -1

    const size = this.#finish(partial.bytes, 0)
    partial.clear()
    return at + size - before
  }

  // RFC 9112, 2.2: one empty line in front, which old clients sent behind a body, is ignored.
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

  // A client that asks again mostly has the same to say of itself: only the request line is another.
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

  #handOut(text: string, section: Remembered): void {
    this.#head = parsedHead(this.#line, text, section)
    this.#line.reset()
    this.#isInFields = false
    this.#emptyLineBytes = 0
  }
}

// Field by field: spreading costs more than all the rest.
function parsedHead(line: RequestLine, text: string, { framing, fields }: Remembered): ParsedHead {
  return {
    method: line.method,
    target: text.slice(line.targetStart, line.targetEnd),
    httpVersion: line.httpVersion,
    headers: pairsOf(fields),
    keepAlive: framing.keepAlive,
    expectsContinue: framing.expectsContinue,
    acceptsTrailers: framing.acceptsTrailers,
    chunked: framing.chunked,
    contentLength: framing.contentLength,
    upgrade: framing.upgrade,
  }
}
