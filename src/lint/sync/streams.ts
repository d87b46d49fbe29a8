// wsgi.input and wsgi.errors under lint: checks the arguments of the app and the results of the server.

import { isUint8Array } from 'node:util/types'
import { describe } from '../../sync/chunk.ts'
import { breach } from '../breach.ts'
import { nameOfCall } from '../../name-of.ts'
import type { ErrorStream, InputStream } from '../../contract/environ.ts'
import type { LintError } from '../../errors.ts'
import type { Parties } from '../breach.ts'

const RULE = 'PEP 3333 (Input and Error Streams)'

/** Checks the arguments and results of an input. The app must not close it. */
export class LintedInput implements InputStream {
  readonly #input: InputStream
  readonly #parties: Parties

  constructor(input: InputStream, parties: Parties) {
    this.#input = input
    this.#parties = parties
  }

  read(...sizes: number[]): Uint8Array {
    const limit = this.#checkedSize('read', sizes)
    return this.#checkedBytes('read', this.#input.read(...sizes), limit)
  }

  readline(...sizes: number[]): Uint8Array {
    const limit = this.#checkedSize('readline', sizes)
    return this.#checkedBytes('readline', this.#input.readline(...sizes), limit)
  }

  readlines(...hints: number[]): Uint8Array[] {
    this.#checkedSize('readlines', hints)
    const lines: unknown = this.#input.readlines(...hints)
    if (!Array.isArray(lines)) throw this.#wrong('readlines', describe(lines), 'an array of lines')
    return lines.map((line) => this.#checkedBytes('readlines', line))
  }

  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (const line of this.#input) yield this.#checkedBytes('iteration', line)
  }

  close(): never {
    throw breach(this.#parties.app, RULE, 'it closed wsgi.input', 'leave that to the server')
  }

  // wsgiref demands a size for read(); PEP 3333 made it optional.
  #checkedSize(method: string, sizes: unknown[]): number {
    const [size] = sizes
    const isSize = size === undefined || (Number.isSafeInteger(size) && Number(size) >= 0)
    if (sizes.length < 2 && isSize)
      return size === undefined ? Number.POSITIVE_INFINITY : Number(size)
    const fact = `it called wsgi.input ${nameOfCall(method, sizes)}`
    throw breach(this.#parties.app, RULE, fact, 'pass a whole number of bytes, or nothing')
  }

  #checkedBytes(method: string, bytes: unknown, limit = Number.POSITIVE_INFINITY): Uint8Array {
    if (!isUint8Array(bytes)) throw this.#wrong(method, describe(bytes), 'a Uint8Array')
    if (bytes.length <= limit) return bytes
    throw this.#wrong(method, `${bytes.length} bytes`, `at most ${limit}, as it was asked`)
  }

  #wrong(method: string, got: string, expected: string): LintError {
    const fact = `${method} of wsgi.input gave ${got}`
    return breach(this.#parties.server, RULE, fact, `it gives ${expected}`)
  }
}

/** Checks that the app writes text only. The app must not close the stream. */
export class LintedErrors implements ErrorStream {
  readonly #errors: ErrorStream
  readonly #parties: Parties

  constructor(errors: ErrorStream, parties: Parties) {
    this.#errors = errors
    this.#parties = parties
  }

  write(...texts: [text: string]): void {
    if (texts.length !== 1) throw this.#misuse('write', texts, 'pass one text')
    this.#errors.write(this.#checkedText(texts[0]))
  }

  writelines(...lists: [lines: Iterable<string>]): void {
    const [lines] = lists
    const isList = typeof (lines as Partial<typeof lines> | null)?.[Symbol.iterator] === 'function'
    if (lists.length !== 1 || !isList)
      throw this.#misuse('writelines', lists, 'pass a list of texts')
    for (const line of lines) this.#errors.write(this.#checkedText(line))
  }

  flush(...extra: unknown[]): void {
    if (extra.length > 0) throw this.#misuse('flush', extra, 'call it without arguments')
    this.#errors.flush()
  }

  close(): never {
    throw breach(this.#parties.app, RULE, 'it closed wsgi.errors', 'leave that to the server')
  }

  #misuse(method: string, args: readonly unknown[], remedy: string): LintError {
    const fact = `it called wsgi.errors ${nameOfCall(method, args)}`
    return breach(this.#parties.app, RULE, fact, remedy)
  }

  #checkedText(text: unknown): string {
    if (typeof text === 'string') return text
    const fact = `it wrote ${describe(text)} to wsgi.errors`
    throw breach(this.#parties.app, RULE, fact, 'write text')
  }
}
