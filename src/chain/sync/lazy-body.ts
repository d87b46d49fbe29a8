// The body of a sync app that may still announce its head while the server iterates: a generator. The first chunk lets the
// middleware choose the response; after that, chunks pass unchanged or through the maps.

import { checkedChunk } from '../../sync/chunk.ts'
import { attempt } from '../../sync/run-end.ts'
import type { AsyncResource } from 'node:async_hooks'
import type { Chunk, SyncBody } from '../../contract/environ.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { MappedBody } from '../body-map.ts'

/** The body that the middleware chose: the app's own, perhaps with maps, or the body of another response. */
export type Verdict = { own: true; mapped: MappedBody | undefined } | { own: false; body: SyncBody }

/** The middleware around a body. */
export interface BodyOwner {
  /** Defined before the first chunk if the app called write(). */
  readonly verdict: Verdict | undefined
  /** The async context that the app runs in; undefined for the current one. */
  readonly appContext: AsyncResource | undefined
  /** Takes the first chunk, or null for the end of the body. Throws an error that no middleware caught. */
  settle(first: Chunk | null): Verdict
  /** Takes an error of the app. Throws an error that no middleware caught. */
  recover(error: unknown): SyncBody
  /** The server has closed the body. */
  bodyClosed(): void
  warn(message: string, cause?: unknown): void
}

/** The server iterates it once, then closes it. */
export class LazyBody implements SyncBody, Iterator<Chunk> {
  readonly #body: AppBody
  readonly #owner: BodyOwner
  #iterator: Iterator<unknown> | undefined
  // The iterator ended or threw, so that its return() is not called.
  #isOver = false
  #isClosed = false
  #mapped: MappedBody | undefined
  #passing = false
  #other: { body: SyncBody; iterator: Iterator<Chunk> } | undefined

  constructor(body: AppBody, owner: BodyOwner) {
    this.#body = body
    this.#owner = owner
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Chunk> {
    if (this.#other) return this.#other.iterator.next()
    if (this.#passing) return this.#passed(this.#pull())
    return this.#first()
  }

  return(): IteratorResult<Chunk> {
    if (this.#other) this.#other.iterator.return?.()
    else this.#stop()
    return { done: true, value: undefined }
  }

  close(): void {
    this.#stop()
    this.#closeOwn()
    this.#other?.body.close?.()
    attempt(this.#owner, 'a middleware', () => this.#owner.bodyClosed())
  }

  #first(): IteratorResult<Chunk> {
    const owner = this.#owner
    let result: IteratorResult<unknown>
    let first: Chunk | null
    try {
      result = owner.verdict ? { done: false, value: '' } : this.#pull()
      first = result.done ? null : checkedChunk(result.value, 'the app yielded')
    } catch (error) {
      return this.#replace(owner.recover(error))
    }
    // An empty chunk sends nothing, so the app may still replace its head.
    if (first?.length === 0 && !owner.verdict) return { done: false, value: '' }

    const verdict = owner.verdict ?? owner.settle(first)
    if (!verdict.own) return this.#replace(verdict.body)
    this.#passing = true
    this.#mapped = verdict.mapped
    return this.#passed(result)
  }

  #pull(): IteratorResult<unknown> {
    const iterator = (this.#iterator ??= this.#body[Symbol.iterator]())
    const { appContext } = this.#owner
    this.#isOver = true
    const result = appContext ? appContext.runInAsyncScope(() => iterator.next()) : iterator.next()
    this.#isOver = Boolean(result.done)
    return result
  }

  #passed(result: IteratorResult<unknown>): IteratorResult<Chunk> {
    const mapped = this.#mapped
    if (!mapped) return result as IteratorResult<Chunk>
    if (!result.done) {
      const chunk = checkedChunk(result.value, 'the app yielded')
      return { done: false, value: mapped.throughNow(chunk, false) }
    }
    this.#mapped = undefined
    return { done: false, value: mapped.throughNow('', true) }
  }

  #replace(body: SyncBody): IteratorResult<Chunk> {
    this.#stop()
    this.#closeOwn()
    this.#other = { body, iterator: body[Symbol.iterator]() }
    return this.#other.iterator.next()
  }

  #stop(): void {
    const iterator = this.#iterator
    if (!iterator || this.#isOver) return
    this.#isOver = true
    attempt(this.#owner, 'return() of the body', () => iterator.return?.())
  }

  #closeOwn(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    attempt(this.#owner, 'close() of the body', () => this.#body.close?.())
  }
}
