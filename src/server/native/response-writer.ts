// Responses of one connection as bytes: head and first chunk in one write, and no further ahead than the client reads.

import { rawHead } from '../raw-head.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'

// What is handed to the socket at once: a client that takes so much is seen to read.
const SLICE_BYTES = 64 * 1024

/** Writes to one socket; its owner reports `drain` to it. */
export class ResponseWriter {
  readonly #socket: Socket
  #chunked = false
  #rest: Uint8Array | null = null
  #behind = ''
  #ending = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The client has to read on before more is written. */
  get blocked(): boolean {
    return this.#rest !== null || this.#socket.writableNeedDrain
  }

  /** Writes an interim response (RFC 9110, 15.2). */
  interim(status: number, headers: HeaderPairs): void {
    this.#socket.write(rawHead(status, headers), 'latin1')
  }

  /** Writes head, chunk, trailers and last chunk, as far as they are there, in one go. */
  write({ head, chunk, size, trailers, end }: ResponsePart): void {
    let before = ''
    if (head !== null) {
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
