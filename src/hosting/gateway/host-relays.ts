// The channels of one host: a relay for each of the channels that its requests have.

import { Relay } from '../../channels/link/relay.ts'
import { LINK_BOUNDS } from '../protocol/link-bounds.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import type { LocalChannels } from '../../channels/local-channels.ts'
import type { Envelope } from '../../channels/broker.ts'
import type { ToClient, ToRelay } from '../../channels/link/messages.ts'
import type { Channels } from '../../contract/channels.ts'
import type { ChannelsData, ChannelsMessage, LinkMessage, ToHost } from '../protocol/messages.ts'

interface Served {
  readonly channels: LocalChannels
  readonly data: ChannelsData
  readonly relay: Relay
}

/** Serves the channels of a host. Its owner closes it when the host is gone. */
export class HostRelays {
  readonly #post: (message: ToHost) => void
  readonly #served = new Map<Channels, Served>()
  #current: Channels | undefined

  /** @param post sends a message to the host */
  constructor(post: (message: ToHost) => void) {
    this.#post = post
  }

  /** The first channels of the host, as data for its start; null for none. */
  start(channels: Channels | undefined): ChannelsData | null {
    this.#current = channels
    return this.#dataOf(channels)
  }

  /** Returns the message to send before a request with these channels; null if the request before had the same ones. */
  change(channels: Channels | undefined): ChannelsMessage | null {
    if (channels === this.#current) return null
    this.#current = channels
    return { type: 'channels', channels: this.#dataOf(channels) }
  }

  /**
   * Takes a message of the host.
   *
   * @throws Error if the host cannot have sent it
   */
  take({ channels, message }: LinkMessage<ToRelay>): void {
    const served = [...this.#served.values()].find(({ data }) => data.number === channels)
    if (!served) throw new Error(`the host has no channels with the number ${channels}`)
    if (message.type !== 'publish') return served.relay.take(message)
    checkPublished(message, served.data)
    served.channels.countHosted(message.lost, () => served.relay.take(message))
  }

  close(): void {
    for (const { relay } of this.#served.values()) relay.close()
    this.#served.clear()
  }

  #dataOf(channels: Channels | undefined): ChannelsData | null {
    if (!channels || !isLocal(channels)) return null
    const known = this.#served.get(channels) ?? this.#serve(channels)
    return known.data
  }

  #serve(channels: LocalChannels): Served {
    const number = this.#served.size + 1
    const post = (message: ToClient): void =>
      this.#post({ type: 'link', channels: number, message: owned(message) })
    const relay = new Relay(channels, { post }, LINK_BOUNDS)
    const served = { channels, data: { number, ...channels.shared }, relay }
    this.#served.set(channels, served)
    return served
  }
}

// Another implementation of the interface has no broker to share. Another copy of the package has.
function isLocal(channels: Channels): channels is LocalChannels {
  return 'connect' in channels && 'shared' in channels
}

// The host has checked the message: only one that breaks the protocol sends another one.
function checkPublished(
  { group, payload }: Extract<ToRelay, { type: 'publish' }>,
  { maxMessageBytes }: ChannelsData,
): void {
  if (
    group !== '' &&
    group.length <= MAX_GROUP_CHARS &&
    payload.length <= maxMessageBytes + DIRECT_BYTES
  )
    return
  throw new Error('the host has published a message that its channels do not allow')
}

const MAX_GROUP_CHARS = 255
/** The number of the consumer in front of a direct message. */
const DIRECT_BYTES = 16

// A structured clone copies the whole memory of a view.
function owned(message: ToClient): ToClient {
  if (message.type === 'message') return { ...message, envelope: ownedEnvelope(message.envelope) }
  if (message.type !== 'past') return message
  const messages = message.past.messages.map(ownedEnvelope)
  return { ...message, past: { ...message.past, messages } }
}

function ownedEnvelope(envelope: Envelope): Envelope {
  const { payload } = envelope
  return typeof payload === 'string' ? envelope : { ...envelope, payload: ownBytes(payload) }
}
