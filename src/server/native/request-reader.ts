// Requests out of the bytes of one connection: heads and bodies in turns, and what waits behind them.

import { bodyDecoder } from './parser/body-decoder.ts'
import { HeadParser } from './parser/head-parser.ts'
import type { BodyDecoder } from './parser/body-decoder.ts'
import type { ByteSource } from './byte-source.ts'
import type { HeadLimits, ParsedHead } from './parser/request-head.ts'

const EMPTY = Buffer.alloc(0)
// What may wait behind a request whose response is under way; then the client gets no further ahead.
const MAX_BEHIND_BYTES = 64 * 1024

/** Keeps what has arrived until it is asked for. */
export class RequestReader {
  readonly #source: ByteSource
  readonly #limits: HeadLimits
  readonly #parser: HeadParser
  #decoder: BodyDecoder | undefined
  #bytes: Buffer = EMPTY
  #at = 0
  #isLent = false
  #paused = false

  constructor(source: ByteSource, limits: HeadLimits) {
    this.#source = source
    this.#limits = limits
    this.#parser = new HeadParser(limits)
  }

  /** Bytes that have arrived and were not asked for. */
  get waiting(): number {
    return this.#bytes.length - this.#at
  }

  push(bytes: Buffer): void {
    this.#bytes =
      this.waiting === 0 ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes])
    this.#at = 0
    this.#isLent = this.#source.isLent
  }

  /**
   * The next head, or null while more bytes are needed.
   *
   * @throws {@link BadRequestError} with the status that the bytes deserve
   */
  head(): ParsedHead | null {
    const end = this.#parser.parse(this.#bytes, this.#at)
    this.#at = end < 0 ? this.#bytes.length : end
    return end < 0 ? null : this.#parser.head
  }

  /** What comes next is the body of this head. */
  startBody(head: ParsedHead): void {
    this.#decoder = bodyDecoder(head, this.#limits)
  }

  /**
   * Hands over what is there of the body. True: it is complete.
   *
   * @throws {@link BadRequestError} with the status that the bytes deserve
   */
  body(onData: (data: Uint8Array) => void): boolean {
    const decoder = this.#decoder as BodyDecoder
    this.#at = decoder.decode(this.#bytes, this.#at, onData)
    return decoder.done
  }

  /** All was taken that could be: keeps the rest, and pauses the socket while that is more of a `body`, or behind one, than may be. */
  settle(isBody: boolean): void {
    if (this.#isLent) this.#own()
    this.#throttle(this.waiting > (isBody ? 0 : MAX_BEHIND_BYTES))
  }

  /** All that waits, which is nobody's request any more. */
  takeRest(): Buffer {
    this.#own()
    const rest = this.#bytes
    this.#bytes = EMPTY
    this.#throttle(false)
    return rest
  }

  #own(): void {
    this.#bytes = this.waiting === 0 ? EMPTY : Buffer.from(this.#bytes.subarray(this.#at))
    this.#at = 0
    this.#isLent = false
  }

  #throttle(isFull: boolean): void {
    if (isFull === this.#paused) return
    this.#paused = isFull
    if (isFull) this.#source.socket.pause()
    else this.#source.socket.resume()
  }
}
