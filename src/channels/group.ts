// One group with consumers in this process: who is live, who still reads the past, and the place of the group in its history.

import { ChannelsClosedError } from './errors.ts'
import { deferred } from '../waiting/deferred.ts'
import { gapEvent, MessageEvent } from './event.ts'
import type { ChannelEvent, GapReason, Joined, Position } from '../contract/channels.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { Broker, Envelope, Past } from './broker.ts'

/** A consumer in the eyes of its groups. */
export interface Member {
  /** @param isRecovered whether the event comes from the past, on top of the bound of the queue */
  deliver(event: ChannelEvent, isRecovered: boolean): void
}

/** A consumer that is not live yet. */
interface Joining {
  readonly member: Member
  readonly since: Position | null
  readonly joined: Deferred<Joined>
  /** Live messages that came while the past was read; null after that. */
  held: Envelope[] | null
  /** The feed was interrupted while the past was read: it has to be read again. */
  isStale: boolean
  /** The last message of the past: the live feed may still bring it. */
  upTo: Position | null
}

/** Follows the group at the broker as long as it exists. */
export class LocalGroup {
  readonly name: string
  readonly #broker: Broker
  readonly #hasHistory: boolean
  readonly #members = new Set<Member>()
  readonly #joining = new Map<Member, Joining>()
  #following: Promise<void> | undefined
  /** The last message that the members have; null if it is not known. */
  #position: Position | null = null
  /** Live messages that came while the group reads what it has missed. */
  #held: Envelope[] | null = null

  constructor(name: string, broker: Broker, hasHistory: boolean) {
    this.name = name
    this.#broker = broker
    this.#hasHistory = hasHistory
    const following = broker.follow(name)
    this.#following = following?.then(() => {
      this.#following = undefined
    })
  }

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#joining.size === 0
  }

  join(member: Member, since: Position | null): Promise<Joined> {
    const joined = deferred<Joined>()
    const joining: Joining = { member, since, joined, held: [], isStale: false, upTo: null }
    this.#joining.set(member, joining)
    if (this.#following) this.#following.then(() => this.#read(joining), joined.reject)
    else this.#read(joining)
    return joined.promise
  }

  /** Removes a consumer. A join that waits ends with {@link ChannelsClosedError}. */
  leave(member: Member): void {
    this.#members.delete(member)
    const joining = this.#joining.get(member)
    this.#joining.delete(member)
    joining?.joined.reject(new ChannelsClosedError('the consumer has left the group'))
  }

  /** Takes a live message. */
  receive(envelope: Envelope): void {
    if (this.#held) return void this.#held.push(envelope)
    const before = this.#position
    const { position } = envelope
    if (before && position) {
      if (position.epoch !== before.epoch) this.#tellAll('epoch', null, null)
      else if (position.offset <= before.offset) return
      else if (position.offset > before.offset + 1) return this.#recover([envelope])
    }
    this.#deliver(envelope, false)
  }

  /** The feed of the broker was interrupted, and goes on. */
  resumed(): void {
    for (const joining of this.#joining.values()) joining.isStale = joining.held !== null
    if (!this.#hasHistory) this.#tellAll('broker', null, null)
    else if (this.#position && !this.#held) this.#recover([])
  }

  /**
   * Messages did not reach this process. A group with a history reads them.
   *
   * @returns the number of consumers that lose them
   */
  lost(count: number): number {
    if (this.#hasHistory) {
      this.resumed()
      return 0
    }
    this.#tellAll('slow', count, null)
    return this.#members.size
  }

  // --- a consumer joins ---

  #read(joining: Joining): void {
    if (this.#joining.get(joining.member) !== joining) return
    joining.isStale = false
    joining.held = []
    if (!this.#hasHistory) return this.#admitWithoutPast(joining)
    const past = this.#broker.read(this.name, joining.since)
    if (past instanceof Promise)
      past.then((read) => this.#admit(joining, read), joining.joined.reject)
    else this.#admit(joining, past)
  }

  #admitWithoutPast(joining: Joining): void {
    const { since } = joining
    if (since && !isStart(since)) {
      joining.member.deliver(gapEvent(this.name, 'history', null, null), true)
    }
    this.#promote(joining)
    joining.joined.resolve({ position: null, recovered: null })
  }

  #admit(joining: Joining, past: Past): void {
    const { member, since, joined, held } = joining
    if (this.#joining.get(member) !== joining) return
    if (joining.isStale) return this.#read(joining)
    this.#position ??= past.position
    const gap = since && gapBetween(this.name, since, past)
    if (gap) member.deliver(gap, true)
    for (const envelope of past.messages) deliverTo(member, envelope, true)
    joining.held = null
    joining.upTo = past.position
    for (const envelope of held ?? []) this.#catchUp(joining, envelope)
    if (isAtLeast(this.#position, past.position)) this.#promote(joining)
    joined.resolve({
      position: past.position,
      recovered: since && !gap ? past.messages.length : null,
    })
  }

  // A live message that the past has already brought is not delivered again.
  #catchUp(joining: Joining, envelope: Envelope): void {
    if (joining.held) return void joining.held.push(envelope)
    if (isAtLeast(joining.upTo, envelope.position)) return
    deliverTo(joining.member, envelope, false)
    joining.upTo = envelope.position
  }

  #promote({ member }: Joining): void {
    this.#joining.delete(member)
    this.#members.add(member)
  }

  // --- the group itself ---

  #recover(held: Envelope[]): void {
    this.#held = held
    const past = this.#broker.read(this.name, this.#position)
    // The rejection comes at the close of the broker only.
    if (past instanceof Promise) past.then((read) => this.#recovered(read)).catch(() => undefined)
    else this.#recovered(past)
  }

  #recovered(past: Past): void {
    const held = this.#held ?? []
    this.#held = null
    const before = this.#position
    const gap = before && gapBetween(this.name, before, past)
    if (gap) this.#tell(gap)
    if (gap || !before) this.#position = { epoch: past.position.epoch, offset: 0 }
    for (const envelope of past.messages) this.#deliver(envelope, true)
    this.#position = past.position
    for (const envelope of held) this.receive(envelope)
  }

  #deliver(envelope: Envelope, isRecovered: boolean): void {
    if (envelope.position) this.#position = envelope.position
    if (envelope.lost !== 0) this.#tellAll('publisher', envelope.lost, null)
    const event = new MessageEvent(envelope)
    // A copy: a consumer may join or leave while it gets the event.
    for (const member of [...this.#members]) member.deliver(event, isRecovered)
    for (const joining of [...this.#joining.values()]) {
      this.#catchUp(joining, envelope)
      if (isAtLeast(this.#position, joining.upTo)) this.#promote(joining)
    }
  }

  #tellAll(reason: GapReason, lost: number | null, position: Position | null): void {
    this.#tell(gapEvent(this.name, reason, lost, position))
  }

  #tell(gap: ChannelEvent): void {
    for (const member of [...this.#members]) member.deliver(gap, true)
    for (const { member, held } of this.#joining.values()) if (!held) member.deliver(gap, true)
  }
}

function deliverTo(member: Member, envelope: Envelope, isRecovered: boolean): void {
  const { group, lost } = envelope
  if (lost !== 0) member.deliver(gapEvent(group, 'publisher', lost, null), true)
  member.deliver(new MessageEvent(envelope), isRecovered)
}

/** The messages between `since` and the first one that the past still has. */
function gapBetween(
  group: string,
  since: Position,
  { position, messages }: Past,
): ChannelEvent | null {
  if (isStart(since)) return null
  const first = messages[0]?.position?.offset ?? position.offset + 1
  if (since.epoch !== position.epoch || since.offset > position.offset) {
    return gapEvent(group, 'epoch', null, { epoch: position.epoch, offset: first - 1 })
  }
  const lost = first - since.offset - 1
  return lost > 0
    ? gapEvent(group, 'history', lost, { epoch: position.epoch, offset: first - 1 })
    : null
}

/** A consumer that has no message yet, and wants all that the history has. */
function isStart({ epoch }: Position): boolean {
  return epoch === ''
}

function isAtLeast(one: Position | null, other: Position | null): boolean {
  return one !== null && other !== null && one.epoch === other.epoch && one.offset >= other.offset
}
