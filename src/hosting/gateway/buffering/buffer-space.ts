// The space that all buffers of one pool share: the bound of their files, and the figures for stats().

import { performance } from 'node:perf_hooks'
import type { Log } from '../../../contract/log.ts'

const LOG_INTERVAL_MS = 60_000

/** The bounds of all buffers together. */
interface SpaceSettings {
  /** The most bytes in temporary files. */
  maxTotalFileBytes: number
  /** The directory of temporary files. */
  directory: string
}

/** Counts the bytes of all buffers. A file reserves space before it grows. */
export class BufferSpace {
  readonly directory: string
  /** Bytes that are in memory at the moment. */
  memoryBytes = 0
  readonly #maxFileBytes: number
  readonly #log: Log
  #fileBytes = 0
  #loggedAt = -Infinity

  constructor({ maxTotalFileBytes, directory }: SpaceSettings, log: Log) {
    this.directory = directory
    this.#maxFileBytes = maxTotalFileBytes
    this.#log = log
  }

  /** Bytes of temporary files at the moment; those that were read already count until their file is closed. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  /** Bytes that temporary files may still take. */
  get freeFileBytes(): number {
    return this.#maxFileBytes - this.#fileBytes
  }

  /** Takes `bytes` of {@link freeFileBytes}; a negative number gives them back. */
  reserve(bytes: number): void {
    this.#fileBytes += bytes
  }

  /** A temporary file cannot be written. A full disk concerns every request, so there is at most one line a minute. */
  fileFailed(error: unknown): void {
    const now = performance.now()
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return
    this.#loggedAt = now
    this.#log.error(
      { directory: this.directory, err: error },
      'a temporary file cannot be written; bodies above the bound of memory are not buffered, so slow clients hold threads',
    )
  }
}
