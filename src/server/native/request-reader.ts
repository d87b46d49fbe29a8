// Cuts the bytes of one connection into requests: heads and bodies in turns, and the bytes that wait after them.

import { bodyDecoder } from './parser/body-decoder.ts'
import { HeadParser } from './parser/head-parser.ts'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'
import type { ByteSource } from './byte-source.ts'
import type { BodyDecoder } from './parser/body-decoder.ts'
import type { HeadLimits } from './parser/head-limits.ts'
import type { RequestFraming } from './parser/request-framing.ts'

const EMPTY = Buffer.alloc(0)
// The limit of pipelined bytes while a response is under way. Above it, the socket is paused.
const MAX_PIPELINED_BYTES = 64 * 1024

/** Keeps the bytes that have arrived until the connection asks for them. */
export class RequestReader {
  readonly #source: ByteSource
  readonly #limits: HeadLimits
  readonly #parser: HeadParser
  #decoder: BodyDecoder | undefined
  #bytes: Buffer = EMPTY
  #at = 0
  #isLent = false
  #paused = false

  constructor(source: ByteSource, limits: HeadLimits, ends: Endpoints) {
    this.#source = source
    this.#limits = limits
    this.#parser = new HeadParser(limits, ends)
  }

  /** The number of bytes that have arrived and were not taken. */
  get waiting(): number {
    return this.#bytes.length - this.#at
  }

  /** The framing of the last head. */
  get framing(): RequestFraming {
    return this.#parser.framing
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
  head(): RequestHead | null {
    const end = this.#parser.parse(this.#bytes, this.#at)
    this.#at = end < 0 ? this.#bytes.length : end
    return end < 0 ? null : this.#parser.head
  }

  /** The next bytes are the body of the last head. */
  startBody(): void {
    this.#decoder = bodyDecoder(this.#parser.framing, this.#limits)
  }

  /**
   * Hands over the bytes of the body that have arrived. True: the body is complete.
   *
   * @throws {@link BadRequestError} with the status that the bytes deserve
   */
  body(onData: (data: Uint8Array) => void): boolean {
    const decoder = this.#decoder as BodyDecoder
    this.#at = decoder.decode(this.#bytes, this.#at, onData)
    return decoder.done
  }

  /**
   * Keeps the bytes that the connection did not take in this turn, and pauses the socket if they are too many.
   *
   * @param isBody the bytes belong to a body: not one of them may wait here
   */
  settle(isBody: boolean): void {
    if (this.#isLent) this.#own()
    this.#throttle(this.waiting > (isBody ? 0 : MAX_PIPELINED_BYTES))
  }

  /** Gives up all bytes that wait, and resumes the socket. */
  takeRest(): Buffer {
    this.#own()
    const taken = this.#bytes
    this.#bytes = EMPTY
    this.#throttle(false)
    return taken
  }

  // The shared read buffer is overwritten by the next read, so the bytes that wait are copied.
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
