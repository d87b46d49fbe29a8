// A place in the history of a group. Live messages go in; each message comes out once and in order, and each loss as a gap.

import { gapEvent, pastEvent } from './event.ts'
import type { ChannelGap, Position } from '../contract/channels.ts'
import type { Broker, Past } from './broker.ts'
import type { MessageEvent } from './event.ts'

/** Gets the events of a cursor. */
interface CursorSink {
  onMessage(event: MessageEvent, isRecovered: boolean): void
  onGap(gap: ChannelGap): void
  /** A read has ended. `recovered` is the number of its messages; null without a position, and after a gap. */
  onPast(position: Position, recovered: number | null): void
  /** The cursor needs no further read. */
  onIdle(): void
  /** The broker is closed. */
  onClosed(): void
}

/** The group of a cursor. */
interface CursorGroup {
  readonly name: string
  readonly broker: Pick<Broker, 'read'>
}

// The live messages that a cursor keeps while it reads. Above that it reads once more, and the history bounds its memory.
const MAX_HELD = 256
const MAX_HELD_BYTES = 1024 * 1024

/** Reads the past when it starts, when messages are missing and when the feed was interrupted. */
export class HistoryCursor {
  readonly #group: CursorGroup
  readonly #sink: CursorSink
  /** The last message that came out; null before the first read of a consumer that asks for none of the past. */
  #position: Position | null
  /** The live messages that came during a read; null without a read. */
  #held: MessageEvent[] | null = null
  #heldBytes = 0
  /** The number of held messages that came before the read began. */
  #known = 0
  #mustReadAgain = false
  #isClosed = false

  /** @param position the last message that the consumer has: it is idle until `read`, if it has all messages before */
  constructor(group: CursorGroup, sink: CursorSink, position: Position | null) {
    this.#group = group
    this.#sink = sink
    this.#position = position
  }

  /** The place of an idle cursor; null during a read. */
  get place(): Position | null {
    return this.#held ? null : this.#position
  }

  /** Reads the messages after the position. During a read, it asks for one more. */
  read(): void {
    if (this.#held) this.#mustReadAgain = true
    else this.#read([])
  }

  /** Takes a live message. */
  take(event: MessageEvent): void {
    if (this.#isClosed) return
    if (event.position === null) return this.#sink.onMessage(event, false)
    if (this.#held) return this.#hold(this.#held, event)
    const step = stepTo(this.#position, event.position)
    if (step === 'next') this.#tell(event, false)
    else if (step !== 'old') this.#read([event])
  }

  close(): void {
    this.#isClosed = true
    this.#held = []
  }

  #hold(held: MessageEvent[], event: MessageEvent): void {
    this.#heldBytes += event.size
    if (held.length >= MAX_HELD || this.#heldBytes > MAX_HELD_BYTES) {
      held.length = 0
      this.#known = 0
      this.#heldBytes = event.size
      this.#mustReadAgain = true
    }
    held.push(event)
  }

  #read(held: MessageEvent[]): void {
    this.#held = held
    this.#known = held.length
    this.#mustReadAgain = false
    const past = this.#group.broker.read(this.#group.name, this.#position)
    if (!(past instanceof Promise)) return this.#take(past, held)
    past.then(
      (read) => this.#take(read, held),
      () => this.#sink.onClosed(),
    )
  }

  #take(past: Past, held: MessageEvent[]): void {
    if (this.#isClosed) return
    const recovered = this.#recover(past, held)
    if (this.#isClosed) return
    this.#sink.onPast(past.position, recovered)
    this.#release(held)
    if (this.#isClosed) return
    if (this.#mustReadAgain) return this.#read(held)
    this.#held = null
    this.#heldBytes = 0
    this.#sink.onIdle()
  }

  // --- the past ---

  /** Tells the messages after the position up to the newest one, and the holes between them. */
  #recover(past: Past, held: readonly MessageEvent[]): number | null {
    const since = this.#position
    if (since === null) {
      this.#position = past.position
      return null
    }
    const { epoch, offset: newest } = past.position
    const events = eventsOf(past, held)
    const first = (events[0] ? offsetOf(events[0]) : newest + 1) - 1
    const isOther = since.epoch !== epoch || since.offset > newest
    let hasGap = isOther && !isStart(since)
    if (isOther) this.#position = { epoch, offset: first }
    if (hasGap) this.#sink.onGap(gapEvent(this.#group.name, 'epoch', null, this.#position))
    let count = 0
    for (const event of events) {
      if (stepTo(this.#position, event.position as Position) === 'old') continue
      hasGap = this.#tellHole(offsetOf(event) - 1) || hasGap
      if (this.#isClosed) return null
      this.#tell(event, true)
      count += 1
    }
    hasGap = this.#tellHole(newest) || hasGap
    return hasGap ? null : count
  }

  #tellHole(last: number): boolean {
    const { epoch, offset } = this.#position as Position
    const lost = last - offset
    if (lost <= 0 || this.#isClosed) return false
    this.#position = { epoch, offset: last }
    this.#sink.onGap(gapEvent(this.#group.name, 'history', lost, this.#position))
    return true
  }

  #tell(event: MessageEvent, isRecovered: boolean): void {
    this.#position = event.position
    this.#sink.onMessage(event, isRecovered)
  }

  // --- the live messages that came meanwhile ---

  // A consumer that publishes while it gets a message adds one to the held messages. A message of another epoch that came
  // before the read is older than the read: its epoch is over.
  #release(held: MessageEvent[]): void {
    for (let event = held.shift(); event && !this.#isClosed; event = held.shift()) {
      const wasKnown = this.#known > 0
      this.#known -= 1
      const step = stepTo(this.#position, event.position as Position)
      if (step === 'old' || (step === 'epoch' && wasKnown)) continue
      if (step !== 'next' && !wasKnown) {
        held.unshift(event)
        this.#mustReadAgain = true
        return
      }
      this.#tellHole(offsetOf(event) - 1)
      if (!this.#isClosed) this.#tell(event, false)
    }
  }
}

/** A consumer that has no message yet, and wants all that the history has. */
export function isStart({ epoch }: Position): boolean {
  return epoch === ''
}

/** Whether two positions are the same place. */
export function isSamePlace(one: Position | null, other: Position | null): boolean {
  return one?.epoch === other?.epoch && one?.offset === other?.offset
}

function offsetOf(event: MessageEvent): number {
  return (event.position as Position).offset
}

type Step = 'old' | 'next' | 'hole' | 'epoch'

function stepTo(from: Position | null, to: Position): Step {
  if (from?.epoch !== to.epoch) return 'epoch'
  if (to.offset <= from.offset) return 'old'
  return to.offset === from.offset + 1 ? 'next' : 'hole'
}

/** The messages of the past in order, and the held ones that its history has lost already. */
function eventsOf({ position, messages }: Past, held: readonly MessageEvent[]): MessageEvent[] {
  const events = messages.map(pastEvent)
  const isPast = (event: MessageEvent): boolean =>
    event.position?.epoch === position.epoch && event.position.offset <= position.offset
  const others = held.filter(isPast)
  if (others.length === 0) return events
  const byOffset = new Map([...others, ...events].map((event) => [offsetOf(event), event]))
  return [...byOffset.values()].toSorted((one, other) => offsetOf(one) - offsetOf(other))
}
