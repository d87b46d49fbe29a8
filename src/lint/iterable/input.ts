// wsgi.input of an async-iterable app under lint: checks the arguments of the app and the results of the server.

import { isUint8Array } from 'node:util/types'
import { describe } from '../../sync/chunk.ts'
import { breach } from '../breach.ts'
import { nameOfCall } from '../../name-of.ts'
import { LintedInput } from '../sync/streams.ts'
import type { AsyncInputStream } from '../../contract/environ.ts'
import type { Parties } from '../breach.ts'

const RULE = 'PEP 3333 (Input and Error Streams)'

/** Checks the arguments and results of the blocking and of the awaited methods. The app must not close it. */
export class LintedAsyncInput extends LintedInput implements AsyncInputStream {
  readonly #input: AsyncInputStream
  readonly #parties: Parties

  constructor(input: AsyncInputStream, parties: Parties) {
    super(input, parties)
    this.#input = input
    this.#parties = parties
  }

  async readAsync(...sizes: number[]): Promise<Uint8Array> {
    if (sizes.length !== 1 || sizes[0] !== undefined) this.#checkSize('readAsync', sizes, 0)
    return this.#checkedBytes('readAsync', await this.#input.readAsync(...sizes), sizes[0])
  }

  async read1Async(...sizes: [size: number]): Promise<Uint8Array> {
    this.#checkSize('read1Async', sizes, 1)
    return this.#checkedBytes('read1Async', await this.#input.read1Async(...sizes), sizes[0])
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    for await (const line of this.#input) yield this.#checkedBytes('iteration', line)
    return undefined
  }

  #checkSize(method: string, sizes: readonly unknown[], fewest: number): void {
    const isRight = sizes.length >= fewest && sizes.length < 2
    if (isRight && sizes.every((size) => Number.isSafeInteger(size) && Number(size) >= 0)) return
    const fact = `it called wsgi.input ${nameOfCall(method, sizes)}`
    throw breach(this.#parties.app, RULE, fact, 'pass a whole number of bytes')
  }

  #checkedBytes(method: string, bytes: unknown, limit = Infinity): Uint8Array {
    const got = isUint8Array(bytes) ? `${bytes.length} bytes` : describe(bytes)
    if (isUint8Array(bytes) && bytes.length <= limit) return bytes
    const most = limit === Infinity ? '' : ` of at most ${limit} bytes`
    const remedy = `it gives a Uint8Array${most}`
    throw breach(this.#parties.server, RULE, `${method} of wsgi.input gave ${got}`, remedy)
  }
}
