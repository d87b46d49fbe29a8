// The body of a sync app that says what it answers while it is iterated: a generator. The first chunk settles whose
// response is sent; from then on chunks go through as they are.

import { attempt } from '../../sync/run-end.ts'
import { checkedChunk } from '../../sync/chunk.ts'
import type { AsyncResource } from 'node:async_hooks'
import type { AppBody } from '../../sync/app-body.ts'
import type { Chunk, SyncBody } from '../../contract/environ.ts'
import type { MappedBody } from '../body-map.ts'

/** Whose body is sent: the app's own, perhaps through maps, or another one. */
export type Verdict = { own: true; mapped: MappedBody | undefined } | { own: false; body: SyncBody }

/** The middleware around a body. */
export interface Settling {
  /** Settled already: the app called write(). */
  readonly verdict: Verdict | undefined
  /** The context that the app runs in, where it is one of its own. */
  readonly appContext: AsyncResource | undefined
  /** The first chunk is there, or, with null, the end. Throws what no middleware has caught. */
  settle(first: Chunk | null): Verdict
  /** The app threw. Throws what no middleware has caught. */
  recover(error: unknown): SyncBody
  /** Nobody wants a response any more. */
  abandon(): void
  warn(message: string, cause?: unknown): void
}

/** To be iterated once, then closed. */
export class LazyBody implements SyncBody, Iterator<Chunk> {
  readonly #body: AppBody
  readonly #settling: Settling
  #iterator: Iterator<unknown> | undefined
  // It ended or threw: there is nothing to return() from.
  #isOver = false
  #isClosed = false
  #mapped: MappedBody | undefined
  #passing = false
  #other: { body: SyncBody; iterator: Iterator<Chunk> } | undefined

  constructor(body: AppBody, settling: Settling) {
    this.#body = body
    this.#settling = settling
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
    const isSettled = this.#passing || this.#other !== undefined
    this.#stop()
    this.#closeOwn()
    this.#other?.body.close?.()
    if (!isSettled) attempt(this.#settling, 'a middleware', () => this.#settling.abandon())
  }

  #first(): IteratorResult<Chunk> {
    let result: IteratorResult<unknown>
    let first: Chunk | null
    try {
      result = this.#settling.verdict ? { done: false, value: '' } : this.#pull()
      first = result.done ? null : checkedChunk(result.value, 'the app yielded')
    } catch (error) {
      return this.#replace(this.#settling.recover(error))
    }
    // An empty chunk sends nothing, and settles nothing.
    if (first === '' || first?.length === 0) {
      if (!this.#settling.verdict) return { done: false, value: '' }
    }
    const verdict = this.#settling.verdict ?? this.#settling.settle(first)
    if (!verdict.own) return this.#replace(verdict.body)
    this.#passing = true
    this.#mapped = verdict.mapped
    return this.#passed(result)
  }

  #pull(): IteratorResult<unknown> {
    const iterator = (this.#iterator ??= this.#body[Symbol.iterator]())
    const { appContext } = this.#settling
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
    attempt(this.#settling, 'return() of the body', () => iterator.return?.())
  }

  #closeOwn(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    attempt(this.#settling, 'close() of the body', () => this.#body.close?.())
  }
}
