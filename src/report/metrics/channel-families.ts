// The metrics of channels.

import { counter, gauge, sample } from './family.ts'
import type { ChannelsStats } from '../../contract/channels.ts'
import type { Family, Sample, Samples } from './family.ts'

/** The families of the channels of a server. */
export const CHANNEL_FAMILIES: readonly Family[] = [
  gauge(
    'isthmus_channels_connected',
    'Whether the broker of the channels is reachable.',
    of(({ connected }) => [sample({}, connected ? 1 : 0)]),
  ),
  gauge(
    'isthmus_channels_subscriptions',
    'Consumers that are open.',
    of(({ subscriptions }) => [sample({}, subscriptions)]),
  ),
  gauge(
    'isthmus_channels_groups',
    'Groups that have a consumer in this process.',
    of(({ groups }) => [sample({}, groups)]),
  ),
  gauge(
    'isthmus_channels_pending_messages',
    'Published messages that wait for the broker.',
    of(({ pending }) => [sample({}, pending)]),
  ),
  counter(
    'isthmus_channels_published_messages_total',
    'Messages that this process has published.',
    of(({ published }) => [sample({}, published)]),
  ),
  counter(
    'isthmus_channels_delivered_messages_total',
    'Messages that were given to consumers, one for each consumer.',
    of(({ delivered }) => [sample({}, delivered)]),
  ),
  counter(
    'isthmus_channels_dropped_messages_total',
    'Messages that are lost, by the place of the loss.',
    of(({ dropped }) => Object.entries(dropped).map(([at, count]) => sample({ at }, count))),
  ),
  counter(
    'isthmus_channels_gaps_total',
    'Gaps that consumers were told, by reason.',
    of(({ gaps }) => Object.entries(gaps).map(([reason, count]) => sample({ reason }, count))),
  ),
]

function of(samplesOf: (channels: ChannelsStats) => Sample[]): Samples {
  return ({ channels }) => (channels ? samplesOf(channels) : [])
}
