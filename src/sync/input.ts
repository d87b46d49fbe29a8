// environ['wsgi.input']: the request body as a blocking file (PEP 3333, "Input and Error Streams").

import { Buffer } from 'node:buffer'
import { AppError } from '../errors.ts'
import { asBuffer, ByteBuffer } from './byte-buffer.ts'
import type { InputStream } from '../contract/environ.ts'

// How far readline() reads ahead of the line that it was asked for.
const READ_AHEAD_BYTES = 65_536
const ALL = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array(0)

/** Where the bytes of an {@link Input} come from. */
export interface InputSource {
  /**
   * Waits until there is something, then gives what is there: at most `size` bytes, none at the end of
   * the body and ever after. The bytes are handed over: they are not written to again.
   *
   * @param size in bytes; far more than is left, or Infinity, when the rest is wanted: never allocate it
   * @throws ClientDisconnectedError (`ECONNRESET`) when the body was cut, or another error that ends it
   */
  pull(size: number): Uint8Array
}

/**
 * The request body of a blocking app. Holds no more than what was asked for and 64 KiB; ends for good
 * where the body ends, and fails for good where it was cut: a cut never looks like an end.
 *
 * @example
 * const body = environ['wsgi.input'].read()
 * for (const line of environ['wsgi.input']) console.log(line.length)
 */
export class Input implements InputStream {
  readonly #source: InputSource
  readonly #buffer: ByteBuffer = new ByteBuffer()
  #ended = false
  #failure: { error: unknown } | undefined

  constructor(source: InputSource) {
    this.#source = source
  }

  /**
   * Waits until `size` bytes are there or the body ends.
   *
   * @param size in bytes; without it, or negative as in Python, the rest of the body
   * @throws AppError (`ISTHMUS_APP_FAULT`) for a size that is not a whole number, and what the source throws
   */
  read(size?: number): Uint8Array {
    const wanted = byteCount('read', size)
    return this.#buffer.length < wanted ? this.#gather(wanted) : this.#buffer.take(wanted)
  }

  /** Whether there are bytes that a read finds without its source. */
  get buffered(): boolean {
    return this.#buffer.length > 0
  }

  /**
   * What is there, at least one byte and at most `size`: the read that passes on what has come. Empty at the end.
   *
   * @param size in bytes
   * @throws as {@link read}
   */
  read1(size: number): Uint8Array {
    if (this.#buffer.length === 0) this.#fill(size)
    return this.#buffer.take(size)
  }

  /**
   * One line through its `\n`; the last one may have none. Empty only at the end, or for size 0.
   *
   * @param size in bytes; of a longer line only so much
   * @throws as {@link read}
   */
  readline(size?: number): Uint8Array {
    const limit = byteCount('readline', size)
    for (;;) {
      const line = this.#buffer.takeLine(limit)
      if (line !== undefined) return line
      if (!this.#fill(READ_AHEAD_BYTES)) return this.#buffer.takeAll()
    }
  }

  /**
   * The remaining lines.
   *
   * @param hint in bytes: stops after the line that reaches it; 0 is no hint, as in Python
   * @throws as {@link read}
   */
  readlines(hint?: number): Uint8Array[] {
    const enough = byteCount('readlines', hint) || ALL
    const lines: Uint8Array[] = []
    let total = 0
    for (const line of this) {
      lines.push(line)
      total += line.length
      if (total >= enough) break
    }
    return lines
  }

  /** Line by line, from where the stream stands. */
  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (;;) {
      const line = this.readline()
      if (line.length === 0) return undefined
      yield line
    }
  }

  // Joined once: a buffer that grows would copy what it has, and leave it behind, time and again.
  #gather(wanted: number): Uint8Array {
    const chunks = [this.#buffer.takeAll()]
    let length = chunks[0]?.length ?? 0
    try {
      while (length < wanted) {
        const chunk = this.#pull(wanted - length)
        if (chunk.length === 0) break
        chunks.push(chunk)
        length += chunk.length
      }
    } catch (error) {
      // What has come before is there for smaller reads.
      this.#buffer.append(joined(chunks))
      throw error
    }
    return joined(chunks)
  }

  // False: the body has ended, and nothing more will come.
  #fill(size: number): boolean {
    const chunk = this.#pull(size)
    this.#buffer.append(chunk)
    return chunk.length > 0
  }

  // Empty at the end, and ever after.
  #pull(size: number): Uint8Array {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#ended) return NOTHING
    try {
      const chunk = this.#source.pull(size)
      this.#ended = chunk.length === 0
      return chunk
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }
}

/** A body that is in memory already. */
export class BytesSource implements InputSource {
  readonly #chunks: readonly Uint8Array[]
  #index = 0
  #offset = 0

  /** @param chunks in order; empty ones are skipped */
  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks
  }

  pull(size: number): Uint8Array {
    let chunk = this.#chunks[this.#index]
    while (chunk !== undefined && this.#offset === chunk.length) {
      this.#index += 1
      this.#offset = 0
      chunk = this.#chunks[this.#index]
    }
    if (chunk === undefined) return new Uint8Array(0)

    const bytes = chunk.subarray(this.#offset, this.#offset + size)
    this.#offset += bytes.length
    return bytes
  }
}

/** The input of every request without a body: at its end from the start, so that all may share it. */
export const EMPTY_INPUT: InputStream = Object.freeze(new Input(new BytesSource([])))

function joined(chunks: readonly Uint8Array[]): Buffer {
  const filled = chunks.filter(({ length }) => length > 0)
  const [only = NOTHING] = filled
  return filled.length > 1 ? Buffer.concat(filled) : asBuffer(only)
}

function byteCount(method: string, size: number | undefined): number {
  if (size === undefined) return ALL
  if (Number.isSafeInteger(size)) return size < 0 ? ALL : size
  if (size === ALL) return ALL
  throw new AppError(
    `wsgi.input ${method}() takes a whole number of bytes, got ${String(size)}; leave the size out to read all`,
  )
}
