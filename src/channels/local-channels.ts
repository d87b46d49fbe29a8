// The channels of one process: consumers and groups here, a broker for all that comes from elsewhere.

import { randomUUID } from 'node:crypto'
import { completeOptions } from '../complete-options.ts'
import { sharedClass } from '../shared-class.ts'
import { ChannelsClosedError, InvalidChannelError } from './errors.ts'
import { directPayload, readDirect } from './direct.ts'
import { gapEvent, MessageEvent } from './event.ts'
import { LocalGroup } from './group.ts'
import { checkGroup, DIRECT_PREFIX, payloadOf } from './options.ts'
import { SharedBroker } from './shared-broker.ts'
import { LocalSubscription } from './subscription.ts'
import type {
  Channels,
  ChannelsStats,
  GapReason,
  Joined,
  JoinOptions,
  Position,
  Subscription,
  SubscriptionOptions,
} from '../contract/channels.ts'
import type { Log } from '../contract/log.ts'
import type { Broker, BrokerEvents, BrokerFactory, Envelope, Payload } from './broker.ts'
import type { ChannelsSettings } from './options.ts'
import type { SubscriptionHub } from './subscription.ts'

type Counters = Pick<ChannelsStats, 'published' | 'delivered' | 'gaps' | 'dropped'>

/** {@link Channels} over a broker. */
export class LocalChannels implements Channels, SubscriptionHub, BrokerEvents {
  readonly #settings: ChannelsSettings
  readonly #shared: SharedBroker
  readonly #broker: Broker
  readonly #groups = new Map<string, LocalGroup>()
  readonly #subscriptions = new Set<LocalSubscription>()
  #direct: Direct | undefined
  #closing: Promise<void> | undefined
  #log: Log | null
  readonly #counters: Counters = {
    published: 0,
    delivered: 0,
    gaps: { slow: 0, broker: 0, epoch: 0, history: 0, publisher: 0 },
    dropped: { publisher: 0, slow: 0, unreached: 0 },
  }

  constructor(makeBroker: BrokerFactory, settings: ChannelsSettings) {
    this.#settings = settings
    this.#log = settings.log
    this.#shared = new SharedBroker(makeBroker, this)
    this.#broker = this.#shared.connect(this)
  }

  /** The broker of these channels for one more party, such as the relay of a thread, which closes it. */
  connect(events: BrokerEvents): Broker {
    return this.#shared.connect(events)
  }

  /**
   * Counts a message of a thread or a process that this one hosts as its own.
   *
   * @param lost the messages that the host has dropped before this one
   * @param publish passes the message on
   */
  countHosted(lost: number, publish: () => void): void {
    const { refused } = this.#shared
    publish()
    if (this.#shared.refused === refused) this.#counters.published += 1
    this.#counters.dropped.publisher += lost
  }

  /** The options that the channels of another party over {@link connect} need too. */
  get shared(): Pick<ChannelsSettings, 'history' | 'maxMessageBytes'> {
    const { history, maxMessageBytes } = this.#settings
    return { history, maxMessageBytes }
  }

  /** Gives channels without a log of their own one. */
  useLog(log: Log): void {
    this.#log ??= log
  }

  publish(group: string, message: unknown): boolean {
    checkGroup(group)
    return this.#publish(group, payloadOf(message, this.#settings.maxMessageBytes))
  }

  send(address: string, message: unknown): boolean {
    const payload = payloadOf(message, this.#settings.maxMessageBytes)
    const { group, number } = readAddress(address)
    return this.#publish(group, directPayload(number, payload))
  }

  subscribe(options: SubscriptionOptions = {}): Subscription {
    if (this.#closing) throw new ChannelsClosedError()
    const subscription = new LocalSubscription(this, options)
    this.#subscriptions.add(subscription)
    return subscription
  }

  stats(): ChannelsStats {
    const { gaps, dropped, ...counters } = this.#counters
    const { refused, unsent } = this.#shared
    return {
      connected: this.#broker.isConnected,
      subscriptions: this.#subscriptions.size,
      groups: this.#groups.size,
      pending: this.#broker.pending,
      ...counters,
      gaps: { ...gaps },
      dropped: { ...dropped, publisher: dropped.publisher + refused + unsent },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  // --- the calls of subscriptions ---

  addressOf(subscription: LocalSubscription): string {
    this.#direct ??= new Direct(this.#broker)
    return this.#direct.addressOf(subscription)
  }

  sinceOf(group: string, options: JoinOptions): Position | null {
    checkGroup(group)
    const { since } = completeOptions('join', options, { since: null as Position | null })
    checkPosition(since)
    return since
  }

  join(subscription: LocalSubscription, name: string, since: Position | null): Promise<Joined> {
    let group = this.#groups.get(name)
    group?.leave(subscription)
    if (!group) {
      const historySize = this.#settings.historyOf(name)?.size ?? 0
      group = new LocalGroup({ name, broker: this.#broker, historySize })
      this.#groups.set(name, group)
    }
    return group.join(subscription, since)
  }

  leave(subscription: LocalSubscription, name: string): void {
    const group = this.#groups.get(name)
    group?.leave(subscription)
    if (!group?.isEmpty) return
    this.#groups.delete(name)
    this.#broker.unfollow(name)
  }

  closed(subscription: LocalSubscription): void {
    this.#subscriptions.delete(subscription)
    this.#direct?.forget(subscription)
  }

  onGap(reason: GapReason): void {
    this.#counters.gaps[reason] += 1
  }

  onDelivered(): void {
    this.#counters.delivered += 1
  }

  onDropped(count: number): void {
    this.#counters.dropped.slow += count
  }

  onFault(error: unknown): void {
    this.#log?.error({ err: error }, 'onEvent of a subscription threw an error')
  }

  // --- the reports of the broker ---

  onMessage(envelope: Envelope): void {
    const group = this.#groups.get(envelope.group)
    if (group) return group.receive(envelope)
    if (!envelope.group.startsWith(DIRECT_PREFIX)) return
    if (!this.#direct?.deliver(envelope)) this.#counters.dropped.unreached += 1
  }

  onResumed(groups: readonly string[]): void {
    for (const name of groups) {
      this.#groups.get(name)?.resumed()
      this.#direct?.tellGap(name, 'broker')
    }
  }

  onLost(name: string, count: number): void {
    const group = this.#groups.get(name)
    if (group) this.#counters.dropped.slow += count * group.lost(count)
    else if (this.#direct?.tellGap(name, 'slow')) this.#counters.dropped.slow += count
  }

  onWarning(fields: Record<string, unknown>, message: string): void {
    this.#log?.warn(fields, message)
  }

  #publish(group: string, payload: Payload): boolean {
    const isTaken = !this.#closing && this.#broker.publish(group, payload)
    if (isTaken) this.#counters.published += 1
    else this.#counters.dropped.publisher += 1
    return isTaken
  }

  async #close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.close()
    await this.#broker.close()
  }
}

sharedClass('local-channels.1', LocalChannels)

/** The direct channels of a process: one group of the broker for all of its consumers. */
class Direct {
  readonly #group = `${DIRECT_PREFIX}${randomUUID()}`
  readonly #numbers = new Map<LocalSubscription, number>()
  readonly #members = new Map<number, LocalSubscription>()
  #last = 0

  constructor(broker: Broker) {
    broker.follow(this.#group)?.catch(() => undefined)
  }

  addressOf(subscription: LocalSubscription): string {
    let number = this.#numbers.get(subscription)
    if (number === undefined) {
      number = this.#last += 1
      this.#numbers.set(subscription, number)
      this.#members.set(number, subscription)
    }
    return `${this.#group}.${number}`
  }

  forget(subscription: LocalSubscription): void {
    const number = this.#numbers.get(subscription)
    if (number === undefined) return
    this.#numbers.delete(subscription)
    this.#members.delete(number)
  }

  /** Tells all consumers a gap of direct messages. False: the group is another one. */
  tellGap(group: string, reason: GapReason): boolean {
    if (group !== this.#group) return false
    for (const [number, member] of this.#members) {
      member.deliver(gapEvent(`${group}.${number}`, reason, null, null), 0)
    }
    return true
  }

  /** False: the consumer is gone. */
  deliver(envelope: Envelope): boolean {
    // The messages of all consumers have one publisher's count of losses.
    if (envelope.lost !== 0) this.tellGap(this.#group, 'publisher')
    const { number, payload } = readDirect(envelope.payload)
    const member = this.#members.get(number)
    if (!member) return false
    const group = `${this.#group}.${number}`
    member.deliver(new MessageEvent({ ...envelope, group, payload }), 0)
    return true
  }
}

function readAddress(address: unknown): { group: string; number: number } {
  const match = typeof address === 'string' ? ADDRESS.exec(address) : null
  if (match) return { group: match[1] as string, number: Number(match[2]) }
  throw new InvalidChannelError('an address is the property address of a subscription')
}

const ADDRESS = /^(isthmus\.direct\.[0-9a-f-]{36})\.(\d{1,15})$/

// An epoch of a page may be any text of its client.
const EPOCH = /^[\da-zA-Z-]{0,64}$/

function checkPosition(since: unknown): void {
  if (since === null) return
  const { epoch, offset } = since as { epoch?: unknown; offset?: unknown }
  const isEpoch = typeof epoch === 'string' && EPOCH.test(epoch)
  if (isEpoch && Number.isSafeInteger(offset) && Number(offset) >= 0) return
  throw new InvalidChannelError('a position is an epoch and an offset, as a message carries them')
}
