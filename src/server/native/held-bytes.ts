// The bytes of one connection that wait: they arrive in any pieces, and leave from the front.

const NOTHING = Buffer.alloc(0)

/** One block of bytes. It grows by doubling, so that the cost of a byte does not depend on the size of the pieces. */
export class HeldBytes {
  #block: Buffer = NOTHING
  #from = 0
  #to = 0

  /** The bytes that wait. They change with the next call of {@link append}. */
  get view(): Buffer {
    return this.#block.subarray(this.#from, this.#to)
  }

  /** Takes a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    if (this.#to === 0) this.#block = Buffer.from(bytes)
    else this.#addTo(bytes)
    this.#to += bytes.length
  }

  /** Drops all but the last `count` bytes. The block is given up with its last byte. */
  keepLast(count: number): void {
    this.#from = this.#to - count
    if (count > 0) return
    this.#block = NOTHING
    this.#from = 0
    this.#to = 0
  }

  #addTo(bytes: Uint8Array): void {
    const { length } = this.#block
    const needed = this.#to - this.#from + bytes.length
    if (this.#to + bytes.length > length) {
      // The front is moved only if it is at least half of the block, so that each byte moves a few times at most.
      const block =
        needed <= length / 2 ? this.#block : Buffer.allocUnsafeSlow(Math.max(needed, 2 * length))
      this.#to = this.#block.copy(block, 0, this.#from, this.#to)
      this.#from = 0
      this.#block = block
    }
    this.#block.set(bytes, this.#to)
  }
}
