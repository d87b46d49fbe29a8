// Responses of one connection as bytes: head and first chunk in one write, and no further ahead than the client reads.

import { Timer } from '../../waiting/timer-wheel.ts'
import { rawHead } from '../raw-head.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'
import type { HeaderPairs } from '../../contract/events.ts'

// What is handed to the socket at once: a client that takes so much is seen to read.
const SLICE_BYTES = 64 * 1024

/** Writes to one socket; its owner reports `drain` to it. */
export class ResponseWriter {
  /** The head of the response under way was written. */
  headSent = false
  /** The connection serves on behind the response. */
  keepsAlive = true
  /** Only the end of the connection ends the body. */
  endsWithConnection = false
  readonly #socket: Socket
  readonly #timer: Timer
  readonly #timeoutMs: number
  #chunked = false
  #rest: Uint8Array | null = null
  #behind = ''
  #ending = false
  #lastTaken = 0

  /** Calls `onStall` when the client has taken nothing of what waits for it for `timeoutMs`. */
  constructor(socket: Socket, wheel: TimerWheel, timeoutMs: number, onStall: () => void) {
    this.#socket = socket
    this.#timer = new Timer(wheel, () =>
      this.#takenBytes() > this.#lastTaken ? this.#watch() : onStall(),
    )
    this.#timeoutMs = timeoutMs
  }

  /** The client has to read on before more is written. */
  get blocked(): boolean {
    return this.#rest !== null || this.#socket.writableNeedDrain
  }

  /** Something that was written has not left yet. */
  get waiting(): boolean {
    return this.#rest !== null || this.#socket.writableLength > 0
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
    this.#socket.write(rawHead(status, headers), 'latin1')
  }

  /** Writes head, chunk, trailers and last chunk, as far as they are there, in one go. */
  write({ head, chunk, size, trailers, end }: ResponsePart): void {
    let before = ''
    if (head !== null) {
      this.headSent = true
      this.keepsAlive = head.keepAlive
      this.endsWithConnection = head.delimiter === 'connection'
      this.#chunked = head.delimiter === 'chunks'
      before = rawHead(head.status, head.headers)
    }
    let behind = ''
    if (this.#chunked) {
      if (chunk !== null) {
        before += `${size.toString(16)}\r\n`
        behind = '\r\n'
      }
      if (end) behind += lastChunk(trailers)
    }
    this.#send(before, chunk, size, behind)
    if (this.waiting && !this.#timer.armed) this.#watch()
  }

  /** The socket has taken what was written; writes on. */
  onDrain(): void {
    while (this.#rest !== null && !this.#socket.writableNeedDrain) this.#writeSlice(this.#rest)
    if (this.#rest === null && this.#ending) this.#socket.end()
  }

  /** Ends our side of the connection behind what was written. */
  end(): void {
    this.#ending = true
    this.onDrain()
  }

  /** The socket is gone, or somebody else's. */
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

  #send(before: string, chunk: Uint8Array | string | null, size: number, behind: string): void {
    // ASCII, which a string of as many bytes as characters is, stands in latin-1 as it does in UTF-8.
    if (chunk === null) this.#sendText(before + behind)
    else if (typeof chunk !== 'string') this.#sendBytes(before, chunk, behind)
    else if (size === chunk.length && size <= SLICE_BYTES) this.#sendText(before + chunk + behind)
    else this.#sendBytes(before, Buffer.from(chunk), behind)
  }

  #sendText(text: string): void {
    if (text !== '') this.#socket.write(text, 'latin1')
  }

  #sendBytes(before: string, bytes: Uint8Array, behind: string): void {
    const socket = this.#socket
    this.#behind = behind
    socket.cork()
    if (before !== '') socket.write(before, 'latin1')
    this.#writeSlice(bytes)
    socket.uncork()
    this.onDrain()
  }

  #writeSlice(bytes: Uint8Array): void {
    if (bytes.byteLength > SLICE_BYTES) {
      this.#rest = bytes.subarray(SLICE_BYTES)
      this.#socket.write(bytes.subarray(0, SLICE_BYTES))
      return
    }
    this.#rest = null
    this.#socket.write(bytes)
    this.#sendText(this.#behind)
  }
}

// RFC 9112, 7.1: the last chunk, the trailer section, and the empty line.
function lastChunk(trailers: HeaderPairs | null): string {
  let text = '0\r\n'
  for (const [name, value] of trailers ?? []) text += `${name}: ${value}\r\n`
  return `${text}\r\n`
}
