// The line before a chunk: its size and its extensions (RFC 9112, 7.1), octet by octet.

import { BadRequestError } from '../../../errors.ts'
import { CR, HTAB, IS_FIELD_CONTENT, IS_TOKEN, LF, shown, SP } from './octets.ts'

const SEMICOLON = 0x3b
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

const SIZE = 0
const EXTENSION_NAME = 1
const EXTENSION_VALUE = 2
const QUOTED = 3
const QUOTED_PAIR = 4
const QUOTE_END = 5
// White space after a name, where `=` may follow, and after a size or a value, where only `;` may follow.
const AFTER_NAME = 6
const AFTER_PART = 7
const LINE_FEED = 8
const DONE = 9

// 53 bits are 14 digits; some servers pad with zeros.
const MAX_DIGITS = 16
const NO_DIGIT = 16
const HEX = Uint8Array.from({ length: 256 }, (_, octet) => {
  const digit = String.fromCharCode(octet)
  return /[\da-f]/i.test(digit) ? Number.parseInt(digit, 16) : NO_DIGIT
})

/** Reads the size of a chunk. Extensions are checked and dropped: the server knows none. */
export class ChunkLine {
  size = 0
  readonly #maxExtensionBytes: number
  #phase = SIZE
  #digits = 0
  // The length of the name or value under way.
  #length = 0
  #extensionBytes = 0

  /** @param maxExtensionBytes of all chunks of a body together, in bytes; then 413 */
  constructor(maxExtensionBytes: number) {
    this.#maxExtensionBytes = maxExtensionBytes
  }

  /** Starts with the next chunk. */
  reset(): void {
    this.#phase = SIZE
    this.#digits = 0
    this.size = 0
  }

  /** Takes octets from `at`; returns the offset after the line, or the end of `bytes`. */
  scan(bytes: Uint8Array, at: number): number {
    let next = at
    while (next < bytes.length && this.#phase !== DONE) this.#take(bytes[next++] as number)
    return next
  }

  get whole(): boolean {
    return this.#phase === DONE
  }

  #take(octet: number): void {
    if (this.#phase === SIZE) return this.#takeSize(octet)
    if (this.#phase === LINE_FEED) return this.#takeLineFeed(octet)
    this.#extensionBytes += 1
    if (this.#extensionBytes > this.#maxExtensionBytes) {
      throw new BadRequestError(`chunk extensions exceed ${this.#maxExtensionBytes} bytes`, 413)
    }
    this.#takeExtension(octet)
  }

  #takeSize(octet: number): void {
    const digit = HEX[octet] as number
    if (digit === NO_DIGIT) {
      if (this.#digits === 0) throw new BadRequestError(`a chunk size has ${shown(octet)}`)
      return this.#endPart(octet)
    }
    this.#digits += 1
    this.size = this.size * 16 + digit
    const isTooLarge = this.#digits > MAX_DIGITS || this.size > Number.MAX_SAFE_INTEGER
    if (isTooLarge) throw new BadRequestError('a chunk size is out of bounds')
  }

  #takeExtension(octet: number): void {
    switch (this.#phase) {
      case QUOTED:
        return this.#takeQuoted(octet)
      case QUOTED_PAIR:
        this.#requireContent(octet)
        this.#phase = QUOTED
        return
      case QUOTE_END:
        return this.#endPart(octet)
      case AFTER_NAME:
      case AFTER_PART:
        return this.#takeAfterSpace(octet)
      default:
        return this.#takeToken(octet)
    }
  }

  #takeToken(octet: number): void {
    if (IS_TOKEN[octet] === 1) {
      this.#length += 1
      return
    }
    const isValue = this.#phase === EXTENSION_VALUE
    if (this.#length === 0) return this.#takeBeforeToken(octet, isValue)
    if (isValue) return this.#endPart(octet)
    if (octet === EQUALS) return this.#startToken(EXTENSION_VALUE)
    if (isBlank(octet)) this.#phase = AFTER_NAME
    else this.#endPart(octet)
  }

  #takeBeforeToken(octet: number, isValue: boolean): void {
    if (octet === QUOTE && isValue) this.#phase = QUOTED
    else if (!isBlank(octet)) throw new BadRequestError(`a chunk extension has ${shown(octet)}`)
  }

  // RFC 9112, 7.1.1 has white space before `;` and around `=`, but not at the end of the line.
  #takeAfterSpace(octet: number): void {
    if (octet === SEMICOLON) this.#startToken(EXTENSION_NAME)
    else if (octet === EQUALS && this.#phase === AFTER_NAME) this.#startToken(EXTENSION_VALUE)
    else if (!isBlank(octet)) throw new BadRequestError(`a chunk extension has ${shown(octet)}`)
  }

  #startToken(phase: number): void {
    this.#phase = phase
    this.#length = 0
  }

  #takeQuoted(octet: number): void {
    if (octet === QUOTE) this.#phase = QUOTE_END
    else if (octet === BACKSLASH) this.#phase = QUOTED_PAIR
    else this.#requireContent(octet)
  }

  #requireContent(octet: number): void {
    if (IS_FIELD_CONTENT[octet] !== 1) {
      throw new BadRequestError(`a chunk extension has ${shown(octet)}`)
    }
  }

  // The octet after the size, a name or a value.
  #endPart(octet: number): void {
    if (octet === SEMICOLON) this.#startToken(EXTENSION_NAME)
    else if (octet === CR) this.#phase = LINE_FEED
    else if (isBlank(octet)) this.#phase = AFTER_PART
    else throw new BadRequestError(`the line of a chunk has ${shown(octet)}`)
  }

  #takeLineFeed(octet: number): void {
    if (octet !== LF) throw new BadRequestError('the line of a chunk has a bare CR')
    this.#phase = DONE
  }
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB
}
