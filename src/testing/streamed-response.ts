// A response whose head has arrived, and whose body the test reads chunk by chunk, as the app writes it.

import { inTime } from './deadline.ts'
import { appEnded, causeOf } from './open-exchange.ts'
import { ResponseHeaders } from './test-response.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { OpenExchange } from './open-exchange.ts'
import type { MemoryHttpTransport } from './http-transport.ts'

/** An open HTTP exchange. */
export interface OpenHttpExchange extends OpenExchange {
  transport: MemoryHttpTransport
}

/**
 * A response whose body is still being sent. Chunks wait, up to `highWaterMark`, until the test reads them; above that
 * the app's `send()` waits. A test that leaves the iteration early makes the client leave.
 */
export class StreamedResponse implements AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly #exchange: OpenHttpExchange

  /** @internal */
  constructor(exchange: OpenHttpExchange, head: ResponseHead) {
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

  /** The trailers; null before the end, and if none were sent. */
  get trailers(): HeaderPairs | null {
    return this.#exchange.transport.response.trailers
  }

  /**
   * Resolves with the next chunk, as it was written; null at the end.
   *
   * @throws {@link ResponseCutError} `ISTHMUS_TEST_RESPONSE_CUT`, {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`, or
   *   the error that escaped the app
   */
  async read(): Promise<Uint8Array | null> {
    const { transport, deadlineMs, name } = this.#exchange
    try {
      return await inTime(transport.response.read(), deadlineMs, () => `a chunk of ${name}`)
    } catch (fault) {
      throw await causeOf(this.#exchange, fault)
    }
  }

  /** The chunks of the body as they come. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (let chunk = await this.read(); chunk; chunk = await this.read()) yield chunk
    } finally {
      this.cancel()
    }
  }

  /** Makes the client leave. It has no effect on a response that is whole already. */
  cancel(): void {
    this.#exchange.transport.leave('the client left')
  }

  /** Resolves when the app has ended; throws the error that escaped it. */
  finished(): Promise<void> {
    return appEnded(this.#exchange)
  }

  /** Makes the client leave if the response is not whole, then waits for the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this.finished()
  }
}
