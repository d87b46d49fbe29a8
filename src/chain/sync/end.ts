// The end of an exchange around a sync app, for the callbacks of the middleware.

import { localEnd } from '../../http/local-end.ts'
import { chunkBytes } from '../../sync/chunk.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { FinishCallbacks, refuseLate } from '../finish-callbacks.ts'
import { bytesOf } from './answer.ts'
import type { Chunk, Environ, SyncBody } from '../../contract/environ.ts'
import type { ResponseEnd } from '../../contract/events.ts'
import type { FinishHooks } from '../request.ts'

/**
 * Listens to the server's report of the end. If the host does not report it, this class counts the bytes of the body
 * and learns the end from `environ['isthmus.responseFinished']`.
 */
export class SyncEnd implements FinishHooks {
  readonly #environ: Environ
  readonly #warn: (message: string, cause?: unknown) => void
  #callbacks: FinishCallbacks | undefined
  /** The bytes so far; null for a file, whose bytes the host counts; undefined if the server reports the end. */
  #bytes: number | null | undefined
  #begun = false

  constructor(environ: Environ, warn: (message: string, cause?: unknown) => void) {
    this.#environ = environ
    this.#warn = warn
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    refuseLate(this.#begun)
    this.#listening().onFinish(callback)
  }

  onAccept(): void {
    refuseLate(this.#begun)
  }

  /**
   * Refuses callbacks from now on: the app runs or a middleware answers, so a later callback would miss a part of the
   * exchange.
   */
  begin(): void {
    this.#begun = true
  }

  /** Drops the callbacks: the middleware run again for this exchange. */
  discard(): void {
    this.#callbacks = undefined
  }

  /** Returns the body to send: the same object, unless its chunks have to be counted. */
  watched(body: SyncBody): SyncBody {
    if (this.#bytes === undefined) return body
    if (Array.isArray(body)) {
      this.count(bytesOf(body as Chunk[]))
      return body
    }
    if (!(body instanceof WrappedFile)) return new CountedBody(body, this)
    this.#bytes = null
    return body
  }

  /** Counts bytes that are on their way. */
  count(bytes: number): void {
    if (typeof this.#bytes === 'number') this.#bytes += bytes
  }

  #listening(): FinishCallbacks {
    if (this.#callbacks) return this.#callbacks
    const callbacks = new FinishCallbacks(this.#warn)
    this.#callbacks = callbacks
    const exchange = this.#environ['isthmus.scope']?.['isthmus.exchange']
    if (exchange) exchange.onEnd((end) => this.#callbacks?.finished(end))
    else this.#watch(callbacks)
    return callbacks
  }

  #watch(callbacks: FinishCallbacks): void {
    this.#bytes = 0
    const finished = (this.#environ['isthmus.responseFinished'] ??= [])
    finished.push((_environ, line, _headers, error) => {
      const method = this.#environ.REQUEST_METHOD
      const status = line === undefined ? null : Number(line.slice(0, 3))
      callbacks.finished(localEnd({ method, status, bytes: this.#bytes ?? null, error }))
    })
  }
}

class CountedBody implements SyncBody, Iterator<Chunk> {
  readonly #body: SyncBody
  readonly #end: SyncEnd
  #iterator: Iterator<Chunk> | undefined

  constructor(body: SyncBody, end: SyncEnd) {
    this.#body = body
    this.#end = end
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Chunk> {
    this.#iterator ??= this.#body[Symbol.iterator]()
    const result = this.#iterator.next()
    if (!result.done) this.#end.count(chunkBytes(result.value))
    return result
  }

  return(): IteratorResult<Chunk> {
    this.#iterator?.return?.()
    return { done: true, value: undefined }
  }

  close(): void {
    this.#body.close?.()
  }
}
