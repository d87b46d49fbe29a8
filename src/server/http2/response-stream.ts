// The response of one stream of HTTP/2: its head, its body in slices, its trailers, its end.

import { Buffer } from 'node:buffer'
import { keepSpare, spareBytes } from '../spare-bytes.ts'
import { INTERNAL_ERROR } from './error-codes.ts'
import { responseFields, trailerFields } from './fields.ts'
import type { ServerHttp2Stream } from 'node:http2'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { ResponseHead } from '../../async/framing.ts'
import type { HeaderPairs } from '../../contract/events.ts'

// The most bytes that the stream gets in one write. A client that takes a slice is seen to read.
const SLICE_BYTES = 64 * 1024

/** Writes one response. The owner reports the drains of the stream. */
export class ResponseStream {
  readonly #stream: ServerHttp2Stream
  #unsent: Uint8Array | null = null
  #isEnding = false
  #trailers: HeaderPairs | null = null
  #written = 0

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
  }

  /** The stream has got the whole response. */
  get isWritten(): boolean {
    return this.#isEnding && this.#unsent === null
  }

  /** The bytes of the body that the connection has taken. */
  get takenBytes(): number {
    return this.#written - this.#stream.writableLength
  }

  /** Writes an interim response (RFC 9110, 15.2). */
  interim(status: number, headers: HeaderPairs): void {
    if (this.#isOpen) this.#stream.additionalHeaders(responseFields(status, headers))
  }

  /** Writes head, chunk, trailers and end, each if it is there. False: wait for the drain of the stream. */
  write({ head, chunk, size, trailers, end }: ResponsePart): boolean {
    if (!this.#isOpen) return true
    this.#flush()
    this.#isEnding = end
    if (head !== null) this.#respond(head, end && chunk === null)
    this.#trailers = trailers
    const isFlowing = chunk === null ? this.#endEmpty() : this.#send(chunk, size)
    return isFlowing
  }

  /** The stream has taken all bytes: writes the next ones. True: the app may send more. */
  onDrain(): boolean {
    if (this.#unsent !== null) this.#writeSlice(this.#unsent)
    return this.#unsent === null && this.#stream.writableLength === 0
  }

  /** Resets the stream, so that the client does not take the response for complete. */
  cut(): void {
    this.#unsent = null
    cutStream(this.#stream)
  }

  get #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed
  }

  #respond(head: ResponseHead, endStream: boolean): void {
    const { status, headers, delimiter } = head
    const waitForTrailers = delimiter === 'trailers'
    // The exchange adds the date.
    const options = { endStream, waitForTrailers, sendDate: false }
    if (waitForTrailers) this.#stream.on('wantTrailers', () => this.#sendTrailers())
    this.#stream.respond(responseFields(status, headers), options)
  }

  #sendTrailers(): void {
    this.#stream.sendTrailers(trailerFields(this.#trailers ?? []))
  }

  #endEmpty(): boolean {
    if (this.#isEnding && !this.#stream.writableEnded) this.#stream.end()
    return true
  }

  #send(chunk: Uint8Array | string, size: number): boolean {
    // node:http2 has ended the stream of a status that has no body.
    if (this.#stream.writableEnded) return true
    this.#written += size
    if (size <= SLICE_BYTES && typeof chunk === 'string') return this.#sendText(chunk, size)
    return this.#writeSlice(this.#ownBytes(chunk))
  }

  // A string of as many bytes as characters is ASCII, whose bytes are the same in latin-1 and UTF-8.
  #sendText(chunk: string, size: number): boolean {
    const encoding = size === chunk.length ? 'latin1' : 'utf8'
    if (!this.#isEnding) return this.#stream.write(chunk, encoding)
    this.#stream.end(chunk, encoding)
    return true
  }

  // The app may change its bytes when its send() has resolved. It waits for a chunk of at least the high-water mark until the
  // connection has taken it. It does not wait for less, nor for the end of a response: those are copied.
  #ownBytes(chunk: Uint8Array | string): Uint8Array {
    if (typeof chunk === 'string') return Buffer.from(chunk)
    if (!this.#isEnding && chunk.byteLength >= this.#stream.writableHighWaterMark) return chunk
    const copy = spareBytes(chunk.byteLength)
    copy.set(chunk)
    keepSpare(copy.length)
    return copy
  }

  #writeSlice(bytes: Uint8Array): boolean {
    if (bytes.byteLength > SLICE_BYTES) {
      this.#unsent = bytes.subarray(SLICE_BYTES)
      return this.#stream.write(bytes.subarray(0, SLICE_BYTES))
    }
    this.#unsent = null
    if (!this.#isEnding) return this.#stream.write(bytes)
    this.#stream.end(bytes)
    return true
  }

  // An app that does not wait for its send() has the order of its parts, but the stream holds their bytes.
  #flush(): void {
    if (this.#unsent === null) return
    this.#stream.write(this.#unsent)
    this.#unsent = null
  }
}

/** Resets a stream that has sent a part of its response. */
export function cutStream(stream: ServerHttp2Stream): void {
  // close() ends the stream before it resets it, and the client would see the clean end.
  Object.assign(stream, { _final: null })
  stream.close(INTERNAL_ERROR)
}
