// One broker for several parties: the channels of this process, and the relays of its threads and child processes.

import { ChannelsClosedError } from './errors.ts'
import { Fifo } from '../waiting/fifo.ts'
import { rejected } from '../waiting/deferred.ts'
import type { Position } from '../contract/channels.ts'
import type { Broker, BrokerEvents, BrokerFactory, Envelope, Past, Payload } from './broker.ts'

/** Follows a group at the broker while at least one party follows it. */
export class SharedBroker implements BrokerEvents {
  readonly #broker: Broker
  readonly #owner: BrokerEvents
  // The lists are never changed, only replaced: a party may come or go while a message is on its way.
  readonly #followers = new Map<string, readonly BrokerEvents[]>()
  readonly #starting = new Map<string, Promise<void>>()
  // Messages of a party that publishes while it gets a message: each party gets all messages in one order.
  readonly #inbox = new Fifo<Envelope>()
  #isDelivering = false
  #isClosed = false
  /** Messages of the other parties that the broker has not taken. */
  refused = 0

  /** @param owner gets the warnings, and the messages of groups without a follower */
  constructor(makeBroker: BrokerFactory, owner: BrokerEvents) {
    this.#owner = owner
    this.#broker = makeBroker(this)
  }

  /** The broker of one more party. Its `close` unfollows the groups of the party; that of the owner closes the broker. */
  connect(events: BrokerEvents): Broker {
    return new Party(this, events)
  }

  get isConnected(): boolean {
    return this.#broker.isConnected
  }

  get pending(): number {
    return this.#broker.pending
  }

  /** Messages of all parties that the broker had taken, and that are lost, or perhaps lost. */
  get unsent(): number {
    return this.#broker.unsent ?? 0
  }

  publish(events: BrokerEvents, group: string, payload: Payload, lost: number): boolean {
    const isTaken = !this.#isClosed && this.#broker.publish(group, payload, lost)
    if (!isTaken && events !== this.#owner) this.refused += 1
    return isTaken
  }

  follow(events: BrokerEvents, group: string): Promise<void> | undefined {
    const followers = this.#followers.get(group) ?? []
    if (!followers.includes(events)) this.#followers.set(group, [...followers, events])
    if (followers.length > 0) return this.#starting.get(group)
    const starting = this.#broker.follow(group)?.then(() => {
      if (this.#starting.get(group) === starting) this.#starting.delete(group)
    })
    if (starting) this.#starting.set(group, starting)
    return starting
  }

  unfollow(events: BrokerEvents, group: string): void {
    const followers = this.#followers.get(group)
    if (!followers?.includes(events)) return
    const others = followers.filter((follower) => follower !== events)
    if (others.length > 0) return void this.#followers.set(group, others)
    this.#followers.delete(group)
    this.#starting.delete(group)
    this.#broker.unfollow(group)
  }

  read(group: string, since: Position | null): Past | Promise<Past> {
    return this.#isClosed ? rejected(new ChannelsClosedError()) : this.#broker.read(group, since)
  }

  async close(events: BrokerEvents): Promise<void> {
    if (events === this.#owner) {
      this.#isClosed = true
      await this.#broker.close()
      return
    }
    for (const group of this.#followers.keys()) this.unfollow(events, group)
  }

  // --- the reports of the broker ---

  onMessage(envelope: Envelope): void {
    if (this.#isDelivering) return this.#inbox.push(envelope)
    this.#isDelivering = true
    try {
      for (let next: Envelope | undefined = envelope; next; next = this.#inbox.shift()) {
        this.#deliver(next)
      }
    } finally {
      this.#isDelivering = false
    }
  }

  onResumed(groups: readonly string[]): void {
    const byFollower = new Map<BrokerEvents, string[]>()
    for (const group of groups) {
      for (const events of this.#followers.get(group) ?? []) {
        const own = byFollower.get(events)
        if (own) own.push(group)
        else byFollower.set(events, [group])
      }
    }
    for (const [events, own] of byFollower) events.onResumed(own)
  }

  onLost(group: string, count: number): void {
    for (const events of this.#followers.get(group) ?? []) events.onLost(group, count)
  }

  onWarning(fields: Record<string, unknown>, message: string): void {
    this.#owner.onWarning(fields, message)
  }

  #deliver(envelope: Envelope): void {
    const followers = this.#followers.get(envelope.group)
    if (!followers) return this.#owner.onMessage(envelope)
    for (const events of followers) events.onMessage(envelope)
  }
}

/** The broker in the hands of one party. */
class Party implements Broker {
  readonly #shared: SharedBroker
  readonly #events: BrokerEvents

  constructor(shared: SharedBroker, events: BrokerEvents) {
    this.#shared = shared
    this.#events = events
  }

  get isConnected(): boolean {
    return this.#shared.isConnected
  }

  get pending(): number {
    return this.#shared.pending
  }

  publish(group: string, payload: Payload, lost = 0): boolean {
    return this.#shared.publish(this.#events, group, payload, lost)
  }

  follow(group: string): Promise<void> | undefined {
    return this.#shared.follow(this.#events, group)
  }

  unfollow(group: string): void {
    this.#shared.unfollow(this.#events, group)
  }

  read(group: string, since: Position | null): Past | Promise<Past> {
    return this.#shared.read(group, since)
  }

  close(): Promise<void> {
    return this.#shared.close(this.#events)
  }
}
