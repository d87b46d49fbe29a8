// The events that wait for one consumer: a bound, a policy for the messages above it, and a gap for each loss.

import { Fifo } from '../waiting/fifo.ts'
import { gapEvent, MessageEvent } from './event.ts'
import type { ChannelEvent, ChannelGap, SlowPolicy } from '../contract/channels.ts'

/** The bound of a queue, and what happens above it. */
export interface QueueBounds {
  maxQueue: number
  maxQueueBytes: number
  onSlow: SlowPolicy
}

/** A message, and the group in whose room on top of the bound it waits; null if it counts for the bound. */
interface MessageEntry {
  readonly event: ChannelEvent
  readonly onTopOf: string | null
}

/** Gaps of a group without a message between them: they are one gap. */
interface GapEntry {
  gap: ChannelGap
}

type Entry = MessageEntry | GapEntry

/** Keeps events in order. */
export class EventQueue {
  readonly #bounds: QueueBounds
  readonly #entries = new Fifo<Entry>()
  #counted = 0
  #bytes = 0
  /** The messages on top of the bound, by group. */
  readonly #onTop = new Map<string, number>()
  /** The losses before the first entry, by group; null if the number is not known. */
  readonly #lostBefore = new Map<string, number | null>()
  /** The last entry of each group, if it is a gap. */
  readonly #openGaps = new Map<string, GapEntry>()

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#lostBefore.size === 0
  }

  /** The messages that wait. */
  get messages(): number {
    let count = this.#counted
    for (const onTop of this.#onTop.values()) count += onTop
    return count
  }

  /**
   * Takes an event at the end.
   *
   * @param room the most messages of the group that may wait on top of the bound: those of a recovery come all at once
   * @returns the number of messages that are dropped for it, itself included; `full` if the policy is to close
   */
  push(event: ChannelEvent, room: number): number | 'full' {
    if (event.type === 'gap') return this.#addGap(event)
    if ((this.#onTop.get(event.group) ?? 0) < room) return this.#add(event, event.group)
    if (this.#hasRoomFor(event)) return this.#add(event, null)
    const { onSlow } = this.#bounds
    if (onSlow === 'close') return 'full'
    if (onSlow === 'dropOldest') return this.#replaceOldest(event)
    this.#addGap(gapEvent(event.group, 'slow', 1, null))
    return 1
  }

  /** The next event; undefined if there is none. */
  shift(): ChannelEvent | undefined {
    for (const [group, lost] of this.#lostBefore) {
      this.#lostBefore.delete(group)
      return gapEvent(group, 'slow', lost, null)
    }
    const entry = this.#entries.shift()
    if (!entry) return undefined
    this.#forget(entry)
    return eventOf(entry)
  }

  /** Removes all events of a group. */
  remove(group: string): void {
    this.#lostBefore.delete(group)
    for (let left = this.#entries.length; left > 0; left -= 1) {
      const entry = this.#entries.shift() as Entry
      if (eventOf(entry).group === group) this.#forget(entry)
      else this.#entries.push(entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#onTop.clear()
    this.#lostBefore.clear()
    this.#openGaps.clear()
    this.#counted = 0
    this.#bytes = 0
  }

  #add(event: ChannelEvent, onTopOf: string | null): 0 {
    if (this.#openGaps.size > 0) this.#openGaps.delete(event.group)
    this.#entries.push({ event, onTopOf })
    if (onTopOf === null) {
      this.#counted += 1
      this.#bytes += sizeOf(event)
    } else this.#onTop.set(onTopOf, (this.#onTop.get(onTopOf) ?? 0) + 1)
    return 0
  }

  // A consumer that takes nothing must not collect gaps without end.
  #addGap(gap: ChannelGap): 0 {
    const open = this.#openGaps.get(gap.group)
    if (open) open.gap = merged(open.gap, gap)
    else {
      const entry = { gap }
      this.#openGaps.set(gap.group, entry)
      this.#entries.push(entry)
    }
    return 0
  }

  #hasRoomFor(event: ChannelEvent): boolean {
    if (this.#counted === 0) return true
    const { maxQueue, maxQueueBytes } = this.#bounds
    return this.#counted < maxQueue && this.#bytes + sizeOf(event) <= maxQueueBytes
  }

  // Each dropped message is older than all entries that stay: the gap comes before them. A message takes the place of
  // recovered ones of the same length, which are on top of the bound as well.
  #replaceOldest(event: ChannelEvent): number {
    let dropped = 0
    let freedBytes = -1
    let onTopOf: string | null = null
    while (!this.#hasRoomFor(event) && (onTopOf === null || freedBytes < sizeOf(event))) {
      const entry = this.#entries.shift() as Entry
      this.#forget(entry)
      const { group } = eventOf(entry)
      this.#addLoss(group, 'gap' in entry ? entry.gap.lost : 1)
      if ('gap' in entry) continue
      dropped += 1
      if (entry.onTopOf === null) continue
      onTopOf = entry.onTopOf
      freedBytes = Math.max(freedBytes, 0) + sizeOf(entry.event)
    }
    this.#add(event, this.#hasRoomFor(event) ? null : onTopOf)
    return dropped
  }

  #addLoss(group: string, lost: number | null): void {
    const before = this.#lostBefore.get(group)
    this.#lostBefore.set(group, before === undefined ? lost : sumOf(before, lost))
  }

  #forget(entry: Entry): void {
    if ('gap' in entry) {
      if (this.#openGaps.get(entry.gap.group) === entry) this.#openGaps.delete(entry.gap.group)
      return
    }
    const { event, onTopOf } = entry
    if (onTopOf === null) {
      this.#counted -= 1
      this.#bytes -= sizeOf(event)
      return
    }
    const left = (this.#onTop.get(onTopOf) ?? 0) - 1
    if (left > 0) this.#onTop.set(onTopOf, left)
    else this.#onTop.delete(onTopOf)
  }
}

function eventOf(entry: Entry): ChannelEvent {
  return 'gap' in entry ? entry.gap : entry.event
}

function sizeOf(event: ChannelEvent): number {
  return event instanceof MessageEvent ? event.size : 0
}

function merged(first: ChannelGap, last: ChannelGap): ChannelGap {
  return gapEvent(first.group, first.reason, sumOf(first.lost, last.lost), last.position)
}

function sumOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other
}
