// The options of threads() on the command line: those of the pools that isthmus serve makes.

import { POOL_DEFAULTS } from '../hosting/gateway/pool-settings.ts'
import * as kind from './option.ts'
import { option } from './option.ts'
import { MOST_THREADS } from './options-table.ts'
import type { ThreadOptions } from '../hosting/gateway/pool-settings.ts'
import type { OptionTable } from './option.ts'

/** The options of `threads()` that a flag can express, for the pools that the command line makes. */
export interface PoolFlags extends Pick<
  typeof POOL_DEFAULTS,
  | 'concurrency'
  | 'maxQueue'
  | 'queueTimeoutMs'
  | 'timeoutMs'
  | 'maxRequests'
  | 'idleTimeoutMs'
  | 'nice'
> {
  /** The threads that run even if no request does; null: all of `--threads`. */
  min: number | null
  /** `maxWebSockets`; null: one less than `--threads`. */
  maxWebSockets: number | null
  /** `resourceLimits.maxOldGenerationSizeMb`; null: that of Node. */
  maxOldGenerationSizeMb: number | null
  buffering: boolean
}

/** The defaults of {@link POOL_OPTIONS}. */
export const POOL_FLAG_DEFAULTS: PoolFlags = {
  ...POOL_DEFAULTS,
  min: null,
  maxWebSockets: null,
  maxOldGenerationSizeMb: null,
  buffering: true,
}

const allThreads: kind.Kind<number | null> = {
  ...kind.integer(0, MOST_THREADS),
  show: () => 'as --threads',
}

const allButOne: kind.Kind<number | null> = {
  ...kind.integer(0, MOST_THREADS),
  show: () => 'one less than --threads, at least 1',
}

/** The options of the pools that the command line makes: one for each sync app and each `threads:` app. */
export const POOL_OPTIONS: OptionTable<PoolFlags> = {
  min: option('threads-min', 'Threads that run even if no request does', allThreads),
  timeoutMs: option(
    'threads-timeout',
    'Seconds that a sync request may use its thread, or that the loop of a thread may stand still; then 504',
    kind.secondsLimit,
  ),
  maxQueue: option(
    'threads-queue',
    'Most requests that wait for a thread; further ones get 503',
    kind.limit(0),
  ),
  queueTimeoutMs: option(
    'threads-queue-timeout',
    'Seconds that a request may wait for a thread; then 503',
    kind.secondsLimit,
  ),
  maxWebSockets: option(
    'threads-max-websockets',
    'Most threads that WebSockets of a sync app may hold; further ones get 503',
    allButOne,
  ),
  concurrency: option(
    'threads-concurrency',
    'Most requests and WebSockets of a thread at once; a sync app has one request at a time',
    kind.limit(1),
  ),
  maxRequests: option(
    'threads-max-requests',
    'Requests after which a thread is replaced',
    kind.limit(1),
  ),
  idleTimeoutMs: option(
    'threads-idle-timeout',
    'Seconds that a thread above --threads-min may be idle before it ends',
    kind.seconds,
  ),
  nice: option('threads-nice', 'Niceness of the threads, on Linux', kind.integer(0, 19)),
  maxOldGenerationSizeMb: option(
    'threads-max-old-space-size',
    'MiB of heap of each thread, as for node --max-old-space-size',
    kind.optional(kind.integer(1, Number.MAX_SAFE_INTEGER)),
  ),
  buffering: option(
    'threads-buffering',
    'Keep the bodies of slow clients of a sync app, so that no thread waits for them',
    kind.toggle,
  ),
}

/** Makes options of `threads()`; the flags that are at their default leave the decision to the pool. */
export function poolOptions(flags: PoolFlags): ThreadOptions {
  const { min, maxWebSockets, maxOldGenerationSizeMb, buffering, ...others } = flags
  return {
    ...others,
    ...(min !== null && { min }),
    ...(maxWebSockets !== null && { maxWebSockets }),
    ...(maxOldGenerationSizeMb !== null && { resourceLimits: { maxOldGenerationSizeMb } }),
    // The value true would buffer the requests of apps that await, too.
    ...(!buffering && { buffering }),
  }
}
