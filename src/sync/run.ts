// One request through a sync app: the host pulls chunks from the app, one at a time, and closes it.

import { arrayBytes, checkedBody } from './app-body.ts'
import { attempt, callFinished } from './run-end.ts'
import { ResponseState } from './start-response.ts'
import type { Chunk, Environ, SyncApp } from '../contract/environ.ts'
import type { AppBody } from './app-body.ts'
import type { AnnouncedHead } from './response-head.ts'
import type { ResponseOptions } from './start-response.ts'

/**
 * Runs an app for one request, at the pace of the host: the app computes a chunk when the host pulls it. The host calls
 * `close` at the end of every request, whole or failed.
 *
 * The `finally` of a generator runs only if the generator has begun, and a request may fail before the first pull. An
 * app that must release a resource in any case does so in `close()` of its body or in a callback of
 * `environ['isthmus.responseFinished']`. The host owns the bytes that an app yields: an app that reuses its buffer has
 * to yield copies.
 *
 * @see PEP 3333, "The Application/Framework Side", "Buffering and Streaming"
 *
 * @example
 * const run = new SyncRun(app, environ, { warn: console.warn })
 * try {
 *   for (let chunk = run.pull(); chunk !== null; chunk = run.pull()) send(run.head, chunk, run.ended)
 *   run.close()
 * } catch (error) {
 *   run.close(error)
 * }
 */
export class SyncRun {
  /** The head and the bytes that the app has sent so far. */
  readonly response: ResponseState
  readonly #app: SyncApp
  readonly #environ: Environ
  readonly #options: ResponseOptions
  #body: AppBody | undefined
  #list: readonly unknown[] | undefined
  #iterator: Iterator<unknown> | undefined
  // The iterator ended or threw, so it needs no return().
  #isOver = false
  #held: Chunk | null = null
  #started = false
  #ended = false
  #isPulling = false
  #closed = false

  /** @param options one object may serve all requests of a host */
  constructor(app: SyncApp, environ: Environ, options: ResponseOptions) {
    this.#app = app
    this.#environ = environ
    this.#options = options
    this.response = new ResponseState(environ.REQUEST_METHOD, options)
  }

  /** The head that the app announced; final after the first `pull` or write(). */
  get head(): AnnouncedHead | undefined {
    return this.response.head
  }

  /** Whether the body is over. If the app returned an Array, this is true as soon as the last chunk was pulled. */
  get ended(): boolean {
    return this.#ended
  }

  /** The object that the app returned; undefined before the call. A host looks here for a `WrappedFile`. */
  get body(): unknown {
    return this.#body
  }

  /**
   * Calls the app, if it was not called before, and does not iterate its body yet. `pull` calls this by itself.
   *
   * @throws the error of the app; {@link AppError} (`ISTHMUS_APP_FAULT`) if the app returned no body
   */
  start(): void {
    if (this.#started) return
    this.#started = true

    // A local variable, so that the app is not called as a method: its `this` is undefined.
    const app = this.#app
    const body = checkedBody(app(this.#environ, this.response.startResponse))
    this.#body = body
    if (!Array.isArray(body)) return
    this.#list = body
    this.response.announceLength(arrayBytes(body))
  }

  /**
   * The next chunk to send, never empty: the bytes that write() queued first, then the chunks of the body. Null at the
   * end, with the head committed.
   *
   * After an error, the host may only call `close`. It can send an error page unless `response.committed`.
   *
   * @throws the error of the app; {@link AppError} (`ISTHMUS_APP_FAULT`) for a breach of the contract
   */
  pull(): Chunk | null {
    if (this.#ended) return null
    if (this.#isPulling || this.#closed) {
      throw new Error('SyncRun: pull() was called inside pull(), after an error, or after close()')
    }

    this.#isPulling = true
    const chunk = this.#next()
    this.#isPulling = false
    return chunk
  }

  /**
   * Ends the request; a second call has no effect. Calls `return()` of an iterator that has not ended, `close()` of the
   * body, then `environ['isthmus.responseFinished']` from last to first. Failures become warnings, and none hides
   * another.
   *
   * @param error the reason why the request failed, else undefined
   */
  close(error?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.response.close()

    const iterator = this.#iterator
    if (iterator !== undefined && !this.#isOver) {
      attempt(this.#options, 'return() of the body', () => iterator.return?.())
    }
    const body = this.#body
    if (body?.close !== undefined) {
      attempt(this.#options, 'close() of the body', () => body.close?.())
    }
    callFinished(this.#environ, this.response, error, this.#options)
  }

  #next(): Chunk | null {
    this.start()
    for (;;) {
      const chunk = this.response.takeWritten() ?? this.#takeHeld()
      if (chunk !== null) return chunk
      if (this.#list !== undefined) return this.#nextOf(this.#list)
      if (this.#isOver || this.response.exhausted) return this.#finish()
      this.#step()
    }
  }

  #nextOf(list: readonly unknown[]): Chunk | null {
    const chunk = this.response.admitNext(list)
    if (this.response.isListOver(list)) this.#finish()
    return chunk
  }

  // The chunk is held back: the bytes that the app writes on its way to this chunk come before it.
  #step(): void {
    this.#iterator ??= (this.#body as AppBody)[Symbol.iterator]()
    this.#isOver = true
    const result = this.#iterator.next()
    this.#isOver = Boolean(result.done)
    if (!this.#isOver) this.#held = this.response.admit(result.value)
  }

  #takeHeld(): Chunk | null {
    const chunk = this.#held
    this.#held = null
    return chunk
  }

  #finish(): null {
    this.response.finish()
    this.#ended = true
    return null
  }
}
