// The bytes that an app on the event loop has written and the host has not sent yet. Such an app cannot wait for the
// client inside write().

import { AppError } from '../errors.ts'
import { ByteBuffer } from './byte-buffer.ts'
import { copyOf } from './chunk.ts'
import type { Chunk } from '../contract/environ.ts'

const MAX_WRITTEN_BYTES = 16_777_216
// The queue gives pieces, so that the host can wait for the client between two of them.
const PIECE_BYTES = 65_536

/** A queue of at most 16 MiB of written bytes. They are copies: the app may reuse its bytes as soon as write() returns. */
export class WriteQueue {
  readonly #bytes: ByteBuffer = new ByteBuffer()

  /** @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a chunk that would make the queue longer than 16 MiB */
  push(chunk: Chunk): void {
    const copy = copyOf(chunk)
    if (this.#bytes.length + copy.length > MAX_WRITTEN_BYTES) {
      throw new AppError(
        `write() would queue more than ${MAX_WRITTEN_BYTES} bytes, because an app on the event loop cannot wait ` +
          'for the client; yield the body, or host the app in threads(), where write() streams',
      )
    }
    this.#bytes.append(copy)
  }

  /** Takes up to 64 KiB from the front; null if the queue is empty. */
  take(): Uint8Array | null {
    return this.#bytes.length === 0 ? null : this.#bytes.take(PIECE_BYTES)
  }
}
