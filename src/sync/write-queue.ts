// What write() was given and nobody has sent yet: of an app on the event loop, which cannot wait for the client.

import { AppError } from '../errors.ts'
import { ByteBuffer } from './byte-buffer.ts'
import { copyOf } from './chunk.ts'
import type { Chunk } from '../contract/environ.ts'

const MAX_WRITTEN_BYTES = 16_777_216
// Taken in pieces, so that whoever sends them can wait for the client in between.
const PIECE_BYTES = 65_536

/** A bounded queue of written bytes; the app may reuse its own as soon as write() returns. */
export class WriteQueue {
  readonly #bytes: ByteBuffer = new ByteBuffer()
  readonly #maxBytes: number

  /** @param maxBytes how many bytes may queue, default 16 MiB */
  constructor(maxBytes: number = MAX_WRITTEN_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** @throws AppError (`ISTHMUS_APP_FAULT`) when the queue would be longer than it may be */
  push(chunk: Chunk): void {
    const copy = copyOf(chunk)
    if (this.#bytes.length + copy.length > this.#maxBytes) {
      throw new AppError(
        `write() would queue more than ${this.#maxBytes} bytes, because an app on the event loop cannot wait ` +
          'for the client; yield the body, or host the app in threads(), where write() streams',
      )
    }
    this.#bytes.append(copy)
  }

  /** Up to 64 KiB from the front; null when nothing is queued. */
  take(): Uint8Array | null {
    return this.#bytes.length === 0 ? null : this.#bytes.take(PIECE_BYTES)
  }
}
