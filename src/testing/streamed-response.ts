// A response whose head is here and whose body is read chunk by chunk, as the app writes it.

import { ResponseHeaders } from './response.ts'
import { blame, finished } from './open.ts'
import { inTime } from './deadline.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { Open } from './open.ts'
import type { MemoryHttpTransport } from './http-transport.ts'

/** One HTTP exchange, and what becomes of the app in it. */
export interface OpenExchange extends Open {
  transport: MemoryHttpTransport
}

/**
 * A response under way. Nothing is read ahead: what the app writes waits, up to `highWaterMark`, until it is
 * iterated, and beyond that the app's `send()` waits. Leaving the iteration early is the client's leaving.
 */
export class StreamedResponse implements AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly #exchange: OpenExchange

  constructor(exchange: OpenExchange, head: ResponseHead) {
    this.#exchange = exchange
    this.status = head.status
    this.headers = new ResponseHeaders(head.headers)
  }

  /** Whether `100 Continue` came before the response. */
  get continued(): boolean {
    return this.#exchange.transport.continued
  }

  /** The headers of each `103 Early Hints`, in order. */
  get earlyHints(): readonly HeaderPairs[] {
    return this.#exchange.transport.earlyHints
  }

  /** The trailers; null before the end, and when none were sent. */
  get trailers(): HeaderPairs | null {
    return this.#exchange.transport.response.trailers
  }

  /**
   * The next chunk, as it was written; null at the end.
   *
   * @throws {@link ResponseCutError} `ISTHMUS_TEST_RESPONSE_CUT`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`, or
   *   what escaped the app
   */
  async read(): Promise<Uint8Array | null> {
    const { transport, deadlineMs, name } = this.#exchange
    try {
      return await inTime(transport.response.read(), deadlineMs, () => `a chunk of ${name}`)
    } catch (fault) {
      throw await blame(this.#exchange, fault)
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (let chunk = await this.read(); chunk; chunk = await this.read()) yield chunk
    } finally {
      this.cancel()
    }
  }

  /** The client goes away. A response that is whole already stays so. */
  cancel(): void {
    this.#exchange.transport.leave('the client left')
  }

  /** Resolves when the app has ended; throws what escaped it. */
  finished(): Promise<void> {
    return finished(this.#exchange)
  }

  /** Goes away if the response is not whole, then waits for the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this.finished()
  }
}
