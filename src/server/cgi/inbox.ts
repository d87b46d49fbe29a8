// The bytes of one connection that its parser has not taken.

import { HeldBytes } from '../native/held-bytes.ts'

const EMPTY = Buffer.alloc(0)

/** Takes bytes in any pieces, and gives them in the pieces that a parser asks for. */
export class Inbox {
  readonly #held = new HeldBytes()
  #bytes: Buffer = EMPTY
  #at = 0
  #isHeld = false

  /** The number of bytes that were not taken. */
  get waiting(): number {
    return this.#bytes.length - this.#at
  }

  push(bytes: Buffer): void {
    this.settle()
    if (this.#isHeld) this.#held.append(bytes)
    this.#bytes = this.#isHeld ? this.#held.view : bytes
  }

  /** The octet at `index` of the bytes that wait. */
  octet(index: number): number {
    return this.#bytes[this.#at + index] as number
  }

  /** The index of `octet` in the bytes that wait; -1 without it. */
  indexOf(octet: number): number {
    const at = this.#bytes.indexOf(octet, this.#at)
    return at < 0 ? -1 : at - this.#at
  }

  /** Takes `count` bytes, which may change with the next call of {@link push}. */
  take(count: number): Buffer {
    const from = this.#at
    this.#at += count
    return this.#bytes.subarray(from, this.#at)
  }

  /** Takes `count` bytes, which stay as they are. */
  takeOwn(count: number): Buffer {
    const taken = this.take(count)
    return this.#isHeld ? Buffer.from(taken) : taken
  }

  /** Keeps the bytes that wait, and gives the piece up that they arrived in. */
  settle(): void {
    const { waiting } = this
    if (this.#isHeld) this.#held.keepLast(waiting)
    else if (waiting > 0) this.#held.append(this.#bytes.subarray(this.#at))
    this.#isHeld = waiting > 0
    this.#bytes = this.#isHeld ? this.#held.view : EMPTY
    this.#at = 0
  }
}
