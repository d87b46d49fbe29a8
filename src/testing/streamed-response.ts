// A response whose head is here and whose body is read chunk by chunk, as the app writes it.

import { ResponseCut } from './faults.ts'
import { ResponseHeaders } from './response.ts'
import { within } from './deadline.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { ResponseHead } from '../async/framing.ts'
import type { AppRun } from './app-runs.ts'
import type { MemoryHttpTransport } from './http-transport.ts'

/** The two sides of one exchange, and how a message names it. */
export interface OpenExchange {
  transport: MemoryHttpTransport
  run: AppRun
  /** `GET /path` */
  name: string
  deadlineMs: number
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
   * @throws {@link ResponseCut} `ISTHMUS_TEST_RESPONSE_CUT`, {@link DeadlinePassed} `ISTHMUS_TEST_DEADLINE`, or
   *   what escaped the app
   */
  async read(): Promise<Uint8Array | null> {
    const { transport, deadlineMs, name } = this.#exchange
    try {
      return await within(transport.response.read(), deadlineMs, () => `a chunk of ${name}`)
    } catch (error) {
      if (error instanceof ResponseCut && !transport.left) await this.finished()
      throw error
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
  async finished(): Promise<void> {
    const { run, deadlineMs, name } = this.#exchange
    await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
    run.raise()
  }

  /** Goes away if the response is not whole, then waits for the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this.finished()
  }
}
