// Everything between an app's startResponse, write() and yields, and the transport. No I/O, no clock.

import { AppError, ContentLengthMismatchError } from '../errors.ts'
import { checkedChunk, chunkBytes, cutTo } from './chunk.ts'
import { announcedHead, hasContent } from './response-head.ts'
import { checkStartCall, missingHead } from './start-call.ts'
import { WriteQueue } from './write-queue.ts'
import type { Chunk, StartResponse, StartResponseHeaders, Write } from '../contract/environ.ts'
import type { AnnouncedHead } from './response-head.ts'

/** How a host hosts a response. One object may serve many requests. */
export interface ResponseOptions {
  /** Gets what an operator should know and no client notices; `cause` is the error behind it, if any. */
  warn(message: string, cause?: unknown): void
  /**
   * Sends what the app gives to write(), before it returns; the app may reuse the bytes afterwards.
   * What it throws is thrown by write(). Without it, written bytes queue for {@link ResponseState.takeWritten}.
   */
  onWrite?(chunk: Chunk): void
  /** How many written bytes may queue; default 16 MiB. */
  maxWrittenBytes?: number
  /** What becomes of a hop-by-hop header from the app; default `'refuse'`. */
  hopByHop?: 'refuse' | 'drop'
}

/**
 * One response on its way out of an app: which head stands, whether it is committed, which bytes of
 * the body are sent. A host hands `startResponse` to the app and every yielded value to `admit`.
 *
 * @see PEP 3333, "The start_response() Callable", "Handling the Content-Length Header"
 *
 * @example
 * const response = new ResponseState('GET', { warn: console.warn })
 * for (const value of app(environ, response.startResponse)) {
 *   const chunk = response.admit(value)
 *   if (chunk !== null) socket.write(chunk) // response.head is committed now
 *   if (response.exhausted) break
 * }
 * response.finish()
 */
export class ResponseState {
  readonly #method: string
  readonly #options: ResponseOptions
  #head: AnnouncedHead | undefined
  #called = false
  #committed = false
  #exhausted = false
  #closed = false
  #sentBytes = 0
  #written: WriteQueue | undefined

  /** @param method the request's: the content of a response to HEAD is dropped */
  constructor(method: string, options: ResponseOptions) {
    this.#method = method
    this.#options = options
  }

  /** To be given to the app; a new one every time (`docs/decisions/018-no-closures-in-fields.md`). */
  get startResponse(): StartResponse {
    return (status, headers, excInfo) => this.#start(status, headers, excInfo)
  }

  /** What the app announced last; it may still be replaced until it is committed. */
  get head(): AnnouncedHead | undefined {
    return this.#head
  }

  /** Whether the head stands: it has to be transmitted, and cannot be replaced any more. */
  get committed(): boolean {
    return this.#committed
  }

  /** Whether what the app still yields would be dropped: ask it for nothing more. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /**
   * Takes a value that the app yielded, and returns what to transmit of it. Null: nothing, since it is
   * empty, or the response has no content, or has all the bytes of its Content-Length.
   *
   * @throws AppError (`ISTHMUS_APP_FAULT`) for a value that is no chunk, or one without a head before it
   */
  admit(value: unknown): Chunk | null {
    const chunk = checkedChunk(value, 'the app yielded')
    if (chunk.length === 0) return null

    const head = this.#announced()
    this.#committed = true
    if (!hasContent(this.#method, head.status)) return this.#dropContent(head)
    return this.#withinLength(chunk, head.contentLength)
  }

  /** Takes up to 64 KiB of what write() queued; null when nothing is queued. It precedes what was admitted later. */
  takeWritten(): Chunk | null {
    return this.#written === undefined ? null : this.#written.take()
  }

  /**
   * Says how long the body is when all of it is known and none of it was transmitted: adds a
   * Content-Length to a head that has none and may have one.
   *
   * @throws ContentLengthMismatchError (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) when the app announced more
   */
  announceLength(bytes: number): void {
    const head = this.#head
    if (head === undefined || this.#committed) return
    // An empty body says nothing of the length that the answer to a GET would have.
    const isTelling = hasContent('GET', head.status) && (this.#method !== 'HEAD' || bytes > 0)
    if (head.contentLength !== undefined) this.#refuseShort(head, bytes)
    else if (isTelling) head.headers.push(['content-length', String(bytes)])
  }

  /**
   * The app's body has ended: commits the head if no chunk did.
   *
   * @throws AppError (`ISTHMUS_APP_FAULT`) when startResponse was never called
   * @throws ContentLengthMismatchError (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) when bytes are missing; unless
   *   `committed`, nothing was transmitted yet and an error page can still be
   */
  finish(): void {
    const head = this.#announced()
    this.#refuseShort(head, this.#sentBytes)
    this.#committed = true
    this.#closed = true
  }

  /** The response is over, whole or not: from now on write() throws. */
  close(): void {
    this.#closed = true
  }

  #start(status: string, headers: StartResponseHeaders, excInfo: unknown): Write {
    checkStartCall(this.#called, this.#committed, excInfo)
    this.#called = true
    // What is invalid must not leave its predecessor standing: that was to be replaced.
    this.#head = undefined
    this.#head = announcedHead(status, headers, this.#onDropped())
    return (data) => this.#accept(data)
  }

  #onDropped(): ((name: string) => void) | undefined {
    if (this.#options.hopByHop !== 'drop') return undefined
    return (name) => this.#options.warn(`dropped the app's hop-by-hop header "${name}"`)
  }

  #accept(data: unknown): void {
    const chunk = checkedChunk(data, 'write() was given')
    if (this.#closed) throw new AppError('write() was called after the response ended')
    if (chunk.length === 0) return

    const head = this.#announced()
    if (!hasContent(this.#method, head.status)) {
      this.#committed = true
      this.#dropContent(head)
      return
    }

    const sentBytes = this.#sentBytes + chunkBytes(chunk)
    if (sentBytes > (head.contentLength ?? Number.POSITIVE_INFINITY)) {
      throw new ContentLengthMismatchError(
        `write() would make it ${sentBytes} bytes, the Content-Length announced ${head.contentLength}`,
      )
    }
    if (this.#options.onWrite === undefined) this.#queue(chunk)
    this.#committed = true
    this.#sentBytes = sentBytes
    this.#options.onWrite?.(chunk)
  }

  #queue(chunk: Chunk): void {
    this.#written ??= new WriteQueue(this.#options.maxWrittenBytes)
    this.#written.push(chunk)
  }

  #announced(): AnnouncedHead {
    if (this.#head !== undefined) return this.#head
    throw missingHead(this.#called)
  }

  #refuseShort({ status, contentLength }: AnnouncedHead, bytes: number): void {
    if (contentLength === undefined || bytes >= contentLength) return
    if (!hasContent(this.#method, status)) return
    throw new ContentLengthMismatchError(
      `the body has ${bytes} bytes, the Content-Length announced ${contentLength}`,
    )
  }

  #withinLength(chunk: Chunk, contentLength: number | undefined): Chunk | null {
    if (contentLength === undefined) return chunk

    const bytes = chunkBytes(chunk)
    const room = contentLength - this.#sentBytes
    this.#sentBytes += Math.min(bytes, room)
    if (bytes <= room) return chunk
    this.#exhaust(`the body was cut to its Content-Length of ${contentLength} bytes; it has more`)
    return room === 0 ? null : cutTo(chunk, room)
  }

  #dropContent(head: AnnouncedHead): null {
    const reason = this.#method === 'HEAD' ? 'to HEAD' : `with status ${head.status}`
    this.#exhaust(`the body was dropped: a response ${reason} has no content`)
    return null
  }

  #exhaust(message: string): void {
    if (!this.#exhausted) this.#options.warn(message)
    this.#exhausted = true
  }
}
