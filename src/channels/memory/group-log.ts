// The history of one group in memory: bounded by number and age.

import { Fifo } from '../../waiting/fifo.ts'
import type { Position } from '../../contract/channels.ts'
import type { Envelope, Past, Payload } from '../broker.ts'
import type { History } from '../options.ts'

interface Kept {
  readonly envelope: Envelope
  readonly at: number
}

/** Numbers the messages of a group and keeps the newest ones. */
export class GroupLog {
  readonly #group: string
  readonly #epoch: string
  readonly #history: History
  #kept = new Fifo<Kept>()
  #offset = 0
  /** The time of the last message, in ms. */
  lastAt = 0

  constructor(group: string, epoch: string, history: History) {
    this.#group = group
    this.#epoch = epoch
    this.#history = history
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset }
  }

  append(payload: Payload, lost: number, now: number): Envelope {
    this.#offset += 1
    const envelope = { group: this.#group, payload, position: this.position, lost }
    this.lastAt = now
    this.#kept.push({ envelope, at: now })
    this.#trim(now)
    return envelope
  }

  /** The messages after `since`; see {@link Past}. */
  read(since: Position | null, now: number): Past {
    this.#trim(now)
    const { position } = this
    if (since === null) return { position, messages: [] }
    const after = since.epoch === this.#epoch ? since.offset : 0
    return { position, messages: this.#after(after) }
  }

  #after(offset: number): Envelope[] {
    const messages: Envelope[] = []
    // The queue is taken apart and filled again: recoveries are rare, and appends are not.
    for (let left = this.#kept.length; left > 0; left -= 1) {
      const kept = this.#kept.shift() as Kept
      if ((kept.envelope.position as Position).offset > offset) messages.push(kept.envelope)
      this.#kept.push(kept)
    }
    return messages
  }

  #trim(now: number): void {
    const { size, ttlMs } = this.#history
    const oldest = now - ttlMs
    while (this.#kept.length > size) this.#kept.shift()
    for (let first = this.#kept.first; first && first.at <= oldest; first = this.#kept.first) {
      this.#kept.shift()
    }
  }
}
