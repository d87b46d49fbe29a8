// The bytes of a head or a trailer section that did not arrive at once, in one block.

const NOTHING = Buffer.alloc(0)

/** Grows by doubling, so that a byte is copied a constant number of times, whatever pieces it came in. */
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

  /** Lets go of the block: an idle connection has none. */
  clear(): void {
    this.bytes = NOTHING
    this.length = 0
  }
}
