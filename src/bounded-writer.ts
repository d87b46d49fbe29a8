// Text for stdout or stderr. A reader that has stalled must hold up neither the event loop nor the end of the process.

import { Buffer } from 'node:buffer'
import { StandardStream } from './standard-stream.ts'
import { ChunkQueue } from './waiting/chunk-queue.ts'

const MAX_WAITING_BYTES = 4 * 1024 * 1024
const RETRY_MS = 10
/** Between two attempts while the thread waits. */
const PAUSE_MS = 1
/** How long the end of the process waits for the reader. */
const EXIT_MS = 1_000

const clock = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes text to a standard stream, each time before `write` returns, so that a crash loses nothing. If the reader has
 * stalled, up to 4 MiB wait, and further texts are dropped and counted. The end of the process waits a second for the
 * reader.
 *
 * The stream is opened with the first text, and stays open until the process or its thread ends.
 *
 * @param stream 1 for stdout, 2 for stderr
 * @param onLost gets the number of dropped texts when the reader has read those that waited; it may write
 *
 * @example
 * const output = new BoundedWriter(2, (lost) => output.write(`${lost} lines were dropped\n`))
 */
export class BoundedWriter {
  readonly #number: 1 | 2
  #stream: StandardStream | undefined
  readonly #onLost: (lost: number) => void
  readonly #waiting = new ChunkQueue()
  /** The chunk that is being written, without its written bytes. */
  #rest: Uint8Array | undefined
  /** The texts since the last moment without a rest. */
  #texts = 0
  #lost = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stream: 1 | 2, onLost: (lost: number) => void) {
    this.#number = stream
    this.#onLost = onLost
  }

  /** Writes `text`, or keeps it until the reader reads. Never waits, and never throws. */
  write(text: string): void {
    const bytes = Buffer.from(text)
    if (this.#rest && this.#waitingBytes + bytes.byteLength > MAX_WAITING_BYTES) {
      this.#lost += 1
      return
    }
    this.#waiting.push(bytes)
    this.#texts += 1
    if (!this.#timer) this.#writeAll()
  }

  /**
   * Blocks the thread until everything is written, at most for `limitMs`. Returns whether it is written, or lost because
   * the stream is closed.
   */
  drain(limitMs: number): boolean {
    const deadline = performance.now() + limitMs
    while (!this.#writeAll()) {
      if (performance.now() >= deadline) return false
      Atomics.wait(clock, 0, 0, PAUSE_MS)
    }
    return true
  }

  get #waitingBytes(): number {
    return this.#waiting.byteLength + (this.#rest?.byteLength ?? 0)
  }

  /** Returns whether nothing waits any more. */
  #writeAll(): boolean {
    this.#stream ??= new StandardStream(this.#number)
    let isRead = false
    for (;;) {
      this.#rest ??= this.#waiting.take()
      if (!this.#rest) break
      const written = this.#stream.write(this.#rest)
      if (written === 0) return this.#retryLater()
      if (written === undefined) return this.#dropAll()
      isRead = true
      this.#rest = written < this.#rest.byteLength ? this.#rest.subarray(written) : undefined
    }
    this.#settle()
    if (isRead) this.#tellLost()
    return true
  }

  #retryLater(): false {
    if (this.#timer) return false
    // The timer does not keep the process alive: a stalled reader must not.
    this.#timer = setInterval(() => void this.#writeAll(), RETRY_MS).unref()
    unwritten.add(this)
    if (unwritten.size === 1) process.once('exit', writeUnwritten)
    return false
  }

  #dropAll(): true {
    this.#lost += this.#texts
    this.#rest = undefined
    this.#waiting.clear()
    this.#settle()
    return true
  }

  #settle(): void {
    this.#texts = 0
    if (!this.#timer) return
    clearInterval(this.#timer)
    this.#timer = undefined
    unwritten.delete(this)
    if (unwritten.size === 0) process.off('exit', writeUnwritten)
  }

  #tellLost(): void {
    const lost = this.#lost
    if (lost === 0) return
    this.#lost = 0
    this.#onLost(lost)
  }
}

const unwritten = new Set<BoundedWriter>()

function writeUnwritten(): void {
  const deadline = performance.now() + EXIT_MS
  for (const writer of unwritten) writer.drain(deadline - performance.now())
}
