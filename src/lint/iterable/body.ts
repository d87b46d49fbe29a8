// An async body under lint: checks the chunks that the app yields, and the way the server iterates and closes the body.

import { breach } from '../breach.ts'
import { checkedIterator, checkedResult } from '../sync/returned.ts'
import type { AsyncBody, Chunk } from '../../contract/environ.ts'
import type { LintError } from '../../errors.ts'
import type { Parties } from '../breach.ts'
import type { OpenBodies } from '../open-bodies.ts'
import type { LintedResponse } from '../sync/response.ts'

const RULE = 'PEP 3333 (Specification Details)'

/** Replaces the body. Each call of `next()`, `return()` or `close()` calls the same method of the body once. */
export class LintedAsyncBody implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined> {
  readonly #body: AsyncBody
  readonly #response: LintedResponse
  readonly #parties: Parties
  readonly #open: OpenBodies
  #iterator: AsyncIterator<unknown> | undefined
  #isPending = false
  #isOver = false
  #stopped = false
  #closed = false

  constructor(body: AsyncBody, response: LintedResponse, parties: Parties, open: OpenBodies) {
    this.#body = body
    this.#response = response
    this.#parties = parties
    this.#open = open
    open.add(this)
  }

  [Symbol.asyncIterator](): this {
    if (this.#closed) throw this.#misuse('it iterated a closed body', 'close it last')
    if (this.#iterator) throw this.#misuse('it iterated a body twice', 'keep the iterator')
    this.#iterator = checkedIterator(this.#body[Symbol.asyncIterator](), this.#parties.app)
    return this
  }

  async next(): Promise<IteratorResult<Chunk, undefined>> {
    if (this.#closed) throw this.#misuse('it asked a closed body for a chunk', 'close it last')
    if (this.#isPending) {
      throw this.#misuse('it asked for a chunk before it had the previous one', 'await each next()')
    }
    if (this.#isOver) return { done: true, value: undefined }

    const result = await this.#nextResult(this.#begun())
    // The server called return() while this chunk was awaited, so the chunk is not checked.
    if (this.#stopped) return result as IteratorResult<Chunk, undefined>
    if (!result.done) return this.#admitted(result.value)
    this.#response.finish()
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Chunk, undefined>> {
    if (this.#closed) throw this.#misuse('it called return() after close()', 'close the body last')
    const wasOver = this.#isOver
    this.#isOver = true
    this.#stopped = true
    if (!wasOver) await this.#iterator?.return?.()
    return { done: true, value: undefined }
  }

  async close(): Promise<void> {
    if (this.#closed) throw this.#misuse('it closed a body twice', 'close it once')
    this.#closed = true
    this.#open.delete(this)
    this.#response.close()
    await this.#body.close?.()
    if (this.#iterator === undefined || this.#isOver) return
    throw this.#misuse('it stopped early without return()', 'end the iterator, then close the body')
  }

  #begun(): AsyncIterator<unknown> {
    if (this.#iterator !== undefined) return this.#iterator
    const fact = 'it asked for a chunk before it iterated the body'
    throw this.#misuse(fact, 'call [Symbol.asyncIterator]() first')
  }

  async #admitted(value: unknown): Promise<IteratorYieldResult<Chunk>> {
    try {
      this.#response.admit(value)
      return { done: false, value: value as Chunk }
    } catch (error) {
      // The server sees that this iterator threw and does not call return(), so this method calls it.
      await this.return()
      throw error
    }
  }

  async #nextResult(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
    this.#isPending = true
    this.#response.isIterating = true
    try {
      const result = checkedResult(await iterator.next(), this.#parties.app)
      if (result.done) this.#isOver = true
      return result
    } catch (error) {
      // The contract forbids a next() after an iterator has thrown.
      this.#isOver = true
      throw error
    } finally {
      this.#isPending = false
      this.#response.isIterating = false
    }
  }

  #misuse(fact: string, remedy: string): LintError {
    return breach(this.#parties.server, RULE, fact, remedy)
  }
}
