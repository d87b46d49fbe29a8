// The channels under test with their broker: in memory, or with connections that the test controls.

import { FakeBroker, FakeServer } from './fake-broker.ts'
import type { Complete } from '../../../src/complete-options.ts'
import type { Channels } from 'isthmus/channels'
import type { LocalChannels } from '../../../src/channels/local-channels.ts'
import type { MemoryBroker } from '../../../src/channels/memory/broker.ts'
import type { ChannelsOptions, settingsOf } from '../../../src/channels/options.ts'

/** The parts of the sources that a mutation changes. */
export interface Implementation {
  LocalChannels: typeof LocalChannels
  MemoryBroker: typeof MemoryBroker
  settingsOf: typeof settingsOf
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

const OPTIONS: Complete<ChannelsOptions> = {
  history: { log: { size: SIZES.log }, short: { size: SIZES.short, ttlMs: TTL_MS } },
  maxMessageBytes: 1000,
  log: null,
}

export function inMemory(sources: Implementation): Stage {
  const settings = sources.settingsOf('memory', OPTIONS)
  const channels = new sources.LocalChannels(
    (events) => new sources.MemoryBroker(events, settings.historyOf),
    settings,
  )
  return { processes: [channels, channels], brokers: [], server: null }
}

export function overFakeBrokers(sources: Implementation): Stage {
  const settings = sources.settingsOf('fake', OPTIONS)
  const server = new FakeServer((group) => Reflect.get(SIZES, group) ?? 0)
  const brokers: FakeBroker[] = []
  const open = (): Channels =>
    new sources.LocalChannels((events) => {
      const broker = new FakeBroker(server, events)
      brokers.push(broker)
      return broker
    }, settings)
  return { processes: [open(), open()], brokers, server }
}
