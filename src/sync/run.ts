// One request through a sync app: the host pulls chunks out of it, one at a time, and closes it.

import { arrayBytes, checkedBody } from './app-body.ts'
import { attempt, callFinished } from './run-end.ts'
import { ResponseState } from './start-response.ts'
import type { Chunk, Environ, SyncApp } from '../contract/environ.ts'
import type { AppBody } from './app-body.ts'
import type { AnnouncedHead } from './response-head.ts'
import type { ResponseOptions } from './start-response.ts'

/**
 * Runs an app for one request, as slowly as the host pulls: nothing is asked of the app before the
 * chunk before it was taken. The host calls `close` in the end, however the request went.
 *
 * A generator that was never pulled has not begun, so its `finally` does not run: what a request must
 * have released in any case belongs into the body's `close()` or `environ['isthmus.responseFinished']`.
 * Bytes that an app yields are handed over: one that reuses its buffer yields copies.
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
  /** What the app announced and sent so far. */
  readonly response: ResponseState
  readonly #app: SyncApp
  readonly #environ: Environ
  readonly #options: ResponseOptions
  #body: AppBody | undefined
  #list: readonly unknown[] | undefined
  #index = 0
  #iterator: Iterator<unknown> | undefined
  // The iterator ended or threw: there is nothing to return() from.
  #isOver = false
  #held: Chunk | null = null
  #started = false
  #ended = false
  #isPulling = false
  #closed = false

  /** @param options may be shared by all requests of a host */
  constructor(app: SyncApp, environ: Environ, options: ResponseOptions) {
    this.#app = app
    this.#environ = environ
    this.#options = options
    this.response = new ResponseState(environ.REQUEST_METHOD, options)
  }

  /** The head that the app announced; it stands once `pull` returned, or write() was called. */
  get head(): AnnouncedHead | undefined {
    return this.response.head
  }

  /** Whether there is nothing more to pull: already true when the chunk just pulled is known to be the last. */
  get ended(): boolean {
    return this.#ended
  }

  /** The very object that the app returned, once it was called: a host may know a `WrappedFile` by it. */
  get body(): unknown {
    return this.#body
  }

  /**
   * Calls the app, unless it was called before; `pull` does so by itself. Nothing is iterated yet.
   *
   * @throws what the app throws; AppError (`ISTHMUS_APP_FAULT`) when it returned no body
   */
  start(): void {
    if (this.#started) return
    this.#started = true

    // Not called as a method of ours: the app gets two arguments and no `this`.
    const app = this.#app
    const body = checkedBody(app(this.#environ, this.response.startResponse))
    this.#body = body
    if (!Array.isArray(body)) return
    this.#list = body
    this.response.announceLength(arrayBytes(body))
  }

  /**
   * The next chunk to transmit, never empty: what write() queued first, then what the body yields.
   * Null at the end; the head is committed by then.
   *
   * @throws what the app throws; AppError (`ISTHMUS_APP_FAULT`) for what it must not do. Nothing but
   *   `close` may be called then, and unless `response.committed` an error page can still be sent
   */
  pull(): Chunk | null {
    if (this.#ended) return null
    if (this.#isPulling || this.#closed) {
      throw new Error('SyncRun: pull() inside pull(), after it threw, or after close()')
    }

    this.#isPulling = true
    const chunk = this.#next()
    this.#isPulling = false
    return chunk
  }

  /**
   * Ends the request, exactly once: `return()` of an iterator that was stopped early, `close()` of the
   * body, then `environ['isthmus.responseFinished']` from last to first. Failures are reported as
   * warnings; none masks another.
   *
   * @param error why the request failed, else undefined
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
    while (this.#index < list.length && !this.response.exhausted) {
      const chunk = this.response.admit(list[this.#index])
      this.#index += 1
      if (chunk === null) continue
      if (this.#index === list.length) this.#finish()
      return chunk
    }
    return this.#finish()
  }

  // Held, since bytes that were written on the way to the next value precede it.
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
