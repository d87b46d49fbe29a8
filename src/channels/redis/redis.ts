// redis(): channels of processes on several machines, by Redis or Valkey.

import { checkNumber, completeOptions, invalidOption } from '../../complete-options.ts'
import { LocalChannels } from '../local-channels.ts'
import { settingsOf, SHARED_DEFAULTS } from '../options.ts'
import { RedisBroker } from './broker.ts'
import { ClusterRouter } from './cluster-router.ts'
import { loadRedis, singleConnection } from './client.ts'
import { SingleRouter } from './router.ts'
import { dialMaster } from './sentinel.ts'
import type { Complete } from '../../complete-options.ts'
import type { Channels } from '../../contract/channels.ts'
import type { ChannelsOptions } from '../options.ts'
import type { NodeClient } from './client.ts'
import type { ClusterClient } from './cluster-router.ts'
import type { Router, RouterParts } from './router.ts'
import type { SentinelClient } from './sentinel.ts'

/** The options of {@link redis}. */
export interface RedisOptions extends ChannelsOptions {
  /** The server: `redis://`, `rediss://` for TLS, or `unix://`. Default `redis://127.0.0.1:6379`, if `client` is not there. */
  url?: string | undefined
  /**
   * A client of the package `redis` that is not connected, from `createClient()`, `createCluster()` or `createSentinel()`.
   * Channels connect copies of this client. Default null: a client for `url`.
   */
  client?: object | null | undefined
  /** The beginning of all names in Redis, without braces. Default `isthmus:`. */
  prefix?: string | undefined
  /** The most messages that wait for the server. Further ones are dropped, and `publish` returns false. Default 10,000. */
  maxPending?: number | undefined
  /** The most bytes that wait for the server, by the length of the messages. Default 16 MiB. */
  maxPendingBytes?: number | undefined
  /**
   * The time in ms between two questions whether a silent connection is alive. A connection without an answer until the
   * next question is made again. Default 5,000.
   */
  pingIntervalMs?: number | undefined
}

const DEFAULTS: Complete<RedisOptions> = {
  ...SHARED_DEFAULTS,
  url: 'redis://127.0.0.1:6379',
  client: null,
  prefix: 'isthmus:',
  maxPending: 10_000,
  maxPendingBytes: 16 * 1024 * 1024,
  pingIntervalMs: 5_000,
}

/**
 * Makes channels that connect processes on any number of machines by Redis (6.2 or later) or Valkey. It needs the package
 * `redis`: `npm install redis`. The connections are made in the background, again and again; messages wait meanwhile.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value;
 *   {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the package `redis` is not installed
 * @see https://redis.io/docs/latest/develop/pubsub/
 * @example
 * const channels = redis({ url: 'redis://10.0.0.5', history: { board: { size: 100 } } })
 * const server = await serve(app, { channels })
 */
export function redis(options: RedisOptions = {}): Channels {
  const { url, client, prefix, maxPending, maxPendingBytes, pingIntervalMs, ...shared } =
    completeOptions('redis', options, DEFAULTS)
  const settings = settingsOf('redis', shared)
  checkNumber('redis', 'maxPending', maxPending, { min: 1, isWhole: true })
  checkNumber('redis', 'maxPendingBytes', maxPendingBytes, { min: 1, isWhole: true })
  checkNumber('redis', 'pingIntervalMs', pingIntervalMs, { min: 1, isWhole: true, isTime: true })
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw invalidOption('redis', 'prefix', prefix, 'it is text without braces')
  }
  if (typeof url !== 'string') throw invalidOption('redis', 'url', url, 'it is text')
  if (client !== null && typeof client !== 'object') {
    throw invalidOption('redis', 'client', client, 'it is a client of the package redis')
  }
  const base = client ?? loadRedis().createClient({ url })
  const [isSharded, makeRouter] = routerFor(base)
  return new LocalChannels(
    (events) =>
      new RedisBroker(events, {
        historyOf: settings.historyOf,
        prefix,
        maxPending,
        maxPendingBytes,
        pingIntervalMs,
        isSharded,
        makeRouter,
      }),
    settings,
  )
}

// The clients of the package have no common class: they are told apart by the functions that only one kind has.
function routerFor(client: object): [isSharded: boolean, (options: RouterParts) => Router] {
  if ('nodeClient' in client) {
    return [true, (options) => new ClusterRouter(options, client as ClusterClient)]
  }
  if ('getSentinelNode' in client) {
    const dial = (): Promise<NodeClient> => dialMaster(client as object as SentinelClient)
    return [false, (options) => new SingleRouter({ ...options, dial })]
  }
  if (!('duplicate' in client)) {
    throw invalidOption('redis', 'client', client, 'it is a client of the package redis')
  }
  const dial = (): NodeClient => singleConnection(client as NodeClient)
  return [false, (options) => new SingleRouter({ ...options, dial })]
}
