// Holds the bytes that the reader has not taken yet. They are in one block, so that a line costs one search and one
// view.

import { Buffer } from 'node:buffer'

const LF = 0x0a
const NOTHING = Buffer.alloc(0)

/**
 * A queue of bytes, without I/O. Every byte is copied a constant number of times at most, and searched once for a
 * newline, even if the bytes came in tiny chunks.
 *
 * The take methods return `Buffer` views, and no code writes to those bytes again. An appended chunk belongs to the
 * buffer.
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
  // The bytes between #start and this index contain no newline.
  #searched = 0

  /** The number of bytes in the buffer. */
  get length(): number {
    return this.#end - this.#start
  }

  /** Adds `chunk` at the end. The buffer may keep it without a copy: do not change it afterwards. */
  append(chunk: Uint8Array): void {
    if (this.length === 0) return this.#adopt(chunk)

    const end = this.#end + chunk.length
    if (end > this.#block.length) return this.#moveTo(2 * (this.length + chunk.length), chunk)
    this.#block.set(chunk, this.#end)
    this.#end = end
  }

  /** Takes `size` bytes, or all if the buffer has fewer. */
  take(size: number): Uint8Array {
    const from = this.#start
    this.#start = Math.min(from + size, this.#end)
    const taken = this.#block.subarray(from, this.#start)
    if (this.length === 0) this.#adopt(NOTHING)
    return taken
  }

  /** Takes all bytes. */
  takeAll(): Uint8Array {
    return this.take(this.length)
  }

  /**
   * Takes one line with its `\n`, or the first `limit` bytes of a longer line. Takes nothing and returns undefined if
   * the buffer has neither a newline nor `limit` bytes yet.
   *
   * @param limit in bytes, default none
   */
  takeLine(limit: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const from = Math.max(this.#searched, this.#start)
    // The search gets a view of the filled part, because the rest of the block has old bytes.
    const at = this.#block.subarray(from, this.#end).indexOf(LF)
    // This is the index of the newline itself: after a call with a small limit, the next call finds the newline at
    // once.
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

  // The block is always new, because readers still hold views of the old block.
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

/**
 * `chunk` as a Buffer over the same memory. Apps always get Buffers, because toString() and slice() of a Uint8Array
 * have other results.
 */
export function asBuffer(chunk: Uint8Array): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
