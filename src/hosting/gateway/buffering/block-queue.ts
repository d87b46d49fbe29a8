// Bytes in memory that wait for their reader, in few blocks.

import { ownBytes } from '../../protocol/own-bytes.ts'

/** A shorter piece is copied to the end of a block: a piece of its own costs about a hundred bytes. */
const SMALL_BYTES = 16 * 1024

const MIN_BLOCK_BYTES = 1024
const MAX_BLOCK_BYTES = 64 * 1024
const MIN_TAKEN = 64
const NOTHING = Buffer.alloc(0)

/** A queue of bytes. Many small pieces cost as much as few large ones. A piece that is pushed belongs to the queue. */
export class BlockQueue {
  #blocks: Uint8Array[] = []
  // The blocks before this index were taken.
  #first = 0
  #length = 0
  // The block that takes small pieces; the bytes from #start to #end are the last ones of the queue.
  #open: Buffer = NOTHING
  #start = 0
  #end = 0

  /** The number of bytes in the queue. */
  get length(): number {
    return this.#length
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    // The only piece is mostly a whole body.
    if (bytes.length >= SMALL_BYTES || this.#length === 0) this.#pushBlock(ownBytes(bytes))
    else this.#pushSmall(bytes)
    this.#length += bytes.length
  }

  /** Takes the first block; undefined if the queue is empty. */
  take(): Uint8Array | undefined {
    this.#closeBlock()
    const block = this.#blocks[this.#first]
    if (block) this.drop(block.length)
    return block
  }

  /** The first `most` bytes, or all, which stay in the queue. */
  peek(most: number): Uint8Array[] {
    this.#closeBlock()
    const blocks: Uint8Array[] = []
    for (let at = this.#first, left = most; left > 0 && at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at] as Uint8Array
      blocks.push(block.length > left ? block.subarray(0, left) : block)
      left -= block.length
    }
    return blocks
  }

  /** Removes the first `bytes` bytes. */
  drop(bytes: number): void {
    this.#closeBlock()
    this.#length -= bytes
    for (let left = bytes; left > 0;) {
      const block = this.#blocks[this.#first] as Uint8Array
      const isWhole = block.length <= left
      this.#blocks[this.#first] = isWhole ? NOTHING : block.subarray(left)
      if (isWhole) this.#first += 1
      left -= Math.min(block.length, left)
    }
    this.#forgetTaken()
  }

  clear(): void {
    this.drop(this.#length)
  }

  #pushSmall(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#open.length) {
      this.#closeBlock()
      const wanted = Math.max(2 * (this.#length + bytes.length), MIN_BLOCK_BYTES)
      // Not from the memory that small buffers share, which lives as long as one of them.
      this.#open = Buffer.allocUnsafeSlow(Math.min(wanted, MAX_BLOCK_BYTES))
      this.#start = 0
      this.#end = 0
    }
    this.#open.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #pushBlock(block: Uint8Array): void {
    this.#closeBlock()
    this.#blocks.push(block)
  }

  // The rest of the memory of the block still takes later pieces.
  #closeBlock(): void {
    if (this.#start === this.#end) return
    this.#blocks.push(this.#open.subarray(this.#start, this.#end))
    this.#start = this.#end
  }

  #forgetTaken(): void {
    if (this.#length === 0) this.#open = NOTHING
    if (this.#length === 0) [this.#start, this.#end] = [0, 0]
    if (this.#length > 0 && (this.#first < MIN_TAKEN || this.#first * 2 < this.#blocks.length))
      return
    this.#blocks.splice(0, this.#first)
    this.#first = 0
  }
}
