// A section of field lines up to its empty line (RFC 9112, 5): the headers of a head, the trailers of a body.

import { BadRequest } from '../../errors.ts'
import { knownFieldName } from './field-names.ts'
import { COLON, CR, HTAB, IS_FIELD_CONTENT, IS_TOKEN, LF, shown, SP } from './octets.ts'

const LINE_START = 0
const NAME = 1
const VALUE = 2
const LINE_FEED = 3
const LAST_LINE_FEED = 4
const DONE = 5

/**
 * Finds the fields of a section, and refuses it at the first octet that no section has.
 *
 * What is scanned lies in one block; it may grow between two calls. Offsets count from the start of the block.
 */
export class FieldSection {
  /** How far it is scanned. */
  at = 0
  readonly #maxFields: number
  #phase = LINE_START
  #start = 0
  #count = 0
  // Of every field where its colon and where its CR is. Kept between two sections: it grows once.
  readonly #colons: number[] = []
  readonly #ends: number[] = []

  constructor(maxFields: number) {
    this.#maxFields = maxFields
  }

  /** Starts again, `at` so many octets behind the start of a block. */
  reset(at: number): void {
    this.#phase = LINE_START
    this.#start = at
    this.#count = 0
    this.at = at
  }

  /** Goes on scanning; whether the section is whole, in which case `at` is behind it. */
  scan(block: Uint8Array, start: number, end: number): boolean {
    while (this.#phase !== DONE) {
      if (start + this.at === end) return false
      if (this.#phase === LINE_START) this.#startLine(block[start + this.at])
      if (this.#phase === NAME) this.#scanName(block, start, end)
      if (this.#phase === VALUE) this.#scanValue(block, start, end)
      if (this.#phase >= LINE_FEED) this.#scanLineFeed(block, start, end)
    }
    return true
  }

  /**
   * The names and values of a section that is whole, in turns: name, value, name, value …
   *
   * @param text the block as latin-1
   */
  fields(block: Uint8Array, start: number, text: string): string[] {
    const fields: string[] = []
    let from = this.#start
    for (let index = 0; index < this.#count; index++) {
      const colon = this.#colons[index] as number
      const end = this.#ends[index] as number
      const name = knownFieldName(block, start + from, start + colon)
      fields.push(name ?? text.slice(from, colon).toLowerCase(), trimmed(text, colon + 1, end))
      from = end + 2
    }
    return fields
  }

  #startLine(octet: number | undefined): void {
    if (octet === CR) {
      this.at += 1
      this.#phase = LAST_LINE_FEED
      return
    }
    // RFC 9112, 5.2: folding is obsolete, and what one reader takes for a value is a field to another.
    if (octet === SP || octet === HTAB) throw new BadRequest('a field line begins with white space')
    if (octet === COLON) throw new BadRequest('a field has no name')
    if (this.#count === this.#maxFields) {
      throw new BadRequest(`there are more than ${this.#maxFields} fields`, 431)
    }
    this.#phase = NAME
  }

  #scanName(block: Uint8Array, start: number, end: number): void {
    let at = start + this.at
    while (at < end && IS_TOKEN[block[at] as number] === 1) at++
    this.at = at - start
    if (at === end) return

    if (block[at] !== COLON) throw new BadRequest(`a field name has ${shown(block[at])}`)
    this.#colons[this.#count] = this.at
    this.at += 1
    this.#phase = VALUE
  }

  #scanValue(block: Uint8Array, start: number, end: number): void {
    let at = start + this.at
    while (at < end && IS_FIELD_CONTENT[block[at] as number] === 1) at++
    this.at = at - start
    if (at === end) return

    if (block[at] !== CR) throw new BadRequest(`a field value has ${shown(block[at])}`)
    this.#ends[this.#count++] = this.at
    this.at += 1
    this.#phase = LINE_FEED
  }

  #scanLineFeed(block: Uint8Array, start: number, end: number): void {
    const at = start + this.at
    if (at === end) return
    if (block[at] !== LF) throw new BadRequest('a field section has a bare CR')
    this.at += 1
    this.#phase = this.#phase === LAST_LINE_FEED ? DONE : LINE_START
  }
}

// Without SP and HTAB around it (RFC 9110, 5.5), and not trim(), which takes more than that for white space.
function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB
}
