// Bytes that have arrived and were not taken yet, in the pieces in which they came: nothing is copied.

const NOTHING = new Uint8Array(0)

/** A queue of bytes, without I/O. What is put in is handed over, and comes out as views of it. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = []
  #length = 0

  /** How many bytes are there to take. */
  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The next bytes, at most `size` and never from more than one piece; empty only when there are none. */
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
