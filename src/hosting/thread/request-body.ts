// The request body on the side of the app: a read really blocks, for as long as nothing has come.

import { ByteQueue } from '../../sync/byte-queue.ts'
import type { InputSource } from '../../sync/input.ts'
import type { Wires } from './gateway-link.ts'
import type { BodyMessage, RequestMessage } from '../protocol/messages.ts'

const WINDOW_BYTES = 64 * 1024
const NOTHING = new Uint8Array(0)

/** Asks for more when half of its window is used, so that memory stays bounded and the next read finds bytes. */
export class ThreadRequestBody implements InputSource {
  readonly #id: number
  readonly #wires: Wires
  readonly #bytes = new ByteQueue()
  #grantedBytes: number
  #ended: boolean
  #failure: Error | undefined

  constructor(message: RequestMessage, wires: Wires) {
    this.#id = message.id
    this.#wires = wires
    this.#grantedBytes = message.bodyWindow
    this.#ended = !message.hasBody
  }

  push({ chunk, last }: BodyMessage): void {
    this.#bytes.push(chunk)
    this.#grantedBytes -= chunk.length
    this.#ended = last
  }

  /** What has not been read yet is lost: a cut body never looks like an end. */
  fail(error: Error): void {
    this.#failure = error
  }

  pull(size: number): Uint8Array {
    if (!this.#ended) this.#wires.poll()
    for (;;) {
      if (this.#failure) throw this.#failure
      this.#wantMore()
      if (this.#bytes.length > 0) return this.#bytes.take(size)
      if (this.#ended) return NOTHING
      this.#wires.block()
    }
  }

  /** Whether a pull would find something, or the end, without waiting; if not, more is on its way. */
  askForMore(): boolean {
    this.#wires.poll()
    this.#wantMore()
    return this.#bytes.length > 0 || this.#ended || this.#failure !== undefined
  }

  #wantMore(): void {
    const isStarved = !this.#ended && this.#bytes.length < WINDOW_BYTES / 2
    if (!isStarved || this.#grantedBytes > WINDOW_BYTES / 2) return
    // A piece may have been larger than what was granted: the window is filled up, whatever it lacks.
    const bytes = WINDOW_BYTES - this.#grantedBytes
    this.#grantedBytes = WINDOW_BYTES
    this.#wires.link.post({ type: 'want', id: this.#id, bytes })
    this.#wires.link.flush()
  }
}
