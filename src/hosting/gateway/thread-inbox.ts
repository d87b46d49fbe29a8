// The messages of one thread, in the order in which it sent them: batches in a port, and short parts in shared memory.

import { performance } from 'node:perf_hooks'
import { checkedFromHost } from '../protocol/checked-message.ts'
import { fromCells } from '../protocol/cells.ts'
import { MergedParts } from './merged-parts.ts'
import type { AnswerRing } from '../protocol/answer-ring.ts'
import type { FromHost, PartMessage } from '../protocol/messages.ts'

const MAX_ROUNDS = 8

/** The receiver of the messages. */
export interface InboxOwner {
  onMessage(message: FromHost): void
  onPart(part: PartMessage): void
  /** The request with this `id` is over. */
  onDone(id: number, tookMs: number, now: number): void
}

/** Each batch has the place in the ring at which it was sent, and each part in the ring the number of batches before it. */
export class ThreadInbox {
  readonly #ring: AnswerRing
  readonly #owner: InboxOwner
  readonly #parts: MergedParts
  #batches = 0

  constructor(ring: AnswerRing, owner: InboxOwner) {
    this.#ring = ring
    this.#owner = owner
    this.#parts = new MergedParts(owner)
  }

  /**
   * Takes a batch, and the parts before and after it.
   *
   * @throws Error if the thread has sent something else
   */
  take(batch: unknown): void {
    if (!Array.isArray(batch)) throw new Error('a batch of messages is an array')
    this.#ring.listen()
    const until = this.#ring.written
    this.#takeParts(batch[0] as number)
    for (const message of fromCells<FromHost>(batch, 1)) {
      this.#owner.onMessage(checkedFromHost(message))
    }
    this.#batches = (this.#batches + 1) | 0
    this.#takeParts(until)
    this.#takeLater(until)
  }

  // Parts that were written meanwhile wake the pool again, but a wake-up costs more than a part. The number of rounds has a
  // limit: a thread that never pauses does not hold the event loop.
  #takeLater(since: number): void {
    let until = since
    for (let round = 0; round < MAX_ROUNDS && this.#ring.written !== until; round += 1) {
      until = this.#ring.written
      this.#takeParts(until)
    }
  }

  /** The thread is gone: takes the parts that it has left. */
  takeRest(): void {
    this.#takeParts(this.#ring.written)
  }

  #takeParts(until: number): void {
    const ring = this.#ring
    const now = performance.now()
    for (let part = ring.take(until, this.#batches); part; part = ring.take(until, this.#batches)) {
      const { id, head, chunk, end, tookMs } = part
      this.#parts.push({ type: 'part', id, head, chunk, end })
      if (end) this.#owner.onDone(id, tookMs, now)
    }
    this.#parts.flush()
    ring.offerRoom()
  }
}
