// Cuts the bytes of one connection into requests: heads and bodies in turns, and the bytes that wait after them.

import { HeldBytes } from './held-bytes.ts'
import { bodyDecoder } from './parser/body-decoder.ts'
import { HeadParser } from './parser/head-parser.ts'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'
import type { ByteSource } from './byte-source.ts'
import type { BodyDecoder } from './parser/body-decoder.ts'
import type { HeadLimits } from './parser/head-limits.ts'
import type { RequestFraming } from './parser/request-framing.ts'

const EMPTY = Buffer.alloc(0)
// The limit of the bytes that wait: a body that the app does not read, or requests after the one under way. Above it, the
// socket is paused. A paused socket hears nothing of its client, so a connection that waits is read up to this limit.
const MAX_AHEAD_BYTES = 64 * 1024

/** Keeps the bytes that have arrived until the connection asks for them. */
export class RequestReader {
  readonly #source: ByteSource
  readonly #limits: HeadLimits
  readonly #parser: HeadParser
  #decoder: BodyDecoder | undefined
  readonly #held = new HeldBytes()
  // The bytes that are read now: a piece that has just arrived, or the view of the held ones.
  #bytes: Buffer = EMPTY
  #at = 0
  #isHeld = false
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

  /** Whether the bytes of the body change after the call that hands them over. */
  get isLent(): boolean {
    return this.#isHeld || this.#source.isLent
  }

  push(bytes: Buffer): void {
    this.#hold()
    if (this.#isHeld) this.#held.append(bytes)
    this.#bytes = this.#isHeld ? this.#held.view : bytes
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

  /** The number of bytes of the body that have not been decoded; Infinity if only their end tells it. */
  get bodyLeft(): number {
    return (this.#decoder as BodyDecoder).left
  }

  /** Keeps the bytes that the connection did not take in this turn, and pauses the socket if they are too many. */
  settle(): void {
    this.#hold()
    this.#throttle(this.waiting > MAX_AHEAD_BYTES)
  }

  /** Gives up all bytes that wait, and resumes the socket. */
  takeRest(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(this.#at))
    this.#at = this.#bytes.length
    this.#hold()
    this.#throttle(false)
    return taken
  }

  // The shared read buffer is overwritten by the next read, so the bytes that wait are copied, once.
  #hold(): void {
    const { waiting } = this
    if (this.#isHeld) this.#held.keepLast(waiting)
    else if (waiting > 0) this.#held.append(this.#bytes.subarray(this.#at))
    this.#isHeld = waiting > 0
    this.#bytes = this.#isHeld ? this.#held.view : EMPTY
    this.#at = 0
  }

  #throttle(isFull: boolean): void {
    if (isFull === this.#paused) return
    this.#paused = isFull
    if (isFull) this.#source.socket.pause()
    else this.#source.socket.resume()
  }
}
