// A section of field lines up to its empty line (RFC 9112, 5): the headers of a head, the trailers of a body.

import { BadRequestError } from '../../../errors.ts'
import { knownFieldName } from './field-names.ts'
import { COLON, CR, HTAB, IS_FIELD_CONTENT, IS_TOKEN, LF, shown, skip, SP } from './octets.ts'

const LINE_START = 0
const NAME = 1
const VALUE = 2
const LINE_FEED = 3
const LAST_LINE_FEED = 4
const DONE = 5

/**
 * Finds the fields of a section, and refuses the section at the first octet that no section has.
 *
 * The section lies in one block, which may grow between two calls. Offsets count from the start of the block.
 */
export class FieldSection {
  /** The scanned octets. */
  at = 0
  readonly #maxFields: number
  #phase = LINE_START
  #start = 0
  #count = 0
  // The offsets of the colon and the CR of every field. The arrays are used again for the next section.
  readonly #colons: number[] = []
  readonly #ends: number[] = []

  constructor(maxFields: number) {
    this.#maxFields = maxFields
  }

  /** Starts with the next section, `at` this offset in its block. */
  reset(at: number): void {
    this.#phase = LINE_START
    this.#start = at
    this.#count = 0
    this.at = at
  }

  /** Continues the scan. True: the section is complete, and `at` is the offset after it. */
  scan(block: Uint8Array, start: number, end: number): boolean {
    let at = start + this.at
    let phase = this.#phase
    while (at < end && phase !== DONE) {
      switch (phase) {
        case LINE_START:
          phase = this.#startLine(block[at] as number)
          if (phase === LAST_LINE_FEED) at++
          break
        case NAME:
          at = skip(IS_TOKEN, block, at, end)
          if (at < end) phase = this.#endName(block[at] as number, at++ - start)
          break
        case VALUE:
          at = skip(IS_FIELD_CONTENT, block, at, end)
          if (at < end) phase = this.#endValue(block[at] as number, at++ - start)
          break
        default:
          requireLineFeed(block[at++] as number)
          phase = phase === LAST_LINE_FEED ? DONE : LINE_START
      }
    }
    this.at = at - start
    this.#phase = phase
    return phase === DONE
  }

  /**
   * The names and values of a complete section, in turns: name, value, name, value …
   *
   * @param text the block as latin-1
   */
  fields(block: Uint8Array, start: number, text: string): string[] {
    const fields: string[] = []
    let from = this.#start
    for (let index = 0; index < this.#count; index++) {
      const colon = this.#colons[index] as number
      const end = this.#ends[index] as number
      const known = knownFieldName(block, start + from, start + colon)
      fields.push(known ?? text.slice(from, colon).toLowerCase(), trimmed(text, colon + 1, end))
      from = end + 2
    }
    return fields
  }

  #startLine(octet: number): number {
    if (octet === CR) return LAST_LINE_FEED
    // RFC 9112, 5.2: folding is obsolete. One reader takes a folded line for a part of a value, another for a field.
    if (octet === SP || octet === HTAB)
      throw new BadRequestError('a field line begins with white space')
    if (octet === COLON) throw new BadRequestError('a field has no name')
    if (this.#count < this.#maxFields) return NAME
    throw new BadRequestError(`there are more than ${this.#maxFields} fields`, 431)
  }

  #endName(octet: number, at: number): number {
    if (octet !== COLON) throw new BadRequestError(`a field name has ${shown(octet)}`)
    this.#colons[this.#count] = at
    return VALUE
  }

  #endValue(octet: number, at: number): number {
    if (octet !== CR) throw new BadRequestError(`a field value has ${shown(octet)}`)
    this.#ends[this.#count++] = at
    return LINE_FEED
  }
}

function requireLineFeed(octet: number): void {
  if (octet !== LF) throw new BadRequestError('a field section has a bare CR')
}

// Strips SP and HTAB (RFC 9110, 5.5). trim() would strip other characters too.
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
