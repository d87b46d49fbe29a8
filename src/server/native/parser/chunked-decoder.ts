// A body in chunks (RFC 9112, 7.1).

import { BadRequestError } from '../../../errors.ts'
import { ChunkLine } from './chunk-line.ts'
import { CR, LF, shown } from './octets.ts'
import { TrailerSection } from './trailer-section.ts'
import type { HeadLimits } from './head-limits.ts'

const LINE = 0
const DATA = 1
const DATA_CR = 2
const DATA_LF = 3
const TRAILERS = 4
const DONE = 5

/** Takes the chunks apart: hands out their data, and checks their framing. */
export class ChunkedDecoder {
  readonly #line: ChunkLine
  readonly #trailers: TrailerSection
  #phase = LINE
  #left = 0

  constructor(limits: HeadLimits) {
    this.#line = new ChunkLine(limits.maxHeadBytes)
    this.#trailers = new TrailerSection(limits)
  }

  /** The body and its trailers are complete. */
  get done(): boolean {
    return this.#phase === DONE
  }

  /** Only the end tells the length of a chunked body. */
  get left(): number {
    return this.done ? 0 : Infinity
  }

  /** Takes bytes from `at`; returns the offset after the bytes that belong to the body. */
  decode(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    let next = at
    while (next < bytes.length && this.#phase !== DONE) next = this.#step(bytes, next, onData)
    return next
  }

  #step(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    switch (this.#phase) {
      case LINE:
        return this.#takeLine(bytes, at)
      case DATA:
        return this.#takeData(bytes, at, onData)
      case DATA_CR:
        return this.#take(CR, bytes[at], DATA_LF) + at
      case DATA_LF:
        return this.#take(LF, bytes[at], LINE) + at
      default:
        return this.#takeTrailers(bytes, at)
    }
  }

  #takeLine(bytes: Buffer, at: number): number {
    const next = this.#line.scan(bytes, at)
    if (!this.#line.whole) return next
    this.#left = this.#line.size
    this.#phase = this.#left === 0 ? TRAILERS : DATA
    this.#line.reset()
    return next
  }

  #takeData(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#phase = DATA_CR
    onData(bytes.subarray(at, end))
    return end
  }

  #take(expected: number, octet: number | undefined, phase: number): number {
    if (octet !== expected)
      throw new BadRequestError(`a chunk is longer than its size: ${shown(octet)}`)
    this.#phase = phase
    return 1
  }

  #takeTrailers(bytes: Buffer, at: number): number {
    const next = this.#trailers.parse(bytes, at)
    if (next < 0) return bytes.length
    this.#phase = DONE
    return next
  }
}
