// Bytes that wait for their reader. A piece of one byte costs a hundred times its size, so small pieces are joined.

import { Buffer } from 'node:buffer'
import { Fifo } from './fifo.ts'

/** A shorter chunk is joined with its neighbours: its object would cost as much as the bytes. */
const SMALL_BYTES = 1024
/** This many chunks wait as they came. */
const FEW = 16
const MAX_BLOCK_BYTES = 65_536

/**
 * A queue of chunks. From the 16th waiting chunk on, neighbours of less than 1 KiB become one chunk of at most 64 KiB,
 * so that the memory of the queue and the number of its chunks follow the bytes, and not the pieces in which they came.
 * A byte is copied three times at most on average. The first chunks and longer ones are not copied.
 *
 * The queue owns the chunks that are pushed. The reader owns those that it takes.
 */
export class ChunkQueue {
  readonly #chunks = new Fifo<Uint8Array>()
  #byteLength = 0
  /** The memory of the last chunk, if small chunks may still be joined to it. */
  #block: Uint8Array | undefined

  get byteLength(): number {
    return this.#byteLength
  }

  /** The number of chunks that {@link take} can return. */
  get length(): number {
    return this.#chunks.length
  }

  push(chunk: Uint8Array): void {
    this.#byteLength += chunk.byteLength
    const last = this.#chunks.last
    const isFew = this.#chunks.length < FEW
    if (last === undefined || isFew || chunk.byteLength >= SMALL_BYTES) this.#add(chunk)
    else if (this.#block) this.#join(last, this.#block, chunk)
    else if (last.byteLength < SMALL_BYTES) this.#move(last, chunk)
    else this.#add(chunk)
  }

  /** The chunk that came first; undefined if the queue is empty. */
  take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return undefined
    // The reader owns the chunk now: no later bytes are written into its memory.
    if (this.#chunks.length === 0) this.#block = undefined
    this.#byteLength -= chunk.byteLength
    return chunk
  }

  clear(): void {
    this.#chunks.clear()
    this.#byteLength = 0
    this.#block = undefined
  }

  #add(chunk: Uint8Array): void {
    this.#block = undefined
    this.#chunks.push(chunk)
  }

  #join(last: Uint8Array, block: Uint8Array, chunk: Uint8Array): void {
    const length = last.byteLength + chunk.byteLength
    if (length > MAX_BLOCK_BYTES) return this.#add(chunk)
    if (length > block.byteLength) return this.#move(last, chunk)
    block.set(chunk, last.byteLength)
    this.#chunks.replaceLast(block.subarray(0, length))
  }

  // The block doubles, so that its bytes are not copied again for each chunk.
  #move(last: Uint8Array, chunk: Uint8Array): void {
    const length = last.byteLength + chunk.byteLength
    const block = Buffer.allocUnsafe(Math.min(MAX_BLOCK_BYTES, Math.max(SMALL_BYTES, 2 * length)))
    block.set(last)
    block.set(chunk, last.byteLength)
    this.#block = block
    this.#chunks.replaceLast(block.subarray(0, length))
  }
}
