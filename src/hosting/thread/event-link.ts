// The end of the transport for apps that await: all messages of one turn of the event loop leave together, and one wake-up
// of the pool is enough for all answers.

import { ownBytes } from '../protocol/own-bytes.ts'
import type { FromHost, PartMessage } from '../protocol/messages.ts'
import type { ThreadLink } from './thread-link.ts'

// An answer waits no longer than this for others that leave with it, in ms.
const PATIENCE_MS = 0.2

/** The way of side-by-side requests to their gateway. */
export class EventLink {
  readonly #link: ThreadLink
  #isWaiting = false
  #waitingSince = Infinity

  constructor(link: ThreadLink) {
    this.#link = link
  }

  post(message: FromHost): void {
    this.#link.post(message)
    this.#flushSoon()
  }

  /** Sends the last part of a response, and the end of its request, after `tookMs` ms. */
  answer(part: PartMessage, tookMs: number): void {
    if (!this.#link.answer(part, tookMs)) {
      this.#link.post({ ...part, chunk: part.chunk && ownBytes(part.chunk) })
      this.#link.post({ type: 'done', id: part.id, tookMs })
    }
    this.#flushSoon()
  }

  /** Claims the next request in the order of arrival; false: the gateway has taken it back. */
  claim(): boolean {
    return this.#link.claim()
  }

  /** Everything that has arrived is begun. */
  turned(): void {
    this.#link.turned()
  }

  /** Between two requests that arrived together: the answers of the first ones leave, if these took long. */
  breathe(now: number): void {
    if (!this.#isWaiting) return
    if (now - this.#waitingSince > PATIENCE_MS) return this.flush()
    this.#waitingSince = Math.min(this.#waitingSince, now)
  }

  /** The host has ended. */
  end(): void {
    this.#link.end()
  }

  flush(): void {
    this.#isWaiting = false
    this.#waitingSince = Infinity
    this.#link.flush()
  }

  #flushSoon(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    process.nextTick(flush, this)
  }
}

function flush(link: EventLink): void {
  link.flush()
}
