// A consumer that checks each event against the rules: no duplicate, no other order, no hole without a gap.

import type { ChannelEvent, ChannelGap, ChannelMessage, Position } from 'isthmus/channels'

/** The value of each message: the publisher, and the number of the message among those of the publisher and its group. */
export interface Numbered {
  publisher: number
  n: number
}

/** Sees the events of one consumer and one group. Its `faults` are the broken rules. */
export class Witness {
  readonly faults: string[] = []
  /** Gaps that tell more than is missing. A publisher that was refused tells messages that never had a place. */
  readonly excess: string[] = []
  readonly #rules: { hasHistory: boolean; isSlow: boolean }
  readonly seen: string[] = []
  /** The last message, for the next join. */
  position: Position | null = null
  messages = 0
  gaps = 0
  #gapsSince: ChannelGap[] = []
  #lastBy = new Map<number, { n: number; breaks: number }>()
  /** The gaps, and the joins without a position. */
  #breaks = 0
  /** The first message after a join without a position may be any. */
  #isFree = true
  #firstSince: Position | null = null

  constructor(rules: { hasHistory: boolean; isSlow: boolean }) {
    this.#rules = rules
  }

  /** The consumer joins: with its position, or for the messages from now on. */
  joins(hasSince: boolean): void {
    this.seen.push(hasSince ? 'join' : 'first join')
    this.#gapsSince = []
    this.#firstSince = null
    if (hasSince) return
    this.#isFree = true
    this.#breaks += 1
    this.position = null
  }

  /** The join without a position has ended: the messages after this one come. */
  joined(position: Position | null): void {
    if (!this.#isFree || position === null) {
      const first = this.#firstSince
      if (first?.epoch === position?.epoch && first && first.offset > position!.offset + 1) {
        this.faults.push(`${position!.offset} is followed by ${first.offset}`)
      }
      return
    }
    this.position = position
    this.#isFree = this.#gapsSince.length > 0
  }

  get endsWithGap(): boolean {
    return this.#gapsSince.length > 0
  }

  take(event: ChannelEvent): void {
    this.seen.push(event.text)
    if (event.type === 'gap') this.#takeGap(event)
    else this.#takeMessage(event)
  }

  #takeGap(gap: ChannelGap): void {
    this.gaps += 1
    this.#breaks += 1
    this.#gapsSince.push(gap)
    if (gap.lost !== null && gap.lost <= 0) this.faults.push(`a gap of ${gap.lost} messages`)
    const { hasHistory, isSlow } = this.#rules
    const isFalse = { broker: hasHistory, slow: !isSlow, epoch: !hasHistory, history: !hasHistory }
    if (Reflect.get(isFalse, gap.reason)) this.faults.push(`a gap of another kind: ${gap.text}`)
  }

  #takeMessage(event: ChannelMessage): void {
    this.messages += 1
    this.#checkPlace(event)
    this.#checkPublisher(event)
    if (this.#isFree && this.#gapsSince.length === 0) this.#firstSince = event.position
    this.position = event.position
    this.#gapsSince = []
    this.#isFree = false
  }

  #checkPlace({ position, text }: ChannelMessage): void {
    const before = this.position
    if (this.#isFree || before === null || position === null) return
    if (position.epoch !== before.epoch) {
      if (this.#lost() !== null) this.faults.push(`another epoch without a gap: ${text}`)
      return
    }
    const missing = position.offset - before.offset - 1
    if (missing < 0) return void this.faults.push(`a duplicate, or another order: ${text}`)
    const lost = this.#lost()
    if (lost !== null && lost < missing) this.faults.push(`${missing - lost} untold before ${text}`)
    if (lost !== null && lost > missing)
      this.excess.push(`${lost - missing} too many before ${text}`)
    if (missing === 0 && (this.#tellsOnly('history') || this.#tellsOnly('epoch'))) {
      this.faults.push(`a false gap before ${text}`)
    }
  }

  // Without a history, the numbers of a publisher are all that is known.
  #checkPublisher(event: ChannelMessage): void {
    const { publisher, n } = event.message as Numbered
    const before = this.#lastBy.get(publisher)
    this.#lastBy.set(publisher, { n, breaks: this.#breaks })
    if (before === undefined) return
    if (n <= before.n) this.faults.push(`publisher ${publisher}: ${n} comes after ${before.n}`)
    if (n > before.n + 1 && this.#breaks === before.breaks) {
      this.faults.push(`publisher ${publisher}: ${n} follows ${before.n}`)
    }
  }

  #tellsOnly(reason: string): boolean {
    return this.#gapsSince.length > 0 && this.#gapsSince.every((gap) => gap.reason === reason)
  }

  #lost(): number | null {
    let sum = 0
    for (const { lost } of this.#gapsSince) {
      if (lost === null) return null
      sum += lost
    }
    return sum
  }
}
