// Holds the bytes that the reader has not taken yet. Only small chunks are copied, and only if many of them wait.

import { ChunkQueue } from '../waiting/chunk-queue.ts'

const NOTHING = new Uint8Array(0)

/** A queue of bytes, without I/O. It owns the chunks that are pushed, and returns views of them. */
export class ByteQueue {
  readonly #chunks = new ChunkQueue()
  /** The rest of a chunk of which a part was taken. */
  #rest: Uint8Array | undefined
  #length = 0

  /** The number of bytes in the queue. */
  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The next bytes, at most `size`, all from one chunk; empty only if the queue is empty. */
  take(size: number): Uint8Array {
    const chunk = this.#rest ?? this.#chunks.take()
    if (!chunk) return NOTHING
    this.#rest = chunk.length > size ? chunk.subarray(size) : undefined
    const taken = chunk.length > size ? chunk.subarray(0, size) : chunk
    this.#length -= taken.length
    return taken
  }
}
