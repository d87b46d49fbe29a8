// The trailer section after the last chunk (RFC 9112, 7.1.2): it is checked and dropped.

import { isForbiddenTrailer } from '../../../http/trailers.ts'
import { BadRequestError } from '../../../errors.ts'
import { FieldSection } from './field-section.ts'
import { PartialBlock } from './partial-block.ts'
import type { HeadLimits } from './head-limits.ts'

/** Parses one trailer section, which mostly is the empty line alone. */
export class TrailerSection {
  readonly #maxBytes: number
  readonly #fields: FieldSection
  readonly #partial = new PartialBlock()

  constructor(limits: HeadLimits) {
    this.#maxBytes = limits.maxHeadBytes
    this.#fields = new FieldSection(limits.maxHeaderFields)
  }

  /** Takes the bytes from `at`; returns the offset after the section, or -1 while it is incomplete. */
  parse(bytes: Buffer, at: number): number {
    const partial = this.#partial
    const before = partial.length
    if (before === 0 && this.#scan(bytes, at, bytes.length)) return at + this.#finish(bytes, at)

    partial.append(bytes, at, Math.min(bytes.length, at + this.#maxBytes + 1 - before))
    if (!this.#scan(partial.bytes, 0, partial.length)) return -1
    return at + this.#finish(partial.bytes, 0) - before
  }

  #scan(block: Buffer, start: number, end: number): boolean {
    const stop = Math.min(end, start + this.#maxBytes)
    if (this.#fields.scan(block, start, stop)) return true
    if (stop === end) return false
    throw new BadRequestError(`the trailer section is longer than ${this.#maxBytes} bytes`, 431)
  }

  #finish(block: Buffer, start: number): number {
    const size = this.#fields.at
    const text = block.toString('latin1', start, start + size)
    const forbidden = this.#fields
      .fields(block, start, text)
      .find((name, index) => index % 2 === 0 && isForbiddenTrailer(name))
    if (forbidden !== undefined)
      throw new BadRequestError(`"${forbidden}" must not be a trailer (RFC 9110, 6.5.1)`)
    return size
  }
}
