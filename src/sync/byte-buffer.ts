// Bytes that have arrived and were not taken yet: contiguous, so that a line is one search and one view.

import { Buffer } from 'node:buffer'

const LF = 0x0a
const NOTHING = Buffer.alloc(0)

/**
 * A queue of bytes, without I/O. Every byte is copied at most a constant number of times and searched
 * once for a newline, whatever the size of the chunks it came in.
 *
 * What is taken are `Buffer` views that nobody else writes to; a chunk that is appended is handed over.
 *
 * @example
 * const buffer = new ByteBuffer()
 * buffer.append(Buffer.from('a\nb'))
 * buffer.takeLine() // 'a\n'
 * buffer.takeLine() // undefined: no newline yet
 * buffer.takeAll() // 'b'
 */
export class ByteBuffer {
  #block: Buffer = NOTHING
  #start = 0
  #end = 0
  // No newline lies between #start and here.
  #searched = 0

  /** How many bytes are there to take. */
  get length(): number {
    return this.#end - this.#start
  }

  /** Adds `chunk` at the end. The buffer may keep it as it is: do not change it afterwards. */
  append(chunk: Uint8Array): void {
    if (this.length === 0) return this.#adopt(chunk)

    const end = this.#end + chunk.length
    if (end > this.#block.length) return this.#moveTo(2 * (this.length + chunk.length), chunk)
    this.#block.set(chunk, this.#end)
    this.#end = end
  }

  /** Takes up to `size` bytes; fewer only when fewer are there. */
  take(size: number): Uint8Array {
    const from = this.#start
    this.#start = Math.min(from + size, this.#end)
    const taken = this.#block.subarray(from, this.#start)
    if (this.length === 0) this.#adopt(NOTHING)
    return taken
  }

  /** Takes what is there. */
  takeAll(): Uint8Array {
    return this.take(this.length)
  }

  /**
   * Takes one line with its `\n`, or the first `limit` bytes of a line that is longer.
   * Undefined, and nothing taken: neither a newline nor `limit` bytes are there yet.
   *
   * @param limit in bytes, default none
   */
  takeLine(limit: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const from = Math.max(this.#searched, this.#start)
    // The view ends the search where the bytes end: what lies behind them is not ours to read.
    const at = this.#block.subarray(from, this.#end).indexOf(LF)
    // A newline that was found is found again at once, however small the limit is.
    this.#searched = at < 0 ? this.#end : from + at

    const lineLength = at < 0 ? Number.POSITIVE_INFINITY : this.#searched + 1 - this.#start
    const size = Math.min(lineLength, limit)
    return size > this.length ? undefined : this.take(size)
  }

  #adopt(chunk: Uint8Array): void {
    this.#block = asBuffer(chunk)
    this.#start = 0
    this.#end = chunk.length
    this.#searched = 0
  }

  // Always to a new block: views of the old one are in the hands of whoever took them.
  #moveTo(capacity: number, chunk: Uint8Array): void {
    const block = Buffer.allocUnsafe(capacity)
    const length = this.#block.copy(block, 0, this.#start, this.#end)
    block.set(chunk, length)

    this.#searched = Math.max(0, this.#searched - this.#start)
    this.#block = block
    this.#start = 0
    this.#end = length + chunk.length
  }
}

/** `chunk` as the one kind for all: a Buffer and a Uint8Array answer toString() and slice() differently. */
export function asBuffer(chunk: Uint8Array): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
