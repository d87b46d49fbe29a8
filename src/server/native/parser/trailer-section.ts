// The trailer section after the last chunk (RFC 9112, 7.1.2): its grammar is checked, and all of its fields are dropped.

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
    if (before === 0 && this.#scan(bytes, at, bytes.length)) return at + this.#fields.at

    partial.append(bytes, at, Math.min(bytes.length, at + this.#maxBytes + 1 - before))
    if (!this.#scan(partial.bytes, 0, partial.length)) return -1
    return at + this.#fields.at - before
  }

  #scan(block: Buffer, start: number, end: number): boolean {
    const stop = Math.min(end, start + this.#maxBytes)
    if (this.#fields.scan(block, start, stop)) return true
    if (stop === end) return false
    throw new BadRequestError(`the trailer section is longer than ${this.#maxBytes} bytes`, 431)
  }
}
