// The one exchange of a CGI process: the body from its standard input, the response to its standard output.

import { Buffer } from 'node:buffer'
import { IGNORED_EVENTS } from '../engine.ts'
import { statusHead } from './status-head.ts'
import type { Readable, Writable } from 'node:stream'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'

/** The streams of a CGI process. Their owner is the caller. */
export interface CgiStreams {
  input: Readable
  output: Writable
}

/** Moves bytes between an exchange and the streams. */
export class CgiTransport implements HttpTransport {
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: HttpEvents = IGNORED_EVENTS
  /** The response has left whole. */
  isComplete = false
  /** Some bytes of a response have left. */
  hasBegun = false
  readonly #streams: CgiStreams
  #isReading = false
  #left: number

  /** @param bodyLength the bytes of the body: the input may have no end */
  constructor(streams: CgiStreams, bodyLength: number) {
    this.#streams = streams
    this.#left = bodyLength
    streams.output.on('drain', () => this.events.onDrain())
    // The web server has ended the request.
    streams.output.on('error', () => this.leave())
  }

  // CGI has no interim responses.
  continue(): void {}
  earlyHint(): void {}

  write({ head, chunk, end }: ResponsePart): boolean {
    const { output } = this.#streams
    this.hasBegun = true
    output.cork()
    if (head !== null) output.write(statusHead(head), 'latin1')
    // A copy: the app may change its bytes when its send() has resolved.
    if (chunk !== null && chunk.length > 0) output.write(Buffer.from(chunk as Uint8Array))
    output.uncork()
    if (end) this.isComplete = true
    return !output.writableNeedDrain
  }

  resume(): void {
    const { input } = this.#streams
    if (!this.#isReading) {
      this.#isReading = true
      input.on('data', (chunk: Buffer) => this.#onData(chunk))
      input.on('end', () => this.#left > 0 && this.leave())
      input.on('error', () => this.leave())
    }
    input.resume()
  }

  pause(): void {
    this.#streams.input.pause()
  }

  // The exit status of the process tells of the cut.
  destroy(): void {
    this.#streams.output.destroy()
  }

  /** The client has left, or the web server does not want the response any more. */
  leave(): void {
    this.events.onDisconnect()
  }

  #onData(chunk: Buffer): void {
    if (this.#left === 0) return
    const bytes = chunk.subarray(0, this.#left)
    this.#left -= bytes.length
    this.events.onBody(bytes)
    if (this.#left > 0) return
    this.#streams.input.pause()
    this.events.onBodyEnd()
  }
}
