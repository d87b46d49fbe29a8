// The part of a link's bound that is in use: by number and bytes, on both sides in the same way.

import type { Envelope } from '../broker.ts'
import type { LinkBounds, ToClient } from './messages.ts'

/** A number of messages, and their length. */
export interface Weight {
  readonly count: number
  readonly bytes: number
}

/** Messages that the other side has not taken yet. */
export class Window {
  readonly #bounds: LinkBounds
  #count = 0
  #bytes = 0

  constructor(bounds: LinkBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#count
  }

  /** Whether one more message may go. A message above the bound of bytes goes alone. */
  hasRoomFor(bytes: number): boolean {
    const { maxPending, maxPendingBytes } = this.#bounds
    if (this.#count === 0) return true
    return this.#count < maxPending && this.#bytes + bytes <= maxPendingBytes
  }

  /** Whether the other side has taken at least half of a full window. */
  get isHalfFree(): boolean {
    const { maxPending, maxPendingBytes } = this.#bounds
    return this.#count * 2 <= maxPending && this.#bytes * 2 <= maxPendingBytes
  }

  /** Whether a quarter of the window is in use. */
  get isQuarterFull(): boolean {
    const { maxPending, maxPendingBytes } = this.#bounds
    return this.#count * 4 >= maxPending || this.#bytes * 4 >= maxPendingBytes
  }

  add({ count, bytes }: Weight): void {
    this.#count += count
    this.#bytes += bytes
  }

  remove({ count, bytes }: Weight): void {
    this.#count -= count
    this.#bytes -= bytes
  }

  /** Empties the window, and returns the weight that was in it. */
  clear(): Weight {
    const weight = { count: this.#count, bytes: this.#bytes }
    this.#count = 0
    this.#bytes = 0
    return weight
  }
}

/** The weight of a message to the client; null for one that is an answer of a few bytes. */
export function weightOf(message: ToClient): Weight | null {
  if (message.type === 'message') return { count: 1, bytes: message.envelope.payload.length }
  if (message.type === 'missed') return { count: message.groups.length, bytes: 0 }
  if (message.type === 'past') return weightOfPast(message.past.messages)
  return null
}

// The answer itself counts too: a client that reads empty pasts has a window as well.
function weightOfPast(messages: readonly Envelope[]): Weight {
  let bytes = 0
  for (const { payload } of messages) bytes += payload.length
  return { count: messages.length + 1, bytes }
}
