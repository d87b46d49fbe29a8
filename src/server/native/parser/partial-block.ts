// The bytes of a head or a trailer section that arrives in pieces, in one block.

const NOTHING = Buffer.alloc(0)

/** Grows by doubling, so that the cost of a byte does not depend on the size of the pieces. */
export class PartialBlock {
  bytes: Buffer = NOTHING
  length = 0

  /** Takes the bytes from `start` to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.length, length))
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    this.bytes.set(bytes.subarray(start, end), this.length)
    this.length = length
  }

  /** Gives the block up, so that an idle connection holds no memory for it. */
  clear(): void {
    this.bytes = NOTHING
    this.length = 0
  }
}
