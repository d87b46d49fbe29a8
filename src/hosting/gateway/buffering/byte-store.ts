// Bytes that wait for their reader: in memory up to a bound, then in a temporary file.

import { BlockQueue } from './block-queue.ts'
import { FileQueue } from './file-queue.ts'
import type { BufferSpace } from './buffer-space.ts'

/** The bounds of one store. */
export interface StoreBounds {
  /** The space that it shares with others. */
  space: BufferSpace
  maxMemoryBytes: number
  /** The most bytes in its file; 0 for no file. */
  maxFileBytes: number
}

/** The party that fills a store. */
interface StoreOwner {
  /** The store has fewer bytes in memory than before; or it cannot write more of them to its file. */
  onRoom(): void
}

/**
 * A queue of bytes. When the bytes in memory are more than their bound, all of them go to the end of the file, by one
 * write at a time. The owner pushes no more while {@link excessBytes} is above 0, and closes the store.
 */
export class ByteStore {
  readonly #bounds: StoreBounds
  readonly #owner: StoreOwner
  readonly #memory = new BlockQueue()
  // The bytes in the file come before the bytes in memory.
  #file: FileQueue | undefined
  #writing: Promise<void> | undefined
  #hasFailed = false
  #isClosed = false

  constructor(bounds: StoreBounds, owner: StoreOwner) {
    this.#bounds = bounds
    this.#owner = owner
  }

  /** The number of bytes in the store. */
  get length(): number {
    return this.#memory.length + (this.#file?.length ?? 0)
  }

  /** The number of bytes in memory. */
  get memoryBytes(): number {
    return this.#memory.length
  }

  /** Whether bytes are on their way to the file. */
  get isWriting(): boolean {
    return this.#writing !== undefined
  }

  /** The number of bytes in memory above the bound. */
  get excessBytes(): number {
    return Math.max(0, this.#memory.length - this.#bounds.maxMemoryBytes)
  }

  /** Adds bytes at the end. They belong to the store. */
  push(bytes: Uint8Array): void {
    if (this.#isClosed) return
    this.#memory.push(bytes)
    this.#bounds.space.memoryBytes += bytes.length
    this.#spill()
  }

  /**
   * Takes the next bytes; undefined if the store is empty. The caller waits for a promise before the next call.
   *
   * @throws the error of the system, if the file cannot be read
   */
  take(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (this.#file && this.#file.length > 0) return this.#takeFromFile(this.#file)
    // The write takes the bytes that are next.
    if (this.#writing) return this.#writing.then(() => this.take())
    const bytes = this.#memory.take()
    this.#bounds.space.memoryBytes -= bytes?.length ?? 0
    return bytes
  }

  /** Drops all bytes. The file disappears when the operation that is under way has ended. */
  close(): void {
    this.#isClosed = true
    this.#bounds.space.memoryBytes -= this.#memory.length
    this.#memory.clear()
    this.#closeFile()
  }

  async #takeFromFile(file: FileQueue): Promise<Uint8Array> {
    const bytes = await file.take()
    // The next bytes that go to a file get a new one, so that the size of a file has a bound.
    if (file.length === 0 && !this.#writing) this.#closeFile()
    return bytes
  }

  #spill(): void {
    if (this.#writing || this.excessBytes === 0 || this.#room() === 0) return
    this.#writing = this.#write()
  }

  // How many bytes may go to the file.
  #room(): number {
    if (this.#hasFailed) return 0
    const { maxFileBytes } = this.#bounds
    return Math.min(
      maxFileBytes - (this.#file?.reservedBytes ?? 0),
      this.#bounds.space.freeFileBytes,
    )
  }

  async #write(): Promise<void> {
    try {
      while (!this.#isClosed && this.excessBytes > 0 && this.#room() > 0) await this.#writeOnce()
    } catch (error) {
      this.#failed(error)
    }
    this.#writing = undefined
    if (!this.#isClosed) this.#owner.onRoom()
  }

  async #writeOnce(): Promise<void> {
    const bytes = Math.min(this.#memory.length, this.#room())
    this.#file ??= new FileQueue(this.#bounds.space)
    await this.#file.append(this.#memory.peek(bytes), bytes)
    if (this.#isClosed) return
    this.#memory.drop(bytes)
    this.#bounds.space.memoryBytes -= bytes
  }

  // The bytes are still in memory, and the store takes no more of them than without a file.
  #failed(error: unknown): void {
    if (this.#isClosed) return
    this.#hasFailed = true
    this.#bounds.space.fileFailed(error)
    if (this.#file?.length === 0) this.#closeFile()
  }

  #closeFile(): void {
    const file = this.#file
    this.#file = undefined
    file?.close().catch(() => undefined)
  }
}
