// The trailer section behind the last chunk (RFC 9112, 7.1.2).

import { isForbiddenTrailer } from '../../async/trailers.ts'
import { BadRequest } from '../../errors.ts'
import { FieldSection } from './field-section.ts'
import { pairs } from './field-pairs.ts'
import { PartialBlock } from './partial-block.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { HeadLimits } from './request-head.ts'

/** Parses one trailer section; mostly it is the empty line alone. */
export class TrailerSection {
  trailers: HeaderPairs = []
  readonly #maxBytes: number
  readonly #fields: FieldSection
  readonly #partial = new PartialBlock()

  constructor(limits: HeadLimits) {
    this.#maxBytes = limits.maxHeadBytes
    this.#fields = new FieldSection(limits.maxHeaderFields)
  }

  /** Takes the bytes from `at`; the offset behind the section when it is whole, else -1. */
  parse(bytes: Buffer, at: number): number {
    const partial = this.#partial
    const before = partial.length
    partial.append(bytes, at, Math.min(bytes.length, at + this.#maxBytes + 1 - before))
    const stop = Math.min(partial.length, this.#maxBytes)
    if (this.#fields.scan(partial.bytes, 0, stop)) {
      this.#finish()
      return at + this.#fields.at - before
    }
    if (stop === partial.length) return -1
    throw new BadRequest(`the trailer section is longer than ${this.#maxBytes} bytes`, 431)
  }

  #finish(): void {
    const { bytes, length } = this.#partial
    this.trailers = pairs(this.#fields.fields(bytes, 0, bytes.toString('latin1', 0, length)))
    this.#partial.clear()
    const forbidden = this.trailers.find(([name]) => isForbiddenTrailer(name))
    if (forbidden) throw new BadRequest(`"${forbidden[0]}" must not be a trailer (RFC 9110, 6.5.1)`)
  }
}
