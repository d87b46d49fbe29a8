// Reads the file of a wsgi.file_wrapper that the app returned as its body, outside of the event loop.

import { read } from 'node:fs'
import { promisify } from 'node:util'
import type { Chunk } from '../../contract/environ.ts'
import type { WrappedFile } from '../../sync/file-wrapper.ts'
import type { SyncRun } from '../../sync/run.ts'

const readFile = promisify(read)

/**
 * Pulls a wrapped file from its descriptor's current position to its end, or to the Content-Length.
 *
 * @see PEP 3333, "Optional Platform-Specific File Handling"
 */
export class FileRun {
  readonly #run: SyncRun
  readonly #file: WrappedFile
  /** The last pull returned the last chunk. */
  ended = false

  constructor(run: SyncRun, file: WrappedFile) {
    this.#run = run
    this.#file = file
  }

  async pull(): Promise<Chunk | null> {
    const { response } = this.#run
    const written = response.takeWritten()
    if (written !== null) return written
    if (response.exhausted) return this.#finish()

    const block = await this.#readBlock()
    const chunk = block.length === 0 ? null : response.admit(block)
    return chunk ?? this.#finish()
  }

  async #readBlock(): Promise<Uint8Array> {
    const { filelike, blockSize } = this.#file
    const block = Buffer.allocUnsafe(blockSize)
    // Position null reads from the descriptor's current position, as PEP 3333 demands.
    const { bytesRead } = await readFile(filelike.fd as number, block, 0, blockSize, null)
    return block.subarray(0, bytesRead)
  }

  #finish(): null {
    this.#run.response.finish()
    this.ended = true
    return null
  }
}
