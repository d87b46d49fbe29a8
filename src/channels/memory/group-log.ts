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
  readonly #kept = new Fifo<Kept>()
  #offset = 0
  /** The time of the last message, or of the last consumer, in ms. */
  lastAt: number

  constructor(group: string, history: History, { epoch, now }: { epoch: string; now: number }) {
    this.#group = group
    this.#epoch = epoch
    this.#history = history
    this.lastAt = now
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset }
  }

  append(payload: Payload, lost: number, now: number): Envelope {
    this.#offset += 1
    const envelope = { group: this.#group, payload, position: this.position, lost }
    this.lastAt = now
    this.#kept.push({ envelope, at: now })
    this.trim(now)
    return envelope
  }

  /** The messages after `since`; see {@link Past}. */
  read(since: Position | null, now: number): Past {
    this.trim(now)
    const { position } = this
    if (since === null) return { position, messages: [] }
    const after = since.epoch === this.#epoch ? since.offset : 0
    const messages: Envelope[] = []
    const first = Math.max(this.#offset - this.#kept.length, after)
    for (let offset = first; offset < this.#offset; offset += 1) {
      const kept = this.#kept.at(offset - this.#offset + this.#kept.length) as Kept
      messages.push(kept.envelope)
    }
    return { position, messages }
  }

  /** Drops the messages that are too many, or too old. */
  trim(now: number): void {
    const { size, ttlMs } = this.#history
    const oldest = now - ttlMs
    while (this.#kept.length > size) this.#kept.shift()
    for (let first = this.#kept.first; first && first.at <= oldest; first = this.#kept.first) {
      this.#kept.shift()
    }
  }
}
