// One request through an async-iterable app: the host pulls chunks from the app, one at a time, and closes it.

import { SILENT_LOG } from '../../silent-log.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { arrayBytes, checkedBody } from '../../sync/app-body.ts'
import { isThenable } from '../../sync/chunk.ts'
import { attempt, callFinished } from '../../sync/run-end.ts'
import { ResponseState } from '../../sync/start-response.ts'
import { Fairness } from '../fairness.ts'
import { scopeToEnviron } from '../scope-to-environ.ts'
import { ClientGuard } from './client-guard.ts'
import type {
  AsyncBody,
  AsyncInputStream,
  Chunk,
  IterableApp,
  IterableEnviron,
} from '../../contract/environ.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { ResponseOptions } from '../../sync/start-response.ts'
import type { ChunkSource } from '../pump.ts'

// The time that a stopped app gets for its `finally`; after it, the host waits no longer.
const RETURN_MS = 5_000

type Body = (AsyncIterable<unknown> | Iterable<unknown>) & { close?(): unknown }
type Stepper = AsyncIterator<unknown> | Iterator<unknown>

/**
 * Runs an app that awaits, as SyncRun runs a sync app. The host calls `close` at the end of every request, whole or
 * failed. Most responses are one array of chunks: they take one wait, for the app itself.
 */
export class IterableRun implements ChunkSource, ResponseOptions {
  ended = false
  readonly response: ResponseState
  readonly #app: IterableApp
  readonly #scope: HttpScope
  readonly #environ: IterableEnviron
  readonly #client: ClientGuard
  #body: Body | undefined
  #list: readonly unknown[] | undefined
  #iterator: Stepper | undefined
  #fairness: Fairness | undefined
  #isOver = false
  #held: Chunk | null = null

  /** @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) as {@link scopeToEnviron} does */
  constructor(app: IterableApp, scope: HttpScope, input: AsyncInputStream) {
    this.#app = app
    this.#scope = scope
    this.#environ = scopeToEnviron(scope, input)
    this.#client = new ClientGuard(scope['isthmus.exchange'])
    this.response = new ResponseState(scope.method, this)
  }

  get head(): ChunkSource['head'] {
    return this.response.head
  }

  pull(): Chunk | null | Promise<Chunk | null> {
    if (this.#body === undefined) return this.#start()
    return this.#list === undefined ? this.#pullSteps() : this.#pullFrom(this.#list)
  }

  /**
   * Ends the request: `return()` of an iterator that has not ended and `close()` of the body, with five seconds for each,
   * then `environ['isthmus.responseFinished']`. Failures become warnings.
   */
  close(error?: unknown): void | Promise<void> {
    this.response.close()
    const mayWait = this.#openIterator !== undefined || this.#body?.close !== undefined
    if (mayWait) return this.#closeBody(error)
    callFinished(this.#environ, this.response, error, this)
  }

  warn(message: string, cause?: unknown): void {
    const { method, path } = this.#scope
    const log = this.#scope['isthmus.exchange']?.log ?? SILENT_LOG
    log.warn({ method, path, err: cause }, message)
  }

  #start(): Chunk | null | Promise<Chunk | null> {
    const app = this.#app
    const returned = app(this.#environ, this.response.startResponse)
    if (!isAsyncIterable(returned)) return this.#awaitBody(returned)
    this.#body = returned
    return this.#pullSteps()
  }

  async #awaitBody(returned: ReturnType<IterableApp>): Promise<Chunk | null> {
    const body: unknown = await this.#awaitReturned(returned)
    this.#body = isAsyncIterable(body) ? body : checkedBody(body)
    if (!Array.isArray(body)) return this.#pullSteps()
    this.#list = body
    this.response.announceLength(arrayBytes(body))
    return this.#pullFrom(body)
  }

  async #awaitReturned(returned: ReturnType<IterableApp>): Promise<unknown> {
    try {
      return await this.#client.wait(returned)
    } catch (error) {
      if (this.#client.clientGone) this.#closeLate(returned)
      throw error
    }
  }

  // The app may return a body after its client has left; that body still has to be closed.
  #closeLate(returned: ReturnType<IterableApp>): void {
    const close = (body: Body | null | undefined): void => {
      attempt(this, 'close() of the body', () => body?.close?.())
    }
    void Promise.resolve(returned).then(close, () => {})
  }

  // An array needs no wait between its chunks.
  #pullFrom(list: readonly unknown[]): Chunk | null {
    const written = this.response.takeWritten()
    if (written !== null) return written
    const chunk = this.response.admitNext(list)
    if (this.response.isListOver(list)) this.#finish()
    return chunk
  }

  async #pullSteps(): Promise<Chunk | null> {
    for (;;) {
      const chunk = this.response.takeWritten() ?? this.#takeHeld()
      if (chunk !== null) return chunk
      if (this.#isOver || this.response.exhausted) return this.#finish()
      const iterator = (this.#iterator ??= iteratorOf(this.#body as Body))
      let result: IteratorResult<unknown>
      try {
        result = await this.#client.wait(iterator.next())
      } catch (error) {
        // An iterator that threw is over. One whose client left is not, and gets its return().
        this.#isOver = !this.#client.clientGone
        throw error
      }
      this.#isOver = Boolean(result.done)
      if (!this.#isOver) this.#held = this.response.admit(result.value)
      if (this.#held === null) await (this.#fairness ??= new Fairness()).afterChunk()
    }
  }

  #takeHeld(): Chunk | null {
    const chunk = this.#held
    this.#held = null
    return chunk
  }

  #finish(): null {
    this.response.finish()
    this.ended = true
    return null
  }

  // The iterator that still has to be told that no chunk is wanted.
  get #openIterator(): Stepper | undefined {
    return this.#isOver ? undefined : this.#iterator
  }

  async #closeBody(error: unknown): Promise<void> {
    const iterator = this.#openIterator
    if (iterator) await this.#attempt('return() of the body', () => iterator.return?.())
    await this.#attempt('close() of the body', () => this.#body?.close?.())
    callFinished(this.#environ, this.response, error, this)
  }

  async #attempt(name: string, step: () => unknown): Promise<void> {
    try {
      const result = step()
      if (!isThenable(result)) return
      const ended = await settlesWithin(result, RETURN_MS)
      if (!ended) this.warn(`${name} takes longer than ${RETURN_MS} ms; the server waits no longer`)
    } catch (error) {
      this.warn(`${name} failed`, error)
    }
  }
}

function iteratorOf(body: Body): Stepper {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

function isAsyncIterable(value: unknown): value is AsyncBody {
  return typeof (value as AsyncBody | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
