// The channels of isthmus serve: where they live, and which groups keep a history.

import { isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { textIn } from './file-value.ts'
import { option } from './option.ts'
import type { ClusterChannels } from '../channels/cluster/cluster.ts'
import type { HistoryOptions } from '../channels/options.ts'
import type { Channels } from '../contract/channels.ts'
import type { Log } from '../contract/log.ts'
import type { Kind, OptionTable } from './option.ts'

/** The options of the channels that `isthmus serve` makes. */
export interface ChannelsFlags {
  /** `memory`, `cluster`, or the URL of a Redis; null is `cluster` with workers, else `memory`. */
  channels: string | null
  channelsHistory: Readonly<Record<string, HistoryOptions>>
}

/** The defaults of {@link CHANNELS_OPTIONS}. */
export const CHANNELS_DEFAULTS: ChannelsFlags = { channels: null, channelsHistory: {} }

const broker: Kind<string | null> = {
  takes: 'value',
  read(texts) {
    const text = texts.at(-1) ?? ''
    if (text === 'memory' || text === 'cluster') return text
    if (/^rediss?:\/\/./.test(text) && URL.canParse(text)) return text
    throw new InvalidOptionError('must be memory, cluster, or a URL such as redis://127.0.0.1:6379')
  },
  from: (given) => (given === null ? null : broker.read([textIn(given)])),
  show: (shown) => shown ?? 'memory; cluster with --workers',
}

const histories: Kind<ChannelsFlags['channelsHistory']> = {
  takes: 'list',
  read: (texts) => Object.fromEntries(texts.map(readHistory)),
  from(given) {
    const entries = Object.entries(isObject(given) ? given : { given: 0 })
    if (entries.every(([, one]) => isHistory(one))) return Object.fromEntries(entries)
    throw new InvalidOptionError('must be as { board: { size: 100, ttlMs: 60_000 } }')
  },
  show: () => 'none',
}

/** `--channels` and `--channels-history`. */
export const CHANNELS_OPTIONS: OptionTable<ChannelsFlags> = {
  channels: option(
    'channels',
    'Broker of the channels: memory, cluster (the processes of a parent), or redis://HOST:PORT',
    broker,
  ),
  channelsHistory: option(
    'channels-history',
    'Group that keeps its last messages, as GROUP=COUNT or GROUP=COUNT:SECONDS; GROUP may end with *; repeatable',
    histories,
  ),
}

/**
 * Makes the channels of a process that serves, and loads no other broker. Their owner closes them.
 *
 * @param isWorker whether the process is a worker of a master
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the package `redis` is needed, and is not installed
 */
export async function makeChannels(
  { channels, channelsHistory }: ChannelsFlags,
  log: Log,
  isWorker: boolean,
): Promise<Channels> {
  const shared = { history: channelsHistory, log }
  const broker = channels ?? (isWorker ? 'cluster' : 'memory')
  if (broker === 'memory') {
    const { memory } = await import('../channels/memory/memory.ts')
    return memory(shared)
  }
  if (broker !== 'cluster') {
    const { redis } = await import('../channels/redis/redis.ts')
    return redis({ url: broker, ...shared })
  }
  const { cluster } = await import('../channels/cluster/cluster.ts')
  return cluster({ ...shared, role: isWorker ? 'worker' : 'auto' })
}

/** Makes the channels of a master, which connect its workers; null if the workers have another broker. */
export async function masterChannels(
  { channels, channelsHistory }: ChannelsFlags,
  log: Log,
): Promise<ClusterChannels | null> {
  if (channels !== null && channels !== 'cluster') return null
  const role = channels === null ? 'primary' : 'auto'
  const { cluster } = await import('../channels/cluster/cluster.ts')
  return cluster({ history: channelsHistory, log, role })
}

const MS_PER_SECOND = 1000
const MOST_SECONDS = 2_147_483

function isHistory(given: unknown): given is HistoryOptions {
  if (!isObject(given)) return false
  const { size, ttlMs = 1, ...others } = given as Record<string, unknown>
  if (Object.keys(others).length > 0 || !Number.isSafeInteger(size)) return false
  return (
    Number(size) > 0 &&
    typeof ttlMs === 'number' &&
    ttlMs > 0 &&
    ttlMs <= MOST_SECONDS * MS_PER_SECOND
  )
}

function readHistory(text: string): [group: string, history: HistoryOptions] {
  const [, group = '', count, seconds] = /^([^=]+)=(\d{1,9})(?::(\d{1,7}))?$/.exec(text) ?? []
  const ttlMs = seconds === undefined ? undefined : Number(seconds) * MS_PER_SECOND
  if (Number(count) > 0 && ttlMs !== 0 && Number(seconds ?? 1) <= MOST_SECONDS) {
    return [group, { size: Number(count), ttlMs }]
  }
  throw new InvalidOptionError('must be GROUP=COUNT or GROUP=COUNT:SECONDS, such as board=100:300')
}
