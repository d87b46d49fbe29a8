// The legality of one response of a sync app: startResponse, write() and yielded chunks. No I/O, no clock.

import { AppError, ContentLengthMismatchError } from '../errors.ts'
import { checkedChunk, chunkBytes, cutTo } from './chunk.ts'
import { hasContent, mayHaveContent } from '../http/content.ts'
import { announcedHead } from './response-head.ts'
import { checkStartCall, contentAfterAnswer, missingHead } from './start-call.ts'
import { WriteQueue } from './write-queue.ts'
import type { Chunk, StartResponse, StartResponseHeaders, Write } from '../contract/environ.ts'
import type { AnnouncedHead } from './response-head.ts'

/** The functions that a host gives to a response. One object may serve many requests. */
export interface ResponseOptions {
  /** Gets messages for the operator about faults that the client does not notice; `cause` is the error, if any. */
  warn(message: string, cause?: unknown): void
  /**
   * Sends the bytes that the app passes to write(), and copies them if it keeps them: the app may reuse its bytes as soon
   * as write() returns. write() throws an error of this function. Without this function, written bytes queue for {@link
   * ResponseState.takeWritten}, at most 16 MiB.
   */
  onWrite?(chunk: Chunk): void
  /** Whether the app has answered by the WebSocket of its environ: it then needs no head, and its body is empty. */
  isAnswered?: (() => boolean) | undefined
}

/**
 * One response of an app: its head, whether the head is committed, and the number of bytes sent. The host passes
 * `startResponse` to the app, and every yielded value to `admit`.
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
  // The number of values that admitNext() has taken of its list.
  #taken = 0
  #written: WriteQueue | undefined

  /** @param method the method of the request: a response to HEAD loses its content */
  constructor(method: string, options: ResponseOptions) {
    this.#method = method
    this.#options = options
  }

  /** The function for the app; each read makes a new one (`docs/decisions/018-no-closures-in-fields.md`). */
  get startResponse(): StartResponse {
    return (status, headers, excInfo) => this.#start(status, headers, excInfo)
  }

  /** The head that the app announced last. The app may replace it until it is committed. */
  get head(): AnnouncedHead | undefined {
    return this.#head
  }

  /** Whether the head is final: the host has to send it, and the app cannot replace it any more. */
  get committed(): boolean {
    return this.#committed
  }

  /** Whether all further chunks would be dropped: the host need not pull any more. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /**
   * Takes a value that the app yielded, and returns the bytes to send. Null if the chunk is empty, the response has no
   * content, or all bytes of its Content-Length were sent before.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is not a chunk, or a chunk before the head
   */
  admit(value: unknown): Chunk | null {
    const chunk = checkedChunk(value, 'the app yielded')
    if (chunk.length === 0) return null

    const head = this.#announced()
    this.#committed = true
    if (!hasContent(this.#method, head.status)) return this.#dropContent(head)
    return this.#withinLength(chunk, head.contentLength)
  }

  /**
   * Takes the next chunk of `list`, the whole body, as {@link admit} does; null at its end. The caller passes the same
   * list each time.
   */
  admitNext(list: readonly unknown[]): Chunk | null {
    while (!this.isListOver(list)) {
      const chunk = this.admit(list[this.#taken])
      this.#taken += 1
      if (chunk !== null) return chunk
    }
    return null
  }

  /** Whether {@link admitNext} has no further chunk of `list`. */
  isListOver(list: readonly unknown[]): boolean {
    return this.#taken === list.length || this.#exhausted
  }

  /** Takes up to 64 KiB of the bytes that write() queued; null if there are none. They go before later chunks. */
  takeWritten(): Chunk | null {
    return this.#written === undefined ? null : this.#written.take()
  }

  /**
   * Tells the length of a body that is complete before its first byte is sent. Adds a Content-Length to a head that has
   * none and may have one.
   *
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) if the app announced more bytes
   */
  announceLength(bytes: number): void {
    const head = this.#head
    if (head === undefined || this.#committed || this.#isAnswered) return
    // RFC 9110, 8.6: a response to HEAD announces the length of the response to GET, which an empty body does not show.
    const isKnown = mayHaveContent(head.status) && (this.#method !== 'HEAD' || bytes > 0)
    if (head.contentLength !== undefined) this.#refuseShort(head, bytes)
    else if (isKnown) head.headers.push(['content-length', String(bytes)])
  }

  /**
   * Ends the body, and commits the head if no chunk did. After an error, the host can send an error page unless
   * `committed`.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the app never called startResponse
   * @throws {@link ContentLengthMismatchError} (`ISTHMUS_CONTENT_LENGTH_MISMATCH`) if bytes are missing
   */
  finish(): void {
    if (!this.#isAnswered) {
      this.#refuseShort(this.#announced(), this.#sentBytes)
      this.#committed = true
    }
    this.#closed = true
  }

  /** Ends the response, whole or not: from now on write() throws. */
  close(): void {
    this.#closed = true
  }

  #start(status: string, headers: StartResponseHeaders, excInfo: unknown): Write {
    checkStartCall(this.#called, this.#committed, excInfo)
    this.#called = true
    // Removed first: after an invalid second head, the first one must not go out.
    this.#head = undefined
    this.#head = announcedHead(status, headers)
    return (data) => this.#accept(data)
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
    this.#written ??= new WriteQueue()
    this.#written.push(chunk)
  }

  #announced(): AnnouncedHead {
    if (this.#head !== undefined) return this.#head
    throw this.#isAnswered ? contentAfterAnswer() : missingHead(this.#called)
  }

  get #isAnswered(): boolean {
    return this.#options.isAnswered?.() ?? false
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
