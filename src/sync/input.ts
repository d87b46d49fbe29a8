// environ['wsgi.input']: the request body as a blocking file (PEP 3333, "Input and Error Streams").

import { Buffer } from 'node:buffer'
import { AppError } from '../errors.ts'
import { ChunkQueue } from '../waiting/chunk-queue.ts'
import { asBuffer, ByteBuffer } from './byte-buffer.ts'
import type { InputStream } from '../contract/environ.ts'

// The size of the reads of readline(), which does not know the length of its line.
const READ_AHEAD_BYTES = 65_536
const ALL = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array(0)

/** The source of the bytes of an {@link Input}. */
export interface InputSource {
  /**
   * Waits for the next bytes and returns those that have come: at most `size` bytes, and none after the end of the
   * body. The caller owns the bytes: the source does not write to them again.
   *
   * @param size in bytes; may be Infinity, or far more than the rest of the body: do not allocate that much
   * @throws {@link ClientDisconnectedError} (`ECONNRESET`) if the body was cut; another error that ends the body
   */
  pull(size: number): Uint8Array
}

/**
 * The request body of a blocking app. It holds the requested bytes and at most 64 KiB more. After the end of the body,
 * all reads are empty. After a cut, all reads throw: a cut never looks like an end.
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
   * Waits until `size` bytes have come or the body ends.
   *
   * @param size in bytes; absent, or negative as in Python: the rest of the body
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a size that is not a whole number; the errors of the source
   */
  read(size?: number): Uint8Array {
    const wanted = byteCount('read', size)
    return this.#buffer.length < wanted ? this.#gather(wanted) : this.#buffer.take(wanted)
  }

  /** Whether the next read finds bytes without a call of the source. */
  get buffered(): boolean {
    return this.#buffer.length > 0
  }

  /**
   * The bytes that have come, at least one and at most `size`; empty at the end. It suits a reader that passes bytes
   * on.
   *
   * @param size in bytes
   * @throws the errors of {@link read}
   */
  read1(size: number): Uint8Array {
    if (this.#buffer.length === 0) this.#fill(size)
    return this.#buffer.take(size)
  }

  /**
   * One line with its `\n`, which the last line may lack. Empty only at the end of the body, or for size 0.
   *
   * @param size in bytes; a longer line is cut to it. Default none
   * @throws the errors of {@link read}
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
   * @param hint in bytes: stops after the line that reaches it; 0 means no hint, as in Python
   * @throws the errors of {@link read}
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

  /** The remaining lines, one by one. */
  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (;;) {
      const line = this.readline()
      if (line.length === 0) return undefined
      yield line
    }
  }

  // The chunks are joined once: a buffer that grows with each chunk would copy the same bytes again and again.
  #gather(wanted: number): Uint8Array {
    const chunks = new ChunkQueue()
    chunks.push(this.#buffer.takeAll())
    try {
      while (chunks.byteLength < wanted) {
        const chunk = this.#pull(wanted - chunks.byteLength)
        if (chunk.length === 0) break
        chunks.push(chunk)
      }
    } catch (error) {
      // The bytes that came before the error stay for smaller reads.
      this.#buffer.append(joined(chunks))
      throw error
    }
    return joined(chunks)
  }

  // Returns false after the end of the body.
  #fill(size: number): boolean {
    const chunk = this.#pull(size)
    this.#buffer.append(chunk)
    return chunk.length > 0
  }

  // Returns no bytes after the end of the body.
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

/** A body that is in memory. */
export class BytesSource implements InputSource {
  readonly #chunks: readonly Uint8Array[]
  #index = 0
  #offset = 0

  /** @param chunks in order; empty chunks are skipped */
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

/** The input of every request without a body. It is at its end from the start, so all requests share it. */
export const EMPTY_INPUT: InputStream = Object.freeze(new Input(new BytesSource([])))

function joined(queue: ChunkQueue): Buffer {
  const chunks: Uint8Array[] = []
  for (let chunk = queue.take(); chunk; chunk = queue.take()) {
    if (chunk.length > 0) chunks.push(chunk)
  }
  const [only = NOTHING] = chunks
  return chunks.length > 1 ? Buffer.concat(chunks) : asBuffer(only)
}

function byteCount(method: string, size: number | undefined): number {
  if (size === undefined) return ALL
  if (Number.isSafeInteger(size)) return size < 0 ? ALL : size
  if (size === ALL) return ALL
  throw new AppError(
    `wsgi.input ${method}() takes a whole number of bytes, got ${String(size)}; leave the size out to read all`,
  )
}
