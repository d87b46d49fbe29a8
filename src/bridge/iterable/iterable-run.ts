// One request through an async-iterable app: the host pulls chunks from the app, one at a time, and closes it.

import { settlesWithin } from '../../waiting/settles-within.ts'
import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { attempt, callFinished } from '../../sync/run-end.ts'
import { ResponseState } from '../../sync/start-response.ts'
import { Fairness } from '../fairness.ts'
import type { AsyncBody, Chunk, IterableApp, IterableEnviron } from '../../contract/environ.ts'
import type { ResponseOptions } from '../../sync/start-response.ts'
import type { ClientGuard } from './client-guard.ts'
import type { ChunkSource } from '../pump.ts'

// The time that a stopped app gets for its `finally`; after it, the host waits no longer.
const RETURN_MS = 5_000

type Body = (AsyncIterable<unknown> | Iterable<unknown>) & { close?(): unknown }
type Stepper = AsyncIterator<unknown> | Iterator<unknown>

/**
 * Runs an app that awaits, as SyncRun runs a sync app. The host calls `close` at the end of every request, whole or
 * failed.
 */
export class IterableRun implements ChunkSource {
  ended = false
  readonly response: ResponseState
  readonly #app: IterableApp
  readonly #environ: IterableEnviron
  readonly #options: ResponseOptions
  readonly #client: ClientGuard
  readonly #fairness: Fairness = new Fairness()
  #body: Body | undefined
  #iterator: Stepper | undefined
  #remaining = Infinity
  #isOver = false
  #held: Chunk | null = null

  constructor(
    app: IterableApp,
    environ: IterableEnviron,
    client: ClientGuard,
    options: ResponseOptions,
  ) {
    this.#app = app
    this.#environ = environ
    this.#client = client
    this.#options = options
    this.response = new ResponseState(environ.REQUEST_METHOD, options)
  }

  get head(): ChunkSource['head'] {
    return this.response.head
  }

  async pull(): Promise<Chunk | null> {
    if (!this.#body) await this.#start()
    for (;;) {
      const chunk = this.response.takeWritten() ?? this.#takeHeld()
      if (chunk !== null) return chunk
      if (this.#isOver || this.response.exhausted) return this.#finish()
      await this.#step()
      if (this.#held === null) await this.#fairness.afterChunk()
    }
  }

  /**
   * Ends the request: `return()` of an iterator that has not ended and `close()` of the body, with five seconds for each,
   * then `environ['isthmus.responseFinished']`. Failures become warnings.
   */
  async close(error?: unknown): Promise<void> {
    this.response.close()
    const body = this.#body
    const iterator = this.#iterator
    if (iterator && !this.#isOver) {
      await this.#attempt('return() of the body', () => iterator.return?.())
    }
    if (body) await this.#attempt('close() of the body', () => body.close?.())
    callFinished(this.#environ, this.response, error, this.#options)
  }

  async #start(): Promise<void> {
    const app = this.#app
    const returned = app(this.#environ, this.response.startResponse)
    const body: unknown = isAsyncIterable(returned) ? returned : await this.#awaitReturned(returned)
    this.#body = isAsyncIterable(body) ? body : checkedBody(body)
    if (!Array.isArray(body)) return
    this.response.announceLength(arrayBytes(body))
    this.#remaining = body.length
  }

  async #awaitReturned(returned: ReturnType<IterableApp>): Promise<unknown> {
    try {
      return await this.#client.wait(returned)
    } catch (error) {
      if (this.#client.clientGone) void Promise.resolve(returned).then(this.#closeLate, () => {})
      throw error
    }
  }

  // The app may return a body after its client has left; that body still has to be closed.
  readonly #closeLate = (body: Body | null | undefined): void => {
    attempt(this.#options, 'close() of the body', () => body?.close?.())
  }

  async #step(): Promise<void> {
    this.#iterator ??= iteratorOf(this.#body as Body)
    const result = await this.#next(this.#iterator)
    this.#isOver = Boolean(result.done)
    if (this.#isOver) return
    this.#remaining -= 1
    this.#held = this.response.admit(result.value)
  }

  async #next(iterator: Stepper): Promise<IteratorResult<unknown>> {
    try {
      return await this.#client.wait(iterator.next())
    } catch (error) {
      // An iterator that threw is over. One whose client left is not, and gets its return().
      this.#isOver = !this.#client.clientGone
      throw error
    }
  }

  #takeHeld(): Chunk | null {
    const chunk = this.#held
    this.#held = null
    if (chunk !== null && this.#remaining === 0) this.#finish()
    return chunk
  }

  #finish(): null {
    this.response.finish()
    this.ended = true
    return null
  }

  async #attempt(name: string, step: () => unknown): Promise<void> {
    try {
      const ended = await settlesWithin(Promise.resolve(step()), RETURN_MS)
      if (!ended)
        this.#options.warn(`${name} takes longer than ${RETURN_MS} ms; the server waits no longer`)
    } catch (error) {
      this.#options.warn(`${name} failed`, error)
    }
  }
}

function iteratorOf(body: Body): Stepper {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

function isAsyncIterable(value: unknown): value is AsyncBody {
  return typeof (value as AsyncBody | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
