// Holds the bytes that the reader has not taken yet, as the chunks in which they came. It makes no copy.

const NOTHING = new Uint8Array(0)

/** A queue of bytes, without I/O. It owns the chunks that are pushed, and returns views of them. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = []
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
    const [chunk] = this.#chunks
    if (!chunk) return NOTHING
    if (chunk.length <= size) this.#chunks.shift()
    else this.#chunks[0] = chunk.subarray(size)

    const taken = chunk.length <= size ? chunk : chunk.subarray(0, size)
    this.#length -= taken.length
    return taken
  }
}
