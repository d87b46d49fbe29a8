// The limits after which a worker is replaced, drawn for each worker so that not all of them are replaced at once.

import type { Beat } from '../worker-messages.ts'
import type { WorkersFlags } from '../workers-options.ts'

const LIFETIME_JITTER = 0.1
const MEBIBYTE = 2 ** 20

/** The limits of one worker. */
export class WorkerLimits {
  readonly #maxRequests: number
  readonly #maxRssBytes: number
  readonly #lifetimeMs: number
  #isTold = false

  /** @param random gives a number from 0 to 1 */
  constructor(flags: WorkersFlags, random: () => number = Math.random) {
    this.#maxRequests = flags.maxRequests + Math.floor(random() * (flags.maxRequestsJitter + 1))
    this.#maxRssBytes = flags.maxRssBytes
    this.#lifetimeMs = flags.workerLifetimeMs * (1 - random() * LIFETIME_JITTER)
  }

  /**
   * The reason why a worker of this age is replaced, as a part of a sentence, once; undefined if there is none. The worker
   * beats on until its successor is ready.
   */
  exceededBy(beat: Beat, ageMs: number): string | undefined {
    if (this.#isTold) return undefined
    const reason = this.#reasonFor(beat, ageMs)
    this.#isTold = reason !== undefined
    return reason
  }

  #reasonFor({ requests, rssBytes }: Beat, ageMs: number): string | undefined {
    if (requests >= this.#maxRequests) return `it has served ${requests} requests`
    if (rssBytes > this.#maxRssBytes) return `it uses ${Math.round(rssBytes / MEBIBYTE)} MiB`
    return ageMs >= this.#lifetimeMs ? `it is ${Math.round(ageMs / 1000)} s old` : undefined
  }
}
