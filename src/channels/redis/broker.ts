// The broker over Redis: messages out, messages in, and the state of the connections.

import { randomBytes } from 'node:crypto'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { ChannelsClosedError } from '../errors.ts'
import { deferred } from '../../waiting/deferred.ts'
import { isRefusal } from './client.ts'
import { Feed } from './feed.ts'
import { readEntry } from './frame.ts'
import { keysOf } from './keys.ts'
import { Outbox, placeTtlMs } from './outbox.ts'
import { runScript } from './run-script.ts'
import { READ } from './scripts.ts'
import type { Position } from '../../contract/channels.ts'
import type { Broker, BrokerEvents, Envelope, Past, Payload } from '../broker.ts'
import type { HistoryTable } from '../options.ts'
import type { RedisNode } from './node.ts'
import type { Router, RouterParts } from './router.ts'

/** The parts and bounds of a broker over Redis. */
interface RedisBrokerOptions {
  historyOf: HistoryTable
  prefix: string
  maxPending: number
  maxPendingBytes: number
  pingIntervalMs: number
  /** Whether the servers are a cluster, in which a message goes to the node of its group only. */
  isSharded: boolean
  makeRouter: (options: RouterParts) => Router
}

const CLOSE_MS = 1_000
const READ_RETRY_MS = 250

/** Connects processes by Redis. */
export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions
  readonly #events: BrokerEvents
  readonly #router: Router
  readonly #outbox: Outbox
  readonly #feed: Feed
  readonly #closed = deferred<never>()
  #isClosed = false
  #isAway = false
  #refusal = ''
  // Wakes the reads that wait for a connection.
  #change = deferred()

  constructor(events: BrokerEvents, options: RedisBrokerOptions) {
    const { historyOf, prefix, maxPending, maxPendingBytes, isSharded } = options
    this.#options = options
    this.#events = events
    const nodeOf = (group: string): RedisNode | null => this.#router.nodeOf(group)
    this.#feed = new Feed({
      channelOf: (group) => keysOf(prefix, group).channel,
      nodeOf,
      isSharded,
      events,
      onRefusal: (error, group) => this.#onRefusal(error, group),
      onMoved: () => this.#router.refresh(),
    })
    this.#outbox = new Outbox({
      historyOf,
      keysOf: (group) => keysOf(prefix, group),
      nodeOf,
      maxPending,
      maxPendingBytes,
      isSharded,
      onRefusal: (error, group) => this.#onRefusal(error, group),
      onMoved: () => this.#router.refresh(),
    })
    this.#router = options.makeRouter({
      pingIntervalMs: options.pingIntervalMs,
      onSubscriber: (node, client) => this.#feed.connected(node, client),
      onSubscriberChange: (node, isUp) => {
        if (isUp) this.#feed.ready(node)
        else this.#feed.disconnected(node)
      },
      onChange: (_, isUp, error) => this.#onChange(isUp, error),
      onRouted: () => this.#onRouted(),
      onUnknown: (error) => this.#tellState(error),
    })
  }

  get isConnected(): boolean {
    return this.#router.isConnected
  }

  get pending(): number {
    return this.#outbox.pending
  }

  get unsent(): number {
    return this.#outbox.unsent
  }

  publish(group: string, payload: Payload, lost = 0): boolean {
    return !this.#isClosed && this.#outbox.publish(group, payload, lost)
  }

  follow(group: string): Promise<void> {
    return this.#feed.follow(group)
  }

  unfollow(group: string): void {
    this.#feed.unfollow(group)
  }

  // A past that was read while the feed was interrupted may end before the feed goes on, so it is read again.
  async read(group: string, since: Position | null): Promise<Past> {
    for (;;) {
      const cuts = await this.#unlessClosed(this.#feed.whole(group))
      const past = await this.#readOnce(group, since)
      if (past && (cuts === null || cuts === (await this.#unlessClosed(this.#feed.whole(group))))) {
        return past
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await settlesWithin(this.#outbox.drained(), CLOSE_MS)
    this.#closed.reject(new ChannelsClosedError())
    this.#outbox.close()
    this.#feed.close()
    this.#router.close()
  }

  /** Null: the connection was away. */
  async #readOnce(group: string, since: Position | null): Promise<Past | null> {
    const node = this.#router.nodeOf(group)
    const client = node?.publisher.client
    if (!node || !client) {
      await this.#unlessClosed(this.#change.promise)
      return null
    }
    const { historyOf, prefix } = this.#options
    const { log, place } = keysOf(prefix, group)
    const ttlMs = historyOf(group)?.ttlMs ?? 1
    const after = since ? [since.epoch, String(since.offset)] : ['', '']
    const epoch = randomBytes(6).toString('hex')
    const values = [node.life, epoch, String(placeTtlMs(ttlMs)), String(ttlMs), '', ...after]
    try {
      const answer = await this.#unlessClosed(runScript(client, READ, [log, place], values))
      return pastOf(group, answer as Buffer[])
    } catch (error) {
      if (error instanceof ChannelsClosedError) throw error
      if (isRefusal(error)) this.#onRefusal(error, group)
      await this.#unlessClosed(pause())
      return null
    }
  }

  #unlessClosed<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#closed.promise])
  }

  #onChange(isUp: boolean, error: unknown): void {
    if (this.#isClosed) return
    if (isUp) this.#goOn()
    else this.#router.refresh()
    this.#tellState(error)
  }

  #onRouted(): void {
    this.#feed.reroute()
    this.#goOn()
    this.#tellState(null)
  }

  #goOn(): void {
    this.#change.resolve()
    this.#change = deferred()
    this.#outbox.resume()
  }

  // One line for each change, and none for an attempt.
  #tellState(error: unknown): void {
    const { isConnected } = this.#router
    if (error !== null && !this.#isAway) {
      this.#isAway = true
      this.#events.onWarning({ err: error }, 'Redis is not reachable: messages of channels wait')
    } else if (isConnected && this.#isAway) {
      this.#isAway = false
      this.#events.onWarning({}, 'Redis is reachable again: channels go on')
    }
  }

  // One line for each kind of error that follows another one.
  #onRefusal(error: Error, group: string): void {
    const kind = error.message.slice(0, error.message.indexOf(' '))
    if (kind === this.#refusal) return
    this.#refusal = kind
    this.#events.onWarning({ err: error, group }, 'Redis refuses a message of channels')
  }
}

function pastOf(group: string, [epoch, offset, ...items]: readonly Buffer[]): Past {
  const position = { epoch: String(epoch), offset: Number(offset) }
  const messages: Envelope[] = []
  for (let at = 0; at + 1 < items.length; at += 2) {
    const place = { epoch: position.epoch, offset: Number(items[at]) }
    const message = readEntry(group, items[at + 1] as Buffer, place)
    if (message) messages.push(message)
  }
  return { position, messages }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, READ_RETRY_MS)
  })
}
