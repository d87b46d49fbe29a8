// A body under lint: checks the chunks that the app yields, and the way the server iterates and closes the body.

import { breach } from '../breach.ts'
import { checkedIterator, checkedResult } from './returned.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { Chunk } from '../../contract/environ.ts'
import type { LintError } from '../../errors.ts'
import type { Parties } from '../breach.ts'
import type { OpenBodies } from '../open-bodies.ts'
import type { LintedResponse } from './response.ts'

const RULE = 'PEP 3333 (Specification Details)'

/** Replaces the body. Each call of `next()`, `return()` or `close()` calls the same method of the body once. */
export class LintedBody implements Iterable<Chunk>, Iterator<Chunk> {
  readonly #body: AppBody
  readonly #response: LintedResponse
  readonly #parties: Parties
  readonly #open: OpenBodies
  #iterator: Iterator<unknown> | undefined
  #isOver = false
  #closed = false

  constructor(body: AppBody, response: LintedResponse, parties: Parties, open: OpenBodies) {
    this.#body = body
    this.#response = response
    this.#parties = parties
    this.#open = open
    open.add(this)
  }

  [Symbol.iterator](): this {
    if (this.#closed) throw this.#misuse('it iterated a closed body', 'close it last')
    if (this.#iterator !== undefined) {
      throw this.#misuse('it iterated a body twice', 'keep the iterator')
    }
    this.#iterator = checkedIterator(this.#body[Symbol.iterator](), this.#parties.app)
    return this
  }

  next(): IteratorResult<Chunk, undefined> {
    if (this.#closed) throw this.#misuse('it asked a closed body for a chunk', 'close it last')
    if (this.#isOver) return { done: true, value: undefined }

    const result = this.#nextResult(this.#begun())
    if (!result.done) return this.#admitted(result)
    this.#response.finish()
    return { done: true, value: undefined }
  }

  return(): IteratorResult<Chunk, undefined> {
    if (this.#closed) throw this.#misuse('it called return() after close()', 'close the body last')
    if (!this.#isOver) this.#iterator?.return?.()
    this.#isOver = true
    return { done: true, value: undefined }
  }

  close(): void {
    if (this.#closed) throw this.#misuse('it closed a body twice', 'close it once')
    this.#closed = true
    this.#open.delete(this)
    this.#response.close()
    this.#body.close?.()
    if (this.#iterator === undefined || this.#isOver) return
    throw this.#misuse('it stopped early without return()', 'end the iterator, then close the body')
  }

  #begun(): Iterator<unknown> {
    if (this.#iterator !== undefined) return this.#iterator
    const fact = 'it asked for a chunk before it iterated the body'
    throw this.#misuse(fact, 'call [Symbol.iterator]() first')
  }

  #admitted(result: IteratorYieldResult<unknown>): IteratorYieldResult<Chunk> {
    try {
      this.#response.admit(result.value)
      return result as IteratorYieldResult<Chunk>
    } catch (error) {
      // The server sees that this iterator threw and does not call return(), so this method calls it.
      this.return()
      throw error
    }
  }

  // The contract forbids a next() after the iterator has ended or thrown.
  #nextResult(iterator: Iterator<unknown>): IteratorResult<unknown> {
    this.#isOver = true
    this.#response.isIterating = true
    try {
      const result = checkedResult(iterator.next(), this.#parties.app)
      this.#isOver = Boolean(result.done)
      return result
    } finally {
      this.#response.isIterating = false
    }
  }

  #misuse(fact: string, remedy: string): LintError {
    return breach(this.#parties.server, RULE, fact, remedy)
  }
}
