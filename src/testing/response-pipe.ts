// The way of a response from the app to the test. It holds the chunks that the test has not read yet, and like the
// buffer of a socket it has a limit.

import { deferred } from '../waiting/deferred.ts'
import { ResponseCutError } from './faults.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { HeaderPairs } from '../contract/events.ts'

/** One response: the server writes parts, the test reads the head and then each chunk as it was written. */
export class ResponsePipe {
  readonly #highWaterMark: number
  readonly #onDrain: () => void
  readonly #head: Deferred<ResponseHead> = deferred()
  #received: ResponseHead | null = null
  #trailers: HeaderPairs | null = null
  #chunks: Uint8Array[] = []
  #bufferedBytes = 0
  #readBytes = 0
  #owesDrain = false
  #ended = false
  #fault: Error | undefined
  #reader: Deferred<Uint8Array | null> | undefined

  /**
   * @param highWaterMark the bytes that may wait unread; above them the writer has to wait
   * @param onDrain called when the writer no longer has to wait
   */
  constructor(highWaterMark: number, onDrain: () => void) {
    this.#highWaterMark = highWaterMark
    this.#onDrain = onDrain
  }

  /** Resolves with the head; rejects if the response is cut before it. */
  get head(): Promise<ResponseHead> {
    return this.#head.promise
  }

  /** Whether the head was written. */
  get started(): boolean {
    return this.#received !== null
  }

  /** The trailers; null until the end, and when there are none. */
  get trailers(): HeaderPairs | null {
    return this.#trailers
  }

  /** Whether the response is whole or cut, so that nothing more is written. */
  get over(): boolean {
    return this.#ended || this.#fault !== undefined
  }

  /** Takes the next part. Returns false if the writer has to wait for `onDrain`. */
  write(part: ResponsePart): boolean {
    if (this.over) return true
    if (part.head) {
      this.#received = part.head
      this.#head.resolve(part.head)
    }
    if (part.chunk !== null && part.chunk.length > 0) this.#push(bytesOf(part.chunk))
    if (part.trailers) this.#trailers = part.trailers
    if (part.end) {
      this.#ended = true
      this.#reader?.resolve(null)
      return true
    }
    this.#owesDrain = this.#bufferedBytes > this.#highWaterMark
    return !this.#owesDrain
  }

  /** Resolves with the next chunk; null at the end. After a cut, the chunks before it are read first. */
  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift()
    if (chunk) return Promise.resolve(this.#taken(chunk))
    if (this.#fault) return Promise.reject(this.#fault)
    if (this.#ended) return Promise.resolve(null)
    this.#reader ??= deferred()
    return this.#reader.promise
  }

  /** Drops the chunks that are not yet read. */
  discard(): void {
    this.#chunks = []
    this.#bufferedBytes = 0
  }

  /** Breaks the response off: further reads reject with `fault`. */
  cut(fault: Error): void {
    if (this.over) return
    this.#fault = fault
    this.#head.reject(fault)
    this.#reader?.reject(fault)
  }

  /** Makes the error with `reason` and the number of bytes that were received. */
  faultOf(reason: string): ResponseCutError {
    return new ResponseCutError(reason, this.#received, this.#readBytes + this.#bufferedBytes)
  }

  #push(chunk: Uint8Array): void {
    if (this.#reader) {
      this.#readBytes += chunk.byteLength
      this.#reader.resolve(chunk)
      this.#reader = undefined
      return
    }
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.byteLength
  }

  #taken(chunk: Uint8Array): Uint8Array {
    this.#readBytes += chunk.byteLength
    this.#bufferedBytes -= chunk.byteLength
    if (this.#owesDrain && this.#bufferedBytes <= this.#highWaterMark) {
      this.#owesDrain = false
      this.#onDrain()
    }
    return chunk
  }
}

// A copy, because after send() the app may use its buffer again.
function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk) : new Uint8Array(chunk)
}
