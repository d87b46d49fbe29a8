// The channels of the server in a thread: consumers and groups here, all messages through the relay at the gateway.

import { offerChannels } from '../../bridge/current-channels.ts'
import { LinkBroker } from '../../channels/link/link-broker.ts'
import { LocalChannels } from '../../channels/local-channels.ts'
import { settingsOf } from '../../channels/options.ts'
import { LINK_BOUNDS } from '../protocol/link-bounds.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import type { LinkBounds, ToClient, ToRelay } from '../../channels/link/messages.ts'
import type { Channels } from '../../contract/channels.ts'
import type { Log } from '../../contract/log.ts'
import type { ChannelsData, ChannelsMessage, LinkMessage } from '../protocol/messages.ts'
import type { GatewayLink } from './gateway-link.ts'

/** So many messages, or bytes, may leave before the thread looks for those that the gateway has accepted. */
const POLL_MESSAGES = 500
const POLL_BYTES = 1024 * 1024

interface Known {
  readonly channels: LocalChannels
  readonly broker: LinkBroker
}

/** The channels of one thread. */
export class HostChannels {
  readonly #link: Pick<GatewayLink, 'post' | 'flush'>
  readonly #log: Log
  readonly #bounds: LinkBounds
  readonly #known = new Map<number, Known>()
  #current: LocalChannels | undefined
  #poll: () => void = ignore
  #messages = 0
  #bytes = 0

  /** @param first the channels of the server that has started the thread */
  constructor(
    link: Pick<GatewayLink, 'post' | 'flush'>,
    first: ChannelsData | null,
    log: Log,
    bounds: LinkBounds = LINK_BOUNDS,
  ) {
    this.#link = link
    this.#log = log
    this.#bounds = bounds
    this.#use(first)
  }

  /** The channels of the requests that arrive now. */
  get current(): Channels | undefined {
    return this.#current
  }

  /** Code that publishes a lot without a pause calls `poll`, so that the gateway's acceptances arrive meanwhile. */
  pollWith(poll: () => void): void {
    this.#poll = poll
  }

  update({ channels }: ChannelsMessage): void {
    this.#use(channels)
  }

  take({ channels, message }: LinkMessage<ToClient>): void {
    this.#known.get(channels)?.broker.take(message)
  }

  #use(data: ChannelsData | null): void {
    const known = data && (this.#known.get(data.number) ?? this.#open(data))
    this.#current = known?.channels
  }

  #open({ number, ...shared }: ChannelsData): Known {
    const post = (message: ToRelay): void => this.#post(number, message)
    let broker: LinkBroker | undefined
    const channels = new LocalChannels(
      (events) => (broker = new LinkBroker(events, { post }, this.#bounds)),
      settingsOf('channels', { ...shared, log: this.#log }),
    )
    const known = { channels, broker: broker as unknown as LinkBroker }
    known.broker.connected()
    // Code outside of requests speaks through the channels of the server that has started the thread.
    if (this.#known.size === 0) offerChannels(channels)
    this.#known.set(number, known)
    return known
  }

  // At once: the app may go on for long before the next flush.
  #post(channels: number, message: ToRelay): void {
    this.#link.post({ type: 'link', channels, message: owned(message) })
    this.#link.flush()
    if (message.type === 'publish') this.#count(message.payload.length)
  }

  #count(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
    if (this.#messages < POLL_MESSAGES && this.#bytes < POLL_BYTES) return
    this.#messages = 0
    this.#bytes = 0
    this.#poll()
  }
}

// A structured clone copies the whole memory of a view.
function owned(message: ToRelay): ToRelay {
  if (message.type !== 'publish' || typeof message.payload === 'string') return message
  return { ...message, payload: ownBytes(message.payload) }
}

function ignore(): void {}
