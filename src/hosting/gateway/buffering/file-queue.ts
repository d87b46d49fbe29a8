// Bytes in a temporary file that wait for their reader.

import { openTemporaryFile } from '../../../bridge/temporary-file.ts'
import type { FileHandle } from 'node:fs/promises'
import type { BufferSpace } from './buffer-space.ts'

const READ_BYTES = 64 * 1024

/** A queue of bytes in one file, which only grows. One append and one take may be under way at the same time. */
export class FileQueue {
  readonly #space: BufferSpace
  #file: Promise<FileHandle> | undefined
  #reservedBytes = 0
  #readTo = 0
  #writtenTo = 0

  /** The file is made at the first {@link append}. */
  constructor(space: BufferSpace) {
    this.#space = space
  }

  /** The number of bytes in the queue. */
  get length(): number {
    return this.#writtenTo - this.#readTo
  }

  /** The number of bytes that the file has taken of the space; those that were read already count. */
  get reservedBytes(): number {
    return this.#reservedBytes
  }

  /**
   * Adds blocks with `bytes` bytes together at the end: all, or none if it throws.
   *
   * @throws the error of the system
   */
  async append(blocks: readonly Uint8Array[], bytes: number): Promise<void> {
    this.#reserve(bytes)
    this.#file ??= openTemporaryFile(this.#space.directory)
    const file = await this.#file
    let position = this.#writtenTo
    for (let rest = blocks; rest.length > 0;) {
      const { bytesWritten } = await file.writev(rest, position)
      if (bytesWritten === 0) throw new Error('no byte of a temporary file was written')
      position += bytesWritten
      rest = after(rest, bytesWritten)
    }
    this.#writtenTo = position
  }

  /**
   * Takes the first bytes, at most 64 KiB. The queue is not empty.
   *
   * @throws an error whose `cause` is the error of the system
   */
  async take(): Promise<Uint8Array> {
    const block = Buffer.allocUnsafeSlow(Math.min(this.length, READ_BYTES))
    const bytesRead = await this.#read(block)
    this.#readTo += bytesRead
    return block.subarray(0, bytesRead)
  }

  /** Closes the file, which disappears, after the operations that are under way. Never rejects. */
  async close(): Promise<void> {
    try {
      const file = await this.#file
      await file?.close()
    } catch {
      // It was not opened, or the system has closed it anyway (close(2)).
    }
    this.#reserve(-this.#reservedBytes)
  }

  async #read(block: Buffer): Promise<number> {
    try {
      const file = await this.#file
      const { bytesRead } = await (file as FileHandle).read(block, 0, block.length, this.#readTo)
      if (bytesRead > 0) return bytesRead
    } catch (cause) {
      throw new Error('a temporary file of a buffered body cannot be read', { cause })
    }
    throw new Error('a temporary file of a buffered body is shorter than its bytes')
  }

  #reserve(bytes: number): void {
    this.#reservedBytes += bytes
    this.#space.reserve(bytes)
  }
}

function after(blocks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes
  const at = blocks.findIndex((block) => {
    if (block.length > left) return true
    left -= block.length
    return false
  })
  const [first, ...others] = at < 0 ? [] : blocks.slice(at)
  return first ? [first.subarray(left), ...others] : []
}
