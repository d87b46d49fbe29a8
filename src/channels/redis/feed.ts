// The groups that a process follows: subscriptions, and subscribing again after each interruption.

import { deferred } from '../../waiting/deferred.ts'
import { isRefusal } from './client.ts'
import { readFrame } from './frame.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { BrokerEvents } from '../broker.ts'
import type { NodeClient } from './client.ts'
import type { RedisNode } from './node.ts'

/** The parts of a feed, and its reports. */
interface FeedOptions {
  channelOf: (group: string) => string
  nodeOf: (group: string) => RedisNode | null
  isSharded: boolean
  events: BrokerEvents
  onRefusal: (error: Error, group: string) => void
  /** A group has moved to another server. */
  onMoved: () => void
}

const RETRY_MS = 250

/** A group that is followed. */
interface Followed {
  readonly group: string
  readonly channel: string
  /** The node that was asked for the subscription, and its connection; null while there is none. */
  node: RedisNode | null
  client: NodeClient | null
  /** Whether the node has confirmed the subscription. */
  isLive: boolean
  /** Settles with the next confirmation. */
  confirmed: Deferred<void>
  /** Whether a connection has ended since the last confirmation: an address may be known before the first one. */
  isCut: boolean
  /** The number of interruptions. */
  cuts: number
}

/** Follows groups. */
export class Feed {
  readonly #options: FeedOptions
  readonly #followed = new Map<string, Followed>()
  readonly #channels = new Map<string, Followed>()
  #isStrangerKnown = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Resolves when the messages of the group come. */
  follow(group: string): Promise<void> {
    const channel = this.#options.channelOf(group)
    const followed: Followed = {
      group,
      channel,
      node: null,
      client: null,
      isLive: false,
      confirmed: deferred(),
      isCut: false,
      cuts: 0,
    }
    this.#followed.set(group, followed)
    this.#channels.set(channel, followed)
    const node = this.#options.nodeOf(group)
    const client = node?.subscriber.client
    if (node && client) this.#subscribe(followed, node, client)
    return followed.confirmed.promise
  }

  unfollow(group: string): void {
    const followed = this.#followed.get(group)
    if (!followed) return
    this.#followed.delete(group)
    this.#channels.delete(followed.channel)
    if (followed.client) this.#unsubscribe(followed.channel, followed.client)
  }

  /** Waits until the group is followed, and returns the number of its interruptions; null if it is not followed any more. */
  async whole(group: string): Promise<number | null> {
    for (;;) {
      const followed = this.#followed.get(group)
      if (!followed) return null
      if (followed.isLive) return followed.cuts
      await followed.confirmed.promise
    }
  }

  /** The subscriber of a node has a new connection: all of its groups are subscribed to again. */
  async connected(node: RedisNode, client: NodeClient): Promise<void> {
    if (this.#options.isSharded) client.on('sharded-channel-moved', this.#onMoved)
    const groups = this.#groupsOf(node)
    const requests = groups.map((followed) => this.#request(followed, node, client))
    await Promise.all(requests)
    this.#confirm(groups, client)
  }

  /** The subscriber of a node is up: groups that were added meanwhile are subscribed to. */
  ready(node: RedisNode): void {
    const { client } = node.subscriber
    if (!client) return
    for (const followed of this.#groupsOf(node)) {
      if (followed.client !== client) this.#subscribe(followed, node, client)
    }
  }

  /** The connection of the subscriber of a node is gone. */
  disconnected(node: RedisNode): void {
    for (const followed of this.#followed.values()) {
      if (followed.node === node) interrupt(followed)
    }
  }

  /** Groups may have other servers than before: those that have are subscribed to there. */
  reroute(): void {
    for (const followed of this.#followed.values()) {
      const node = this.#options.nodeOf(followed.group)
      if (followed.node && followed.node !== node) {
        if (followed.client) this.#unsubscribe(followed.channel, followed.client)
        interrupt(followed)
      }
      const client = node?.subscriber.client
      if (node && client && !followed.client) this.#subscribe(followed, node, client)
    }
  }

  close(): void {
    clearTimeout(this.#retry)
  }

  #groupsOf(node: RedisNode): Followed[] {
    const all = [...this.#followed.values()]
    return all.filter(({ group }) => this.#options.nodeOf(group) === node)
  }

  #subscribe(followed: Followed, node: RedisNode, client: NodeClient): void {
    this.#request(followed, node, client).then(
      () => this.#confirm([followed], client),
      (error: unknown) => {
        if (node.subscriber.client === client) node.subscriber.restart(error)
      },
    )
  }

  /** Asks for the subscription. A refusal is no end of the connection: the group is tried again later. */
  async #request(followed: Followed, node: RedisNode, client: NodeClient): Promise<void> {
    followed.node = node
    followed.client = client
    const { channel, group } = followed
    try {
      if (this.#options.isSharded) await client.sSubscribe(channel, this.#onFrame, true)
      else await client.subscribe(channel, this.#onFrame, true)
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (followed.client === client) followed.client = null
      if (error.message.startsWith('MOVED ')) this.#options.onMoved()
      else this.#options.onRefusal(error, group)
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined
        this.reroute()
      }, RETRY_MS)
    }
  }

  #unsubscribe(channel: string, client: NodeClient): void {
    const gone = this.#options.isSharded
      ? client.sUnsubscribe(channel, this.#onFrame, true)
      : client.unsubscribe(channel, this.#onFrame, true)
    // The subscription ends with the connection too.
    gone.catch(() => undefined)
  }

  #confirm(groups: readonly Followed[], client: NodeClient): void {
    const resumed: string[] = []
    for (const followed of groups) {
      const { group } = followed
      if (followed.client !== client || this.#followed.get(group) !== followed) continue
      if (followed.isCut) resumed.push(group)
      followed.isCut = false
      followed.isLive = true
      followed.confirmed.resolve()
    }
    if (resumed.length > 0) this.#options.events.onResumed(resumed)
  }

  // The group has left the server of its subscription.
  readonly #onMoved = (channel: unknown): void => {
    const followed = this.#channels.get(String(channel))
    if (followed) interrupt(followed)
    this.#options.onMoved()
  }

  // One function for all channels: the client tells subscriptions apart by channel and function, and a group that is left
  // and followed again must not have two.
  readonly #onFrame = (frame: Buffer, channel: Buffer): void => {
    const followed = this.#channels.get(channel.toString())
    if (!followed) return
    followed.node?.subscriber.heard()
    const envelopes = readFrame(followed.group, frame)
    if (!envelopes) return this.#tellStranger(followed.channel)
    for (const envelope of envelopes) this.#options.events.onMessage(envelope)
  }

  #tellStranger(channel: string): void {
    if (this.#isStrangerKnown) return
    this.#isStrangerKnown = true
    this.#options.events.onWarning(
      { channel },
      'a message in Redis has another form and is ignored: does another program use this prefix?',
    )
  }
}

function interrupt(followed: Followed): void {
  // The first caller of follow() waits for the promise that is not settled.
  if (followed.isLive) followed.confirmed = deferred()
  followed.node = null
  followed.client = null
  followed.isLive = false
  followed.isCut = true
  followed.cuts += 1
}
