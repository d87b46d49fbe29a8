// Bytes of a body that pass by, kept up to two bounds: one for the body, and one for all bodies of a migration.

import { Buffer } from 'node:buffer'
import { MAX_RECORDED_BYTES } from '../settings.ts'

/** The room for the bodies of one migration. */
export class BodySpace {
  #free = MAX_RECORDED_BYTES

  take(bytes: number): boolean {
    if (bytes > this.#free) return false
    this.#free -= bytes
    return true
  }

  give(bytes: number): void {
    this.#free += bytes
  }
}

/** The bytes of one body. Its owner calls {@link clear} in the end. */
export class KeptBytes {
  /** The bound that the body broke; null if it is whole so far. */
  fault: 'too-large' | 'memory' | null = null
  readonly #space: BodySpace
  readonly #maxBytes: number
  #chunks: Array<Uint8Array | string> = []
  #size = 0
  #isClosed = false

  constructor(space: BodySpace, maxBytes: number) {
    this.#space = space
    this.#maxBytes = maxBytes
  }

  /** Keeps a copy of `chunk`: the app may change its bytes later. */
  add(chunk: Uint8Array | string): void {
    if (this.#isClosed || this.fault !== null || chunk.length === 0) return
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength
    if (this.#size + size > this.#maxBytes) this.fault = 'too-large'
    else if (!this.#space.take(size)) this.fault = 'memory'
    else {
      this.#size += size
      this.#chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk))
    }
  }

  /** The bytes so far, as one. */
  joined(): Buffer {
    const [only, ...more] = this.#chunks.map((chunk) => Buffer.from(chunk as Uint8Array))
    return only !== undefined && more.length === 0
      ? only
      : Buffer.concat(only ? [only, ...more] : [])
  }

  /** Drops the bytes, and takes no further ones. */
  clear(): void {
    this.#isClosed = true
    this.#space.give(this.#size)
    this.#size = 0
    this.#chunks = []
  }
}
