// The beats of the event loop of a worker, for its master and for the watch beside the event loop.

import type { Server } from '../../server/serve.ts'
import type { Beat } from '../worker-messages.ts'

const COUNT_MS = 200
const COUNTS_PER_BEAT = 5

/** The places of the shared state: the turns of the event loop, and 1 for a worker that serves. */
export const TURNS = 0
export const SERVING = 1

/** Counts the turns of the event loop from the start on, and sends the state of the worker each second while it serves. */
export class Beats {
  /** Other threads read it. */
  readonly state: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8))
  readonly #send: (beat: Beat) => void
  #server: Server | null = null
  #countedAt = performance.now()
  #longestDelayMs = 0

  constructor(send: (beat: Beat) => void) {
    this.#send = send
    setInterval(() => this.#count(), COUNT_MS).unref()
  }

  /** From now on the master gets beats. */
  serving(server: Server): void {
    this.#server = server
    this.#countedAt = performance.now()
    this.#longestDelayMs = 0
    Atomics.store(this.state, SERVING, 1)
  }

  #count(): void {
    const now = performance.now()
    this.#longestDelayMs = Math.max(this.#longestDelayMs, now - this.#countedAt - COUNT_MS)
    this.#countedAt = now
    const turns = Atomics.add(this.state, TURNS, 1)
    if (this.#server && turns % COUNTS_PER_BEAT === 0) this.#beat(this.#server)
  }

  #beat(server: Server): void {
    const { connections, requests, webSockets } = server.stats()
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
