// The way of a request body from the test to the app: the feed pulls a chunk only while the app asks for one.

import { deferred } from '../waiting/deferred.ts'
import type { Deferred } from '../waiting/deferred.ts'

/** A request body: chunk by chunk, ready or awaited. */
export type BodySource = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A body that is ready to be sent. */
export interface PreparedBody {
  chunks: BodySource
  /** The size in bytes; null for a body that is sent chunked. */
  length: number | null
  /** The content type that `fetch` sends with the body; undefined for none. */
  type: string | undefined
}

/** The receiver of the body. */
interface BodySink {
  onChunk(bytes: Uint8Array): void
  onEnd(): void
  /** The source threw. */
  onFailure(error: unknown): void
}

/** Feeds one body. It pulls nothing before the first `resume()`. */
export class RequestFeed {
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
      if (!this.#stopped) this.#sink.onFailure(error)
    })
  }

  pause(): void {
    this.#gate = deferred()
  }

  /** Stops the feed and closes the source. */
  stop(): void {
    this.#stopped = true
    this.#gate.resolve()
  }

  async #run(): Promise<void> {
    for await (const chunk of this.#source) {
      await this.#gate.promise
      if (this.#stopped) return
      if (chunk.byteLength > 0) this.#sink.onChunk(chunk)
    }
    await this.#gate.promise
    if (!this.#stopped) this.#sink.onEnd()
  }
}
