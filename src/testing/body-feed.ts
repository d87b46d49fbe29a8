// The way of a request body from test to app: pulled from its source only while the app's side asks.

import { deferred } from '../waiting/deferred.ts'
import type { Deferred } from '../waiting/deferred.ts'

/** A request body: chunk by chunk, ready or awaited. */
export type BodySource = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Where the body goes. */
interface BodySink {
  chunk(bytes: Uint8Array): void
  end(): void
  /** The source threw. */
  fail(error: unknown): void
}

/** Feeds one body. Nothing is pulled before the first `resume`. */
export class BodyFeed {
  readonly #source: BodySource
  readonly #sink: BodySink
  #gate: Deferred<void> = deferred()
  #started = false
  #stopped = false

  constructor(source: BodySource, sink: BodySink) {
    this.#source = source
    this.#sink = sink
  }

  resume(): void {
    this.#gate.resolve()
    if (this.#started || this.#stopped) return
    this.#started = true
    this.#run().catch((error: unknown) => {
      if (!this.#stopped) this.#sink.fail(error)
    })
  }

  pause(): void {
    this.#gate = deferred()
  }

  /** Nobody wants the rest: the source is closed where it stands. */
  stop(): void {
    this.#stopped = true
    this.#gate.resolve()
  }

  async #run(): Promise<void> {
    for await (const chunk of this.#source) {
      await this.#gate.promise
      if (this.#stopped) return
      if (chunk.byteLength > 0) this.#sink.chunk(chunk)
    }
    await this.#gate.promise
    if (!this.#stopped) this.#sink.end()
  }
}
