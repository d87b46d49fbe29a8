// One group with consumers in this process: its members share one place in the history, and each joining consumer has its own.

import { ChannelsClosedError } from './errors.ts'
import { deferred } from '../waiting/deferred.ts'
import { gapEvent, MessageEvent } from './event.ts'
import { HistoryCursor, isSamePlace, isStart } from './history-cursor.ts'
import type { ChannelEvent, GapReason, Joined, Position } from '../contract/channels.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { Broker, Envelope } from './broker.ts'

/** A consumer in the eyes of its groups. */
export interface Member {
  /** @param room the most messages of the group that may wait on top of the bounds of the queue; 0 for a live one */
  deliver(event: ChannelEvent, room: number): void
}

/** A consumer that is not a member yet. */
interface Joining {
  readonly member: Member
  readonly joined: Deferred<Joined>
  /** Null before the group is followed, and for a group without a history. */
  cursor: HistoryCursor | null
  /** It becomes a member as soon as the group may change its members. */
  isReady: boolean
}

/** The parts that a group gets from its channels. */
interface GroupParts {
  readonly name: string
  readonly broker: Broker
  /** The number of messages of the history; 0 for a group without one. */
  readonly historySize: number
}

/** Follows the group at the broker as long as it exists. */
export class LocalGroup {
  readonly #parts: GroupParts
  readonly #members = new Set<Member>()
  readonly #joining = new Map<Member, Joining>()
  /** The members as a list; undefined after a change. */
  #list: readonly Member[] | undefined
  #following: Promise<void> | undefined
  /** The place of the members; null without members, and for a group without a history. */
  #cursor: HistoryCursor | null = null
  /** Members that join while an event is told would get it a second time. */
  #telling = 0

  constructor(parts: GroupParts) {
    this.#parts = parts
    this.#following = parts.broker.follow(parts.name)?.then(() => {
      this.#following = undefined
    })
  }

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#joining.size === 0
  }

  join(member: Member, since: Position | null): Promise<Joined> {
    const joined = deferred<Joined>()
    const joining: Joining = { member, joined, cursor: null, isReady: false }
    this.#joining.set(member, joining)
    if (!this.#following) this.#begin(joining, since)
    else {
      this.#following.then(
        () => this.#begin(joining, since),
        () => joined.reject(new ChannelsClosedError()),
      )
    }
    return joined.promise
  }

  /** Removes a consumer. A join that waits ends with {@link ChannelsClosedError}. */
  leave(member: Member): void {
    if (this.#members.delete(member)) {
      this.#list = undefined
      if (this.#members.size === 0) this.#dropCursor()
    }
    const joining = this.#joining.get(member)
    if (!joining) return
    this.#joining.delete(member)
    joining.cursor?.close()
    joining.joined.reject(new ChannelsClosedError('the consumer has left the group'))
  }

  /** Takes a live message. */
  receive(envelope: Envelope): void {
    const event = new MessageEvent(envelope)
    if (this.#parts.historySize === 0) return this.#tellMessage(event, 0)
    this.#cursor?.take(event)
    if (this.#joining.size === 0) return
    for (const { cursor } of this.#joining.values()) cursor?.take(event)
    this.#admitAll()
  }

  /** The feed of the broker was interrupted, and goes on. */
  resumed(): void {
    if (this.#parts.historySize === 0) return this.#tellGap('broker', null)
    this.#cursor?.read()
    for (const { cursor } of this.#joining.values()) cursor?.read()
  }

  /**
   * Messages did not reach this process. A group with a history reads them.
   *
   * @returns the number of consumers that lose them
   */
  lost(count: number): number {
    if (this.#parts.historySize > 0) {
      this.resumed()
      return 0
    }
    this.#tellGap('slow', count)
    return this.#members.size
  }

  // --- a consumer joins ---

  #begin(joining: Joining, since: Position | null): void {
    if (this.#joining.get(joining.member) !== joining) return
    if (this.#parts.historySize === 0) return this.#beginWithoutHistory(joining, since)
    const { name, historySize } = this.#parts
    joining.cursor = new HistoryCursor(
      this.#parts,
      {
        onMessage: (event, isRecovered) =>
          deliverTo(joining.member, event, isRecovered ? historySize : 0),
        onGap: (gap) => joining.member.deliver(gap, 0),
        onPast: (position, recovered) => joining.joined.resolve({ position, recovered }),
        onIdle: () => this.#onReady(joining),
        onClosed: () => joining.joined.reject(new ChannelsClosedError(`${name} is closed`)),
      },
      since,
    )
    joining.cursor.read()
  }

  #beginWithoutHistory(joining: Joining, since: Position | null): void {
    const { member, joined } = joining
    if (since && !isStart(since)) {
      member.deliver(gapEvent(this.#parts.name, 'history', null, null), 0)
    }
    joined.resolve({ position: null, recovered: null })
    this.#onReady(joining)
  }

  #onReady(joining: Joining): void {
    joining.isReady = true
    const [place, ours] = [joining.cursor?.place, this.#cursor?.place]
    // The members do not know the end of an epoch that the joining consumer has seen.
    if (place && ours && place.epoch !== ours.epoch) this.#cursor?.read()
    this.#admit(joining)
  }

  #admitAll(): void {
    for (const joining of this.#joining.values()) this.#admit(joining)
  }

  // A consumer whose place is not that of the members takes the live messages on its own, until both places are the same.
  #admit(joining: Joining): void {
    const { member, cursor, isReady } = joining
    if (this.#telling > 0 || !isReady || this.#joining.get(member) !== joining) return
    if (cursor) {
      if (cursor.place === null) return
      this.#cursor ??= this.#membersCursor(cursor.place)
      if (!isSamePlace(cursor.place, this.#cursor.place)) return
      cursor.close()
    }
    this.#joining.delete(member)
    this.#members.add(member)
    this.#list = undefined
  }

  // --- the members ---

  #membersCursor(place: Position): HistoryCursor {
    const { historySize } = this.#parts
    return new HistoryCursor(
      this.#parts,
      {
        onMessage: (event, isRecovered) => this.#tellMessage(event, isRecovered ? historySize : 0),
        onGap: (gap) => this.#tell(gap, 0),
        onPast: ignore,
        onIdle: () => this.#admitAll(),
        onClosed: ignore,
      },
      place,
    )
  }

  #dropCursor(): void {
    this.#cursor?.close()
    this.#cursor = null
  }

  #tellMessage(event: MessageEvent, room: number): void {
    const gap = event.gapBefore
    // The place of the members is that of the message already: a consumer that joins after the gap would get it again.
    this.#telling += 1
    if (gap) this.#tell(gap, 0)
    this.#telling -= 1
    this.#tell(event, room)
  }

  #tellGap(reason: GapReason, lost: number | null): void {
    this.#tell(gapEvent(this.#parts.name, reason, lost, null), 0)
  }

  // The list of the members is not copied for each message. A member that has left meanwhile gets nothing.
  #tell(event: ChannelEvent, room: number): void {
    const list = (this.#list ??= [...this.#members])
    this.#telling += 1
    try {
      for (const member of list) {
        if (list === this.#list || this.#members.has(member)) member.deliver(event, room)
      }
    } finally {
      this.#telling -= 1
    }
    if (this.#joining.size > 0) this.#admitAll()
  }
}

function deliverTo(member: Member, event: MessageEvent, room: number): void {
  const gap = event.gapBefore
  if (gap) member.deliver(gap, 0)
  member.deliver(event, room)
}

function ignore(): void {}
