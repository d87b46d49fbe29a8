// Channels and their clients in one process: each message crosses in a later turn of the event loop, as data.

import { LinkBroker } from '../../../src/channels/link/link-broker.ts'
import { Relay } from '../../../src/channels/link/relay.ts'
import { LocalChannels } from '../../../src/channels/local-channels.ts'
import { MemoryBroker } from '../../../src/channels/memory/broker.ts'
import { settingsOf, SHARED_DEFAULTS } from '../../../src/channels/options.ts'
import type { LinkBounds, ToClient, ToRelay } from '../../../src/channels/link/messages.ts'
import type { ChannelsOptions } from '../../../src/channels/options.ts'

/** Messages on their way. A held wire keeps them, as a blocked reader does. */
export class Wire<Message> {
  readonly #take: (message: Message) => void
  readonly waiting: Message[] = []
  isHeld = false

  constructor(take: (message: Message) => void) {
    this.#take = take
  }

  post(message: Message): void {
    this.waiting.push(structuredClone(message))
    setImmediate(() => this.deliver())
  }

  deliver(): void {
    while (!this.isHeld && this.waiting.length > 0) this.#take(this.waiting.shift() as Message)
  }

  release(): void {
    this.isHeld = false
    this.deliver()
  }
}

export interface Client {
  channels: LocalChannels
  broker: LinkBroker
  relay: Relay
  toClient: Wire<ToClient>
  toRelay: Wire<ToRelay>
  slow: string[]
}

const BOUNDS: LinkBounds = { maxPending: 8, maxPendingBytes: 1000 }

/** The channels that relays serve their clients from. */
export function makeHub(options: ChannelsOptions = {}): LocalChannels {
  const settings = settingsOf('memory', {
    ...SHARED_DEFAULTS,
    ...(options as typeof SHARED_DEFAULTS),
  })
  return new LocalChannels((events) => new MemoryBroker(events, settings.historyOf), settings)
}

/** A client of `hub`; not connected yet. */
export function makeClient(
  hub: LocalChannels,
  options: ChannelsOptions = {},
  bounds: LinkBounds = BOUNDS,
): Client {
  const settings = settingsOf('client', {
    ...SHARED_DEFAULTS,
    ...(options as typeof SHARED_DEFAULTS),
  })
  const slow: string[] = []
  const toRelay = new Wire<ToRelay>((message) => client.relay.take(message))
  const toClient = new Wire<ToClient>((message) => client.broker.take(message))
  let broker: LinkBroker | undefined
  const channels = new LocalChannels((events) => {
    broker = new LinkBroker(events, toRelay, bounds)
    return broker
  }, settings)
  const relay = new Relay(hub, toClient, bounds, {
    onSlow: () => slow.push('slow'),
    onCaughtUp: (lost) => slow.push(`caught up after ${lost}`),
  })
  const client: Client = { channels, broker: broker as LinkBroker, relay, toClient, toRelay, slow }
  return client
}

export function connected(
  hub: LocalChannels,
  options: ChannelsOptions = {},
  bounds: LinkBounds = BOUNDS,
): Client {
  const client = makeClient(hub, options, bounds)
  client.broker.connected()
  return client
}
