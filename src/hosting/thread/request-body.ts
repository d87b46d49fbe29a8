// The request body on the side of the app: a read really blocks until bytes have arrived.

import { ByteQueue } from '../../sync/byte-queue.ts'
import { BODY_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import type { InputSource } from '../../sync/input.ts'
import type { Wires } from './gateway-link.ts'
import type { BodyMessage, RequestMessage } from '../protocol/messages.ts'

const NOTHING = new Uint8Array(0)

/** Asks for more bytes when half of the window is used, so that memory has a bound and the next read finds bytes. */
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

  /** The rest of the body is lost. Reads throw the error, so that a cut body never looks like a whole one. */
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

  /** Whether a pull would find bytes, or the end, without a wait. If not, the gateway was asked for more. */
  askForMore(): boolean {
    this.#wires.poll()
    this.#wantMore()
    return this.#bytes.length > 0 || this.#ended || this.#failure !== undefined
  }

  #wantMore(): void {
    const isStarved = !this.#ended && this.#bytes.length < BODY_WINDOW_BYTES / 2
    if (!isStarved || this.#grantedBytes > BODY_WINDOW_BYTES / 2) return
    // A piece may have been larger than the grant, so the grant may be negative: the request fills the whole window.
    const bytes = BODY_WINDOW_BYTES - this.#grantedBytes
    this.#grantedBytes = BODY_WINDOW_BYTES
    this.#wires.link.post({ type: 'want', id: this.#id, bytes })
    this.#wires.link.flush()
  }
}
