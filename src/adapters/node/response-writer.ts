// The response of a handler as events: all writes of one turn leave as one event.

import { AppError } from '../../errors.ts'
import { NEEDS_DRAIN } from './internals.ts'
import type { HeaderPairs, HttpResponseStartEvent, Send } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Encoding, InnerResponse, WriteCallback } from './internals.ts'
import type { ResponseSink } from './response.ts'
import type { ExchangeSocket } from './socket.ts'

// More bytes than these are sent piece by piece: to join them would cost a copy.
const MAX_JOINED_BYTES = 64 * 1024

/** The exchange of a writer. */
export interface WriterOwner {
  readonly res: InnerResponse
  readonly socket: ExchangeSocket
  readonly log: Log | undefined
  /** The handler reads a request body that has not arrived whole. */
  readonly isBodyRead: boolean
  /** The server has the whole response; `callbacks` are those of the last writes. */
  finished(callbacks: readonly WriteCallback[]): void
  fail(error: unknown): void
}

/** Sends the response of one exchange. */
export class ResponseWriter implements ResponseSink {
  /** Bytes (for text: UTF-16 code units) that the client has not taken yet. */
  pendingBytes = 0
  /** The handler has ended the response. */
  isEnded = false
  /** The last event waits for the request body, because the server takes no more of the body after it. */
  isHeld = false
  readonly #send: Send
  readonly #owner: WriterOwner
  // The head, until it leaves.
  #head: HttpResponseStartEvent | null = null
  #chunks: Array<string | Uint8Array> = []
  #callbacks: WriteCallback[] = []
  #isClosed = false
  /** The head announces trailers, with or without a field for it. */
  announcesTrailers = false
  // The body of the response does not come by this writer.
  #isPassed = false

  constructor(send: Send, owner: WriterOwner) {
    this.#send = send
    this.#owner = owner
  }

  start(status: number, headers: HeaderPairs): void {
    const trailers =
      this.announcesTrailers ||
      headers.some(([name]) => name.length === 7 && name.toLowerCase() === 'trailer')
    this.#head = { type: 'http.response.start', status, headers, trailers }
  }

  /** The body goes past this writer. Returns the head that would leave with the first bytes. */
  passHead(): HttpResponseStartEvent | null {
    this.#isPassed = true
    const head = this.#head
    this.#head = null
    return head
  }

  write(data: string | Uint8Array, encoding: Encoding, callback?: WriteCallback): boolean {
    if (this.#isPassed) return this.#refused(callback)
    if (this.#isClosed) {
      if (callback) process.nextTick(callback, destroyed())
      return false
    }
    if (data.length > 0) {
      const chunk = typeof data === 'string' ? encodedAs(data, encoding) : data
      this.#chunks.push(chunk)
      this.pendingBytes += chunk.length
    }
    if (callback) this.#callbacks.push(callback)
    const { socket } = this.#owner
    if (socket.writableCorked === 0) this.#flush()
    return this.pendingBytes < socket.writableHighWaterMark
  }

  /** The last cork is gone. end() of node:http uncorks before it says that it is the end, so the writer waits for a tick. */
  uncorked(): void {
    if (this.#chunks.length > 0 || this.#callbacks.length > 0) process.nextTick(flushLater, this)
  }

  /** Sends the waiting bytes, unless the end has sent them. */
  flushUncorked(): void {
    if (!this.isEnded && this.#owner.socket.writableCorked === 0) this.#flush()
  }

  end(): void {
    if (this.isEnded || this.#isClosed || this.#isPassed) return
    this.isEnded = true
    const { res, socket } = this.#owner
    socket.release()
    const trailers = trailersOf(res._trailer)
    // Trailers that were not announced still leave, if the head has not.
    if (trailers && this.#head) this.#head.trailers = true
    this.isHeld = this.#owner.isBodyRead
    const callbacks = this.#takeCallbacks()
    const sent = this.isHeld ? this.#sendHeld() : this.#sendEnd(trailers)
    sent.then(
      () => this.#finished(callbacks),
      (error: unknown) => this.#owner.fail(error),
    )
  }

  /** Sends the last event, which has waited for the request body. */
  endHeld(): Promise<void> {
    return this.#sendEnd(trailersOf(this.#owner.res._trailer))
  }

  #sendEnd(trailers: HeaderPairs | null): Promise<void> {
    const announced = trailers && (this.#head === null || this.#head.trailers)
    this.#sendHead()
    const sent = this.#sendChunks(false)
    return announced ? this.#send({ type: 'http.response.trailers', headers: trailers }) : sent
  }

  // All bytes leave, with a Content-Length, so that the client has the whole response.
  #sendHeld(): Promise<void> {
    const head = this.#head
    if (head && !this.#owner.res._hasBody) return Promise.resolve()
    if (head && !head.trailers) addLength(head.headers, this.#chunks)
    this.#sendHead()
    return this.#sendChunks(true)
  }

  /** Nothing leaves any more: the callbacks get an error. */
  close(): void {
    this.#isClosed = true
    this.#chunks = []
    const callbacks = this.#takeCallbacks()
    if (callbacks.length > 0) process.nextTick(failAll, callbacks)
  }

  /** Sends a 103 response. */
  hint(links: string[]): void {
    this.#send({ type: 'http.response.early_hint', links }).catch((error: unknown) => {
      this.#owner.fail(error)
    })
  }

  // To throw here could end the process: a middleware writes late in a callback of its own.
  #refused(callback: WriteCallback | undefined): boolean {
    this.#owner.log?.error(
      { err: new AppError('a middleware has written to a response that the app inside sends') },
      'the bytes of a middleware were dropped',
    )
    if (callback) process.nextTick(callback)
    return true
  }

  #flush(): void {
    const { res } = this.#owner
    // A response without content is over with its head, and the server takes no more of the request body after that.
    if (!res._hasBody && this.#owner.isBodyRead) return
    const callbacks = this.#takeCallbacks()
    const hadHead = this.#head !== null
    this.#sendHead()
    if (this.#chunks.length === 0 && !hadHead && callbacks.length === 0) return
    const bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    this.#sendChunks(true).then(
      () => this.#flushed(bytes, callbacks),
      (error: unknown) => this.#owner.fail(error),
    )
  }

  #flushed(bytes: number, callbacks: readonly WriteCallback[]): void {
    this.pendingBytes -= bytes
    for (const callback of callbacks) callback()
    const res = this.#owner.res as InnerResponse & Record<symbol, boolean>
    if (this.pendingBytes > 0 || this.isEnded || this.#isClosed || !res[NEEDS_DRAIN]) return
    res[NEEDS_DRAIN] = false
    res.emit('drain')
  }

  #finished(callbacks: readonly WriteCallback[]): void {
    this.pendingBytes = 0
    this.#owner.finished(callbacks)
  }

  #sendHead(): void {
    const head = this.#head
    if (head === null) return
    this.#head = null
    this.#send(head).catch((error: unknown) => this.#owner.fail(error))
  }

  #sendChunks(moreBody: boolean): Promise<void> {
    const chunks = this.#chunks
    if (chunks.length > 0) this.#chunks = []
    const joined = chunks.length > 1 ? join(chunks) : chunks
    const last = joined.length - 1
    for (let at = 0; at < last; at += 1) {
      this.#send({ type: 'http.response.body', body: joined[at] ?? '', moreBody: true }).catch(
        ignore,
      )
    }
    return this.#send({ type: 'http.response.body', body: joined[last] ?? '', moreBody })
  }

  #takeCallbacks(): WriteCallback[] {
    const callbacks = this.#callbacks
    if (callbacks.length > 0) this.#callbacks = []
    return callbacks.length > 0 ? callbacks : NO_CALLBACKS
  }
}

const NO_CALLBACKS: WriteCallback[] = []

function join(chunks: Array<string | Uint8Array>): Array<string | Uint8Array> {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (bytes > MAX_JOINED_BYTES) return chunks
  if (chunks.every((chunk) => typeof chunk === 'string')) return [chunks.join('')]
  return [
    Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))),
  ]
}

function addLength(headers: HeaderPairs = [], chunks: ReadonlyArray<string | Uint8Array>): void {
  if (headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))) return
  const bytes = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
  headers.push(['content-length', String(bytes)])
}

function encodedAs(text: string, encoding: Encoding): string | Uint8Array {
  if (!encoding || encoding === 'utf8' || encoding === 'utf-8') return text
  return Buffer.from(text, encoding)
}

function trailersOf(text: string | undefined): HeaderPairs | null {
  if (!text) return null
  const trailers: HeaderPairs = []
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) trailers.push([line.slice(0, colon), line.slice(colon + 2)])
  }
  return trailers
}

function flushLater(writer: ResponseWriter): void {
  writer.flushUncorked()
}

function failAll(callbacks: readonly WriteCallback[]): void {
  for (const callback of callbacks) callback(destroyed())
}

function destroyed(): Error {
  const error = new Error('Cannot call write after a stream was destroyed')
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' })
}

function ignore(): void {}
