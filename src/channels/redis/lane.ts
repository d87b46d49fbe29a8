// The messages of one group that are on their way to Redis, in order.

import { Fifo } from '../../waiting/fifo.ts'
import { entryOf } from './frame.ts'
import type { Argument } from './client.ts'
import type { Outgoing } from './frame.ts'

const MAX_BATCH = 128
const MAX_BATCH_BYTES = 1024 * 1024

/** Messages that go in one command. */
export interface Batch {
  readonly messages: readonly Outgoing[]
  readonly entries: readonly Argument[]
  readonly number: number
  /** The life of the server that has got the batch without an answer: it may have run. Else nothing. */
  doubt: string
}

/** At most one batch of a group is on its way, so that no failure can change the order. */
export class Lane {
  readonly group: string
  readonly #waiting = new Fifo<Outgoing>()
  /** The batch that was sent. */
  sent: Batch | null = null
  /** The batch that has to be sent again. */
  again: Batch | null = null

  constructor(group: string) {
    this.group = group
  }

  get isEmpty(): boolean {
    return !this.sent && !this.again && this.#waiting.length === 0
  }

  /** The message that is lost messages are told with; undefined if none waits. */
  get next(): Outgoing | undefined {
    return this.#waiting.first
  }

  push(message: Outgoing): void {
    this.#waiting.push(message)
  }

  /** The batch to send now: the one that has to be sent again, or the next messages with this number. */
  take(number: number): Batch | null {
    const { again } = this
    this.again = null
    if (again) return again
    const messages: Outgoing[] = []
    for (let bytes = 0; messages.length < MAX_BATCH;) {
      const first = this.#waiting.first
      if (!first) break
      bytes += first.payload.length
      if (messages.length > 0 && bytes > MAX_BATCH_BYTES) break
      messages.push(first)
      this.#waiting.shift()
    }
    if (messages.length === 0) return null
    return { messages, entries: messages.map(entryOf), number, doubt: '' }
  }
}
