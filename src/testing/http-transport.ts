// The transport of one HTTP exchange in memory, in place of a connection.

import { Buffer } from 'node:buffer'
import { InvalidOptionError } from '../errors.ts'
import { RequestFeed } from './request-feed.ts'
import { ResponsePipe } from './response-pipe.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { HttpEvents, HttpTransport } from '../server/engine.ts'
import type { BodySource } from './request-feed.ts'

/** The behaviour of the client in one exchange. */
interface MemoryHttpOptions {
  body: BodySource
  /** The length that the request announces; null for none. */
  contentLength: number | null
  /** The number of bytes of its body after which the client leaves; null if it stays. */
  leaveAfterBytes: number | null
  /** The client waits for `100 Continue` before it sends the body. */
  expectsContinue: boolean
  /** The bytes of the response that may wait unread. */
  highWaterMark: number
}

/** Moves bytes between an exchange and a test. */
export class MemoryHttpTransport implements HttpTransport {
  /** The receiver of the reports. The transport reports nothing before the caller has set it. */
  events: HttpEvents | undefined
  readonly response: ResponsePipe
  readonly earlyHints: HeaderPairs[] = []
  readonly #feed: RequestFeed
  readonly #options: MemoryHttpOptions
  #sentBytes = 0
  #continued = false

  constructor(options: MemoryHttpOptions) {
    this.#options = options
    this.response = new ResponsePipe(options.highWaterMark, () => this.events?.onDrain())
    this.#feed = new RequestFeed(options.body, {
      onChunk: (bytes) => this.#sendBody(bytes),
      onEnd: () => this.#endBody(),
      onFailure: (error) => this.leave(error instanceof Error ? error : String(error)),
    })
  }

  /** Whether `100 Continue` was sent. */
  get continued(): boolean {
    return this.#continued
  }

  continue(): void {
    this.#continued = true
  }

  earlyHint(headers: HeaderPairs): void {
    this.earlyHints.push(headers)
  }

  resume(): void {
    this.#feed.resume()
  }

  pause(): void {
    this.#feed.pause()
  }

  write(part: ResponsePart): boolean {
    const flowing = this.response.write(part)
    // RFC 9110, 10.1.1: after a final status instead of 100 the client does not send its body.
    const unwanted = this.#options.expectsContinue && !this.#continued && this.response.started
    if (part.end || unwanted) this.#feed.stop()
    return flowing
  }

  destroy(): void {
    this.#feed.stop()
    this.response.cut(this.response.faultOf('the server cut the connection'))
    // A socket reports its end in a later turn as well.
    queueMicrotask(() => this.events?.onDisconnect())
  }

  /**
   * Makes the client leave. A later read of the response by the test rejects with `reason`, or with an error that has
   * it as its message.
   */
  leave(reason: string | Error): void {
    if (this.response.over) return
    this.#feed.stop()
    this.response.discard()
    this.response.cut(typeof reason === 'string' ? this.response.faultOf(reason) : reason)
    this.events?.onDisconnect()
  }

  /** Leaves because the test client is closed. */
  abandon(): void {
    this.leave('the client was closed')
  }

  #sendBody(bytes: Uint8Array): void {
    const { contentLength, leaveAfterBytes } = this.#options
    const sent = bytes.subarray(0, (leaveAfterBytes ?? Infinity) - this.#sentBytes)
    this.#sentBytes += sent.byteLength
    if (this.#sentBytes > (contentLength ?? Infinity)) {
      return this.leave(new InvalidOptionError(`the body has more than its ${contentLength} bytes`))
    }
    // A copy, because the app may change its bytes; a Buffer, because the engines give one.
    this.events?.onBody(Buffer.from(sent))
    if (this.#sentBytes === leaveAfterBytes) this.leave('the client left, as it was told to,')
  }

  #endBody(): void {
    const { contentLength, leaveAfterBytes } = this.#options
    if (leaveAfterBytes !== null) {
      const why = `the body ended after ${this.#sentBytes} bytes, before the client could leave`
      return this.leave(new InvalidOptionError(why))
    }
    if (this.#sentBytes === (contentLength ?? this.#sentBytes)) return this.events?.onBodyEnd()
    this.leave(`the client left with ${this.#sentBytes} of ${contentLength} bytes sent,`)
  }
}
