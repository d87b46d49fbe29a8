// The broker of a process or thread whose messages pass through another one: the client's side of a link.

import { ChannelsClosedError } from '../errors.ts'
import { Fifo } from '../../waiting/fifo.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { weightOf, Window } from './window.ts'
import type { Position } from '../../contract/channels.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Broker, BrokerEvents, Past, Payload } from '../broker.ts'
import type {
  LinkBounds,
  LinkPort,
  MissedMessage,
  PublishMessage,
  ToClient,
  ToRelay,
} from './messages.ts'
import type { Weight } from './window.ts'

const CLOSE_MS = 1000
/** The groups whose losses are remembered until their next message. */
const MAX_LOST_GROUPS = 10_000

interface Followed {
  /** The number of the last request for the group; 0 before the first one. */
  id: number
  /** An earlier relay has followed the group: messages may be lost since. */
  isResumed: boolean
  /** Settles with the first answer; null after it. */
  starting: Deferred<void> | null
}

interface Reading {
  readonly group: string
  readonly since: Position | null
  readonly answer: Deferred<Past>
}

/**
 * Publishes, follows and reads through a {@link LinkPort}. Its owner gives it the messages of the relay by `take`, and says
 * when the relay is there: it starts without one.
 */
export class LinkBroker implements Broker {
  readonly #events: BrokerEvents
  readonly #port: LinkPort<ToRelay>
  readonly #followed = new Map<string, Followed>()
  readonly #groupsById = new Map<number, string>()
  readonly #reading = new Map<number, Reading>()
  /** The messages that the relay has not accepted yet, and those of them that were not sent. */
  readonly #pending: Window
  readonly #sent = new Fifo<number>()
  readonly #unsent = new Fifo<PublishMessage>()
  readonly #lost = new Map<string, number>()
  /** The messages of the relay that it does not know to be taken. */
  readonly #taken: Window
  #isTelling = false
  #isConnected = false
  #isClosed = false
  #isAbandoned = false
  #lastId = 0
  #drained: Deferred<void> | undefined

  constructor(events: BrokerEvents, port: LinkPort<ToRelay>, bounds: LinkBounds) {
    this.#events = events
    this.#port = port
    this.#pending = new Window(bounds)
    this.#taken = new Window(bounds)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get pending(): number {
    return this.#pending.count
  }

  publish(group: string, payload: Payload, lost = 0): boolean {
    const bytes = payload.length
    if (this.#isClosed || !this.#pending.hasRoomFor(bytes)) {
      this.#rememberLoss(group, lost + 1)
      return false
    }
    const before = this.#lost.get(group) ?? 0
    if (before > 0) this.#lost.delete(group)
    this.#pending.add({ count: 1, bytes })
    const message: PublishMessage = { type: 'publish', group, payload, lost: lost + before }
    if (this.#isConnected) this.#send(message)
    else this.#unsent.push(message)
    return true
  }

  follow(group: string): Promise<void> {
    if (this.#isClosed) return rejected(new ChannelsClosedError())
    const starting = deferred()
    const followed = { id: 0, isResumed: false, starting }
    this.#followed.set(group, followed)
    if (this.#isConnected) this.#askToFollow(group, followed)
    return starting.promise
  }

  unfollow(group: string): void {
    const followed = this.#followed.get(group)
    if (!followed) return
    this.#followed.delete(group)
    this.#groupsById.delete(followed.id)
    if (this.#isConnected) this.#port.post({ type: 'unfollow', group })
  }

  read(group: string, since: Position | null): Promise<Past> {
    if (this.#isClosed) return rejected(new ChannelsClosedError())
    const id = (this.#lastId += 1)
    const answer = deferred<Past>()
    this.#reading.set(id, { group, since, answer })
    if (this.#isConnected) this.#port.post({ type: 'read', id, group, since })
    return answer.promise
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pending.count > 0 && !this.#isAbandoned) {
      this.#drained = deferred()
      await settlesWithin(this.#drained.promise, CLOSE_MS)
    }
    this.#isConnected = false
    const error = new ChannelsClosedError()
    for (const { starting } of this.#followed.values()) starting?.reject(error)
    for (const { answer } of this.#reading.values()) answer.reject(error)
    this.#followed.clear()
    this.#reading.clear()
    this.#port.close?.()
  }

  /** A relay is there. It knows nothing of an earlier one, so that messages may be lost between the two. */
  connected(): void {
    this.disconnected()
    this.#isConnected = true
    for (const [group, followed] of this.#followed) this.#askToFollow(group, followed)
    for (const [id, { group, since }] of this.#reading) {
      this.#port.post({ type: 'read', id, group, since })
    }
    for (let next = this.#unsent.shift(); next; next = this.#unsent.shift()) this.#send(next)
  }

  /** The relay is gone. Messages that it has not accepted may be lost: they are not sent again, because they may be not. */
  disconnected(): void {
    this.#isConnected = false
    this.#taken.clear()
    this.#groupsById.clear()
    this.#accepted(this.#sent.length)
  }

  /** No relay comes any more: a close waits for none. */
  abandoned(): void {
    this.#isAbandoned = true
    this.disconnected()
    this.#drained?.resolve()
  }

  /** Takes a message of the relay. */
  take(message: ToClient): void {
    if (!this.#isConnected) return
    if (message.type === 'message') this.#events.onMessage(message.envelope)
    else if (message.type === 'past') this.#answer(message.id, message.past)
    else if (message.type === 'accepted') this.#accepted(message.count)
    else if (message.type === 'followed') this.#onFollowed(message.id)
    else this.#onMissed(message.groups)
    const weight = weightOf(message)
    if (weight) this.#countTaken(weight)
  }

  #send(message: PublishMessage): void {
    this.#sent.push(message.payload.length)
    this.#port.post(message)
  }

  #accepted(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#pending.remove({ count: 1, bytes: this.#sent.shift() ?? 0 })
    }
    if (this.#pending.count === 0) this.#drained?.resolve()
  }

  // The oldest group goes: its loss is counted, and only the gap is missing.
  #rememberLoss(group: string, count: number): void {
    const lost = this.#lost.get(group)
    if (lost === undefined && this.#lost.size === MAX_LOST_GROUPS) {
      const [oldest] = this.#lost.keys()
      this.#lost.delete(oldest as string)
    }
    this.#lost.set(group, (lost ?? 0) + count)
  }

  #askToFollow(group: string, followed: Followed): void {
    const id = (this.#lastId += 1)
    followed.isResumed = followed.id > 0
    followed.id = id
    this.#groupsById.set(id, group)
    this.#port.post({ type: 'follow', id, group })
  }

  #onFollowed(id: number): void {
    const group = this.#groupsById.get(id)
    if (group === undefined) return
    this.#groupsById.delete(id)
    const followed = this.#followed.get(group) as Followed
    followed.starting?.resolve()
    followed.starting = null
    if (followed.isResumed) this.#events.onResumed([group])
  }

  #answer(id: number, past: Past): void {
    const reading = this.#reading.get(id)
    this.#reading.delete(id)
    reading?.answer.resolve(past)
  }

  #onMissed(groups: MissedMessage['groups']): void {
    const resumed: string[] = []
    for (const [group, count] of groups) {
      if (count === null) resumed.push(group)
      else this.#events.onLost(group, count)
    }
    if (resumed.length > 0) this.#events.onResumed(resumed)
  }

  // Blocking code takes many messages in one turn of the event loop, and the relay must not wait for the end of the turn.
  #countTaken(weight: Weight): void {
    this.#taken.add(weight)
    if (this.#taken.isQuarterFull) return this.#tellTaken()
    if (this.#isTelling) return
    this.#isTelling = true
    setImmediate(() => {
      this.#isTelling = false
      this.#tellTaken()
    })
  }

  #tellTaken(): void {
    if (this.#taken.count === 0 || !this.#isConnected) return
    this.#port.post({ type: 'taken', ...this.#taken.clear() })
  }
}
