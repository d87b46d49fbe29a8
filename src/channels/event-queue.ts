// The events that wait for one consumer: a bound, a policy for what is above it, and a gap for each loss.

import { Fifo } from '../waiting/fifo.ts'
import { gapEvent, MessageEvent } from './event.ts'
import type { ChannelEvent, SlowPolicy } from '../contract/channels.ts'

/** The bound of a queue, and what happens above it. */
export interface QueueBounds {
  maxQueue: number
  maxQueueBytes: number
  onSlow: SlowPolicy
}

/** An event, and whether it counts: those of a recovery come on top of the bound. */
interface Entry {
  readonly event: ChannelEvent
  readonly counts: boolean
}

/** Keeps events in order. */
export class EventQueue {
  readonly #bounds: QueueBounds
  readonly #entries = new Fifo<Entry>()
  #counted = 0
  #bytes = 0
  // The losses that the consumer does not know yet, by group: those before the first entry, and those after the last one.
  // Null: the number is not known.
  readonly #lostBefore = new Map<string, number | null>()
  readonly #lostAfter = new Map<string, number | null>()

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#lostBefore.size === 0 && this.#lostAfter.size === 0
  }

  /**
   * Takes an event at the end.
   *
   * @param isRecovered whether it is one of a recovery, which has a bound of its own
   * @returns the number of messages that are dropped for it, itself included; `full` if the policy is to close
   */
  push(event: ChannelEvent, isRecovered: boolean): number | 'full' {
    const counts = !isRecovered && event.type === 'message'
    if (!counts || this.#hasRoomFor(event)) return this.#add(event, counts)
    const { onSlow } = this.#bounds
    if (onSlow === 'close') return 'full'
    if (onSlow === 'dropNewest') {
      addTo(this.#lostAfter, event.group, 1)
      return 1
    }
    return this.#replaceOldest(event)
  }

  /** The next event; undefined if there is none. */
  shift(): ChannelEvent | undefined {
    const gap = takeGap(this.#lostBefore)
    if (gap) return gap
    const entry = this.#entries.shift()
    if (!entry) return takeGap(this.#lostAfter)
    this.#forget(entry)
    return entry.event
  }

  /** Removes all events of a group. */
  remove(group: string): void {
    this.#lostBefore.delete(group)
    this.#lostAfter.delete(group)
    for (let left = this.#entries.length; left > 0; left -= 1) {
      const entry = this.#entries.shift() as Entry
      if (entry.event.group === group) this.#forget(entry)
      else this.#entries.push(entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#lostBefore.clear()
    this.#lostAfter.clear()
    this.#counted = 0
    this.#bytes = 0
  }

  #add(event: ChannelEvent, counts: boolean): number {
    // The losses after the last entry come before this one.
    for (let gap = takeGap(this.#lostAfter); gap; gap = takeGap(this.#lostAfter)) {
      this.#entries.push({ event: gap, counts: false })
    }
    this.#entries.push({ event, counts })
    if (counts) {
      this.#counted += 1
      this.#bytes += sizeOf(event)
    }
    return 0
  }

  #hasRoomFor(event: ChannelEvent): boolean {
    if (this.#counted === 0) return true
    const { maxQueue, maxQueueBytes } = this.#bounds
    return this.#counted < maxQueue && this.#bytes + sizeOf(event) <= maxQueueBytes
  }

  // Each dropped message is older than all entries that stay: the gap comes before them. In the place of a recovered message
  // the new one is above the bound as that one was.
  #replaceOldest(event: ChannelEvent): number {
    let dropped = 0
    let takesPlace = false
    while (!takesPlace && !this.#hasRoomFor(event)) {
      const entry = this.#entries.shift() as Entry
      this.#forget(entry)
      const isMessage = entry.event.type === 'message'
      takesPlace = isMessage && !entry.counts
      if (isMessage) dropped += 1
      addTo(this.#lostBefore, entry.event.group, entry.event.type === 'gap' ? entry.event.lost : 1)
    }
    this.#add(event, !takesPlace)
    return dropped
  }

  #forget({ event, counts }: Entry): void {
    if (!counts) return
    this.#counted -= 1
    this.#bytes -= sizeOf(event)
  }
}

function sizeOf(event: ChannelEvent): number {
  return event instanceof MessageEvent ? event.size : 0
}

function addTo(losses: Map<string, number | null>, group: string, lost: number | null): void {
  const before = losses.get(group) ?? (losses.has(group) ? null : 0)
  losses.set(group, before === null || lost === null ? null : before + lost)
}

function takeGap(losses: Map<string, number | null>): ChannelEvent | undefined {
  if (losses.size === 0) return undefined
  const [group, lost] = losses.entries().next().value as [string, number | null]
  losses.delete(group)
  return gapEvent(group, 'slow', lost, null)
}
