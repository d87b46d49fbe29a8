// Writes the responses of one connection: head and first chunk in one write, and no further ahead than the client reads.

import { Buffer } from 'node:buffer'
import { Timer } from '../../waiting/timer-wheel.ts'
import { rawHead } from '../raw-head.ts'
import { keepSpare, spareBytes } from '../spare-bytes.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'
import type { HeaderPairs } from '../../contract/events.ts'

// The most bytes that the socket gets in one write. A client that takes a slice is seen to read.
const SLICE_BYTES = 64 * 1024

/** Writes to one socket. The owner of the socket reports `drain` to the writer. */
export class ResponseWriter {
  /** The head of the response under way was written. */
  headSent = false
  /** The connection serves further requests after the response. */
  keepsAlive = true
  /** Only the end of the connection ends the body. */
  endsWithConnection = false
  readonly #socket: Socket
  readonly #timer: Timer
  readonly #timeoutMs: number
  #chunked = false
  #unsent: Uint8Array | null = null
  #tail = ''
  #ending = false
  #lastTaken = 0

  /** @param onStall called when bytes wait and the client has taken none for `timeoutMs` */
  constructor(socket: Socket, wheel: TimerWheel, timeoutMs: number, onStall: () => void) {
    this.#socket = socket
    this.#timer = new Timer(wheel, () =>
      this.#takenBytes() > this.#lastTaken ? this.#watch() : onStall(),
    )
    this.#timeoutMs = timeoutMs
  }

  /** The client must read before more is written. */
  get blocked(): boolean {
    return this.#unsent !== null || this.#socket.writableNeedDrain
  }

  /** Written bytes wait for the client. */
  get waiting(): boolean {
    return this.#unsent !== null || this.#socket.writableLength > 0
  }

  /** The next response begins. */
  begin(): void {
    this.headSent = false
    this.keepsAlive = true
    this.endsWithConnection = false
    this.#chunked = false
  }

  /** Writes an interim response (RFC 9110, 15.2). */
  interim(status: number, headers: HeaderPairs): void {
    this.#flush()
    this.#socket.write(rawHead(status, headers), 'latin1')
  }

  /** Writes head, chunk, trailers and last chunk together, each if it is there. */
  write({ head, chunk, size, trailers, end }: ResponsePart): void {
    this.#flush()
    let before = ''
    if (head !== null) {
      this.headSent = true
      this.keepsAlive = head.keepAlive
      this.endsWithConnection = head.delimiter === 'connection'
      this.#chunked = head.delimiter === 'chunks'
      before = rawHead(head.status, head.headers)
    }
    let tail = ''
    if (this.#chunked) {
      if (chunk !== null) {
        before += `${size.toString(16)}\r\n`
        tail = '\r\n'
      }
      if (end) tail += lastChunk(trailers)
    }
    if (chunk === null || typeof chunk === 'string') this.#sendString(before, chunk, size, tail)
    else this.#sendLent(before, chunk, tail, end)
    if (this.waiting && !this.#timer.armed) this.#watch()
  }

  /** The socket has taken the last bytes: writes the next ones. */
  onDrain(): void {
    while (this.#unsent !== null && !this.#socket.writableNeedDrain) this.#writeSlice(this.#unsent)
    if (this.#unsent === null && this.#ending) this.#socket.end()
  }

  /** Ends our side of the connection after the bytes that wait. */
  end(): void {
    this.#ending = true
    this.onDrain()
  }

  /** The socket is gone, or belongs to a WebSocket. */
  release(): void {
    this.#timer.cancel()
  }

  #watch(): void {
    if (!this.waiting) return
    this.#lastTaken = this.#takenBytes()
    this.#timer.arm(this.#timeoutMs)
  }

  #takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  // An app that does not wait for its send() has the order of its parts, but the socket holds their bytes.
  #flush(): void {
    if (this.#unsent === null) return
    this.#socket.write(this.#unsent)
    this.#sendText(this.#tail)
    this.#unsent = null
  }

  #sendString(before: string, chunk: string | null, size: number, tail: string): void {
    // A string of as many bytes as characters is ASCII, whose bytes are the same in latin-1 and UTF-8.
    if (chunk === null) this.#sendText(before + tail)
    else if (size === chunk.length && size <= SLICE_BYTES) this.#sendText(before + chunk + tail)
    else this.#sendBytes(before, Buffer.from(chunk), tail)
  }

  // The app may change its bytes when its send() has resolved. It waits for a write of at least the high-water mark until
  // the socket has passed on all bytes. It does not wait for less, nor for the end of a response: those are copied.
  #sendLent(before: string, bytes: Uint8Array, tail: string, end: boolean): void {
    if (bytes.byteLength < this.#socket.writableHighWaterMark) {
      this.#sendJoined(before, bytes, tail)
    } else if (end) this.#sendLast(before, bytes, tail)
    else this.#sendBytes(before, bytes, tail)
  }

  #sendText(text: string): void {
    if (text !== '') this.#socket.write(text, 'latin1')
  }

  #sendBytes(before: string, bytes: Uint8Array, tail: string): void {
    const socket = this.#socket
    this.#tail = tail
    socket.cork()
    if (before !== '') socket.write(before, 'latin1')
    this.#writeSlice(bytes)
    socket.uncork()
    this.onDrain()
  }

  #writeSlice(bytes: Uint8Array): void {
    const socket = this.#socket
    if (bytes.byteLength > SLICE_BYTES) {
      this.#unsent = bytes.subarray(SLICE_BYTES)
      socket.write(bytes.subarray(0, SLICE_BYTES))
      return
    }
    this.#unsent = null
    if (bytes.byteLength < socket.writableHighWaterMark) {
      this.#sendJoined('', bytes, this.#tail)
    } else {
      socket.write(bytes)
      this.#sendText(this.#tail)
    }
  }

  // One write of one buffer costs less than one of three parts.
  #sendJoined(before: string, bytes: Uint8Array, tail: string): void {
    const at = before.length
    const end = at + bytes.byteLength
    const copy = spareBytes(end + tail.length)
    if (at > 0) copy.write(before, 0, 'latin1')
    copy.set(bytes, at)
    if (tail !== '') copy.write(tail, end, 'latin1')
    this.#socket.write(copy)
    if (this.#socket.writableLength > 0) keepSpare(copy.length)
  }

  /** Passes slices on as long as the socket takes them at once, and copies the rest. */
  #sendLast(before: string, bytes: Uint8Array, tail: string): void {
    const { byteLength } = bytes
    let at = Math.min(byteLength, SLICE_BYTES - Math.min(before.length, SLICE_BYTES))
    this.#sendJoined(before, bytes.subarray(0, at), at === byteLength ? tail : '')
    while (at < byteLength && this.#socket.writableLength === 0) {
      const next = Math.min(byteLength, at + SLICE_BYTES)
      this.#sendJoined('', bytes.subarray(at, next), next === byteLength ? tail : '')
      at = next
    }
    if (at === byteLength) return
    this.#tail = tail
    this.#unsent = Buffer.from(bytes.subarray(at))
  }
}

// RFC 9112, 7.1: the last chunk, the trailer section, and the empty line.
function lastChunk(trailers: HeaderPairs | null): string {
  let text = '0\r\n'
  for (const [name, value] of trailers ?? []) text += `${name}: ${value}\r\n`
  return `${text}\r\n`
}
