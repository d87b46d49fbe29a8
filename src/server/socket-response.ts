// An HTTP response written directly to a socket: for a denied handshake, and for a refusal for which node:http has no
// ServerResponse.

import { rawHead } from './raw-head.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { ResponseHead } from '../async/framing.ts'

/** One response on a socket. The socket ends with the response. */
export class SocketResponse {
  readonly #socket: Socket
  readonly #lingerMs: number
  #chunked = false

  /** After the last byte the peer has `lingerMs` to end its side. */
  constructor(socket: Socket, lingerMs: number) {
    this.#socket = socket
    this.#lingerMs = lingerMs
  }

  /** Writes head, chunk and end, each if it is there. False: wait for the socket's `drain`. */
  write(part: ResponsePart): boolean {
    const socket = this.#socket
    socket.cork()
    if (part.head) this.#writeHead(part.head)
    if (part.chunk !== null && part.chunk.length > 0) this.#writeChunk(part.chunk)
    if (part.end && this.#chunked) socket.write('0\r\n\r\n')
    socket.uncork()

    if (part.end) this.#end()
    return !socket.writableNeedDrain
  }

  #writeHead({ status, headers, delimiter }: ResponseHead): void {
    this.#chunked = delimiter === 'chunks'
    this.#socket.write(rawHead(status, headers), 'latin1')
  }

  #writeChunk(chunk: Uint8Array | string): void {
    // Bytes are copied too: the app may change them when its send() has resolved.
    const bytes = Buffer.from(chunk as Uint8Array)
    if (this.#chunked) this.#socket.write(`${bytes.byteLength.toString(16)}\r\n`)
    this.#socket.write(bytes)
    if (this.#chunked) this.#socket.write('\r\n')
  }

  // To destroy a socket with unread bytes resets it, and the client loses the response (RFC 9112, 9.6).
  #end(): void {
    const socket = this.#socket
    const timer = setTimeout(() => socket.destroy(), this.#lingerMs)
    socket.once('close', () => clearTimeout(timer))
    socket.end()
    socket.resume()
  }
}
