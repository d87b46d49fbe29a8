// The channels under test with their broker: in memory, or behind connections that the test controls.

import { FakeBroker, FakeServer } from './fake-broker.ts'
import type { Channels } from 'isthmus/channels'
import type { ChannelsOptions } from '../../../src/channels/options.ts'

/** The parts of the sources that a mutation changes. */
export interface Implementation {
  LocalChannels: typeof import('../../../src/channels/local-channels.ts').LocalChannels
  MemoryBroker: typeof import('../../../src/channels/memory/broker.ts').MemoryBroker
  settingsOf: typeof import('../../../src/channels/options.ts').settingsOf
}

/** Channels of some processes. */
export interface Stage {
  readonly processes: readonly Channels[]
  readonly brokers: readonly FakeBroker[]
  readonly server: FakeServer | null
}

/** The groups: one with a long history, one with a short one, one without. */
export const GROUPS = ['log', 'short', 'plain'] as const
export type GroupName = (typeof GROUPS)[number]

const SIZES: Record<GroupName, number> = { log: 1000, short: 3, plain: 0 }
/** The age at which memory() drops messages of the group `short`. */
export const TTL_MS = 100

const OPTIONS: Required<ChannelsOptions> = {
  history: { log: { size: SIZES.log }, short: { size: SIZES.short, ttlMs: TTL_MS } },
  maxMessageBytes: 1000,
  log: null,
}

type Settings = Parameters<Implementation['settingsOf']>[1]

export function inMemory({ LocalChannels, MemoryBroker, settingsOf }: Implementation): Stage {
  const settings = settingsOf('memory', OPTIONS as Settings)
  const channels = new LocalChannels(
    (events) => new MemoryBroker(events, settings.historyOf),
    settings,
  )
  return { processes: [channels, channels], brokers: [], server: null }
}

export function overFakeBrokers({ LocalChannels, settingsOf }: Implementation): Stage {
  const settings = settingsOf('fake', OPTIONS as Settings)
  const server = new FakeServer((group) => Reflect.get(SIZES, group) ?? 0)
  const brokers: FakeBroker[] = []
  const open = (): Channels =>
    new LocalChannels((events) => {
      const broker = new FakeBroker(server, events)
      brokers.push(broker)
      return broker
    }, settings)
  return { processes: [open(), open()], brokers, server }
}
