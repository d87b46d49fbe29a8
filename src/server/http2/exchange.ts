// One HTTP exchange on one stream of HTTP/2.

import { IGNORED_EVENTS } from '../engine.ts'
import { NO_ERROR } from './error-codes.ts'
import { ResponseStream } from './response-stream.ts'
import type { ServerHttp2Stream } from 'node:http2'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'

const OWNER = Symbol('exchange')

type OwnedStream = ServerHttp2Stream & { [OWNER]?: Http2Exchange | undefined }

/** Moves bytes between an exchange and a stream. */
export class Http2Exchange implements HttpTransport {
  /** The place in the list of the session, which alone uses it. */
  slot = -1
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: HttpEvents = IGNORED_EVENTS
  readonly #stream: OwnedStream
  readonly #response: ResponseStream
  readonly #onClose: (exchange: Http2Exchange) => void
  #hasRest: boolean
  #isListening = false
  #isCut = false
  #seenBytes = -1

  /**
   * @param hasBody the stream goes on after the head of the request
   * @param onClose called when the stream is closed, complete or not
   */
  constructor(
    stream: ServerHttp2Stream,
    hasBody: boolean,
    onClose: (exchange: Http2Exchange) => void,
  ) {
    this.#stream = stream
    this.#hasRest = hasBody
    this.#onClose = onClose
    this.#response = new ResponseStream(stream)
    this.#stream[OWNER] = this
    stream.on('close', onClosed)
  }

  /** The client has left before it had its response: the app has worked in vain. */
  get isAbandoned(): boolean {
    return !this.#isCut && this.#stream.rstCode !== NO_ERROR
  }

  continue(): void {
    this.#response.interim(100, [])
  }

  earlyHint(headers: HeaderPairs): void {
    this.#response.interim(103, headers)
  }

  resume(): void {
    if (!this.#isListening && this.#hasRest) {
      this.#isListening = true
      // A stream without a byte ends before the first read.
      if (this.#stream.readableEnded) return this.onEnd()
      this.#stream.on('data', onData).on('end', onEnd)
    }
    this.#stream.resume()
  }

  pause(): void {
    this.#stream.pause()
  }

  write(part: ResponsePart): boolean {
    const isFlowing = this.#response.write(part)
    if (part.end) this.#giveUpRest()
    if (!isFlowing && this.#stream.listenerCount('drain') === 0) this.#stream.on('drain', onDrain)
    return isFlowing
  }

  destroy(): void {
    this.#isCut = true
    this.#response.cut()
  }

  /**
   * The progress since the last call. `quiet`: nothing waits for the client. `none`: bytes wait for it, or the end of the
   * response does, and the connection has taken none. `cut`: not even the reset has left.
   */
  progress(): 'quiet' | 'some' | 'none' | 'cut' {
    const { takenBytes, isWritten } = this.#response
    const isWaiting = this.#isCut || isWritten || this.#stream.writableLength > 0
    const isStill = isWaiting && takenBytes === this.#seenBytes
    this.#seenBytes = isWaiting ? takenBytes : -1
    if (!isWaiting) return 'quiet'
    if (!isStill) return 'some'
    return this.#isCut ? 'cut' : 'none'
  }

  onData(chunk: Uint8Array): void {
    this.events.onBody(chunk)
  }

  // A stream that is reset ends too, and a disconnect is no end of the body.
  onEnd(): void {
    if (this.#stream.aborted || this.#stream.rstCode !== NO_ERROR) return
    this.#hasRest = false
    this.events.onBodyEnd()
  }

  onDrain(): void {
    const isFlowing = this.#response.onDrain()
    this.#giveUpRest()
    if (isFlowing) this.events.onDrain()
  }

  onClosed(): void {
    // After a whole response, the report is harmless.
    this.events.onDisconnect()
    this.#onClose(this)
    // node:http2 holds closed streams up to the next full collection: they must not hold the request too.
    this.events = IGNORED_EVENTS
    this.#stream[OWNER] = undefined
  }

  // RFC 9113, 8.1: after a whole response the server asks the client to stop its upload, without an error.
  #giveUpRest(): void {
    if (this.#hasRest && this.#response.isWritten) this.#stream.close(NO_ERROR)
  }
}

// These functions serve every stream: a request makes no closures.

function onData(this: OwnedStream, chunk: Buffer): void {
  this[OWNER]?.onData(chunk)
}

function onEnd(this: OwnedStream): void {
  this[OWNER]?.onEnd()
}

function onDrain(this: OwnedStream): void {
  this[OWNER]?.onDrain()
}

function onClosed(this: OwnedStream): void {
  this[OWNER]?.onClosed()
}
