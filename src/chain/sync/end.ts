// The end of an exchange around a sync app, for whoever wants to know how it went.

import { ClientDisconnectedError } from '../../errors.ts'
import { hasContent } from '../../http/content.ts'
import { chunkBytes } from '../../sync/chunk.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { FinishCallbacks, refuseLate } from '../finish-callbacks.ts'
import { errorStatus } from '../server-answer.ts'
import { bytesOf } from './answer.ts'
import type { Chunk, Environ, SyncBody } from '../../contract/environ.ts'
import type { FinishHooks } from '../request.ts'
import type { ResponseEnd } from '../response-end.ts'

/** Counts a body where somebody wants to know, and calls back with `environ['isthmus.responseFinished']`. */
export class SyncEnd implements FinishHooks {
  readonly #environ: Environ
  readonly #warn: (message: string, cause?: unknown) => void
  #callbacks: FinishCallbacks | undefined
  #bytes: number | null = 0
  #begun = false

  constructor(environ: Environ, warn: (message: string, cause?: unknown) => void) {
    this.#environ = environ
    this.#warn = warn
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    refuseLate(this.#begun)
    this.#watched().onFinish(callback)
  }

  onAccept(): void {
    refuseLate(this.#begun)
  }

  /** The app is called, or answered for: from now on there is something to miss. */
  begin(): void {
    this.#begun = true
  }

  /** `body` as it is sent: itself where nobody counts, or where its length is known. */
  watched(body: SyncBody): SyncBody {
    if (!this.#callbacks) return body
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
    if (this.#bytes !== null) this.#bytes += bytes
  }

  #watched(): FinishCallbacks {
    if (this.#callbacks) return this.#callbacks
    const callbacks = new FinishCallbacks(this.#warn)
    this.#callbacks = callbacks
    const finished = (this.#environ['isthmus.responseFinished'] ??= [])
    finished.push((_environ, status, _headers, error) =>
      callbacks.finished(this.#end(status, error)),
    )
    return callbacks
  }

  #end(line: string | undefined, error: unknown): ResponseEnd {
    const status = line === undefined ? null : Number(line.slice(0, 3))
    const common = { code: undefined, error }
    const bytes = hasContent(this.#environ.REQUEST_METHOD, status ?? 0) ? this.#bytes : 0
    if (error === undefined) return { ...common, outcome: 'complete', status, bytes }
    if (error instanceof ClientDisconnectedError) {
      return { ...common, outcome: 'disconnected', status, bytes }
    }
    if (status !== null) return { ...common, outcome: 'aborted', status, bytes }
    return { ...common, outcome: 'complete', status: errorStatus(error), bytes: null }
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
