// The beats of the event loop of a worker, for its master and for the watch beside the event loop.

import type { Server } from '../../server/serve.ts'
import type { Beat } from '../worker-messages.ts'

const COUNT_MS = 200
const COUNTS_PER_BEAT = 5

/** Counts the turns of the event loop, and sends the state of the worker each second. */
export class Beats {
  /** Rises while the event loop turns. Other threads read it. */
  readonly counter: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4))
  readonly #server: Server
  readonly #send: (beat: Beat) => void
  #countedAt = performance.now()
  #longestDelayMs = 0

  constructor(server: Server, send: (beat: Beat) => void) {
    this.#server = server
    this.#send = send
    setInterval(() => this.#count(), COUNT_MS).unref()
  }

  #count(): void {
    const now = performance.now()
    this.#longestDelayMs = Math.max(this.#longestDelayMs, now - this.#countedAt - COUNT_MS)
    this.#countedAt = now
    if (Atomics.add(this.counter, 0, 1) % COUNTS_PER_BEAT === 0) this.#beat()
  }

  #beat(): void {
    const { connections, requests, webSockets } = this.#server.stats()
    this.#send({
      type: 'isthmus.worker.beat',
      requests: requests.total + webSockets.total,
      connections,
      rssBytes: process.memoryUsage.rss(),
      loopDelayMs: this.#longestDelayMs,
    })
    this.#longestDelayMs = 0
  }
}
