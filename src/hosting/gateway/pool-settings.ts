// The options of a pool, each with its default in one literal.

import { STYLE_NAMES } from '../../adapters/style-name.ts'
import { checkNumber, completeOptions, invalidOption, isObject } from '../../complete-options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { usableCores } from '../../usable-cores.ts'
import {
  BUFFERING_DEFAULTS,
  checkBuffering,
  withBufferingGroup,
} from './buffering/buffering-settings.ts'
import type { ResourceLimits } from 'node:worker_threads'
import type { StyleName } from '../../adapters/style-name.ts'
import type { ThreadTarget } from '../protocol/thread-data.ts'
import type { Complete, NumberRange } from '../../complete-options.ts'
import type { BufferingOptions, BufferingSettings } from './buffering/buffering-settings.ts'
import type { PoolSettings } from './pool.ts'
import type { ThreadSettings } from './thread-port.ts'

/** The options of {@link threads}. */
export interface ThreadOptions {
  /** The export that is the app. Default `default`. */
  export?: string | undefined
  /** The threads that run even if no request does. Default 1. */
  min?: number | undefined
  /**
   * The most threads; one that was told to end counts until it is gone. Default one per core. For a minute after a request
   * has ended its thread, one more thread is there with the app loaded, to take the place of the next such thread.
   */
  max?: number | undefined
  /**
   * The style of the export, or its adapter: `sync`, `iterable`, `events`, `node` for a handler of `node:http` such as an
   * Express app, or `fetch` for a handler of the Fetch API such as a Hono app. Default: the brand of the app, or the rule.
   */
  style?: StyleName | undefined
  /**
   * The most requests and WebSockets that a thread runs at the same time, for apps of all styles except sync. A sync app
   * always gets one request at a time. Default 64.
   */
  concurrency?: number | undefined
  /**
   * The most threads that WebSockets of a sync app may hold: each holds one for as long as it lasts. Further handshakes get 503
   * with Retry-After. 0: all handshakes get 403. It has no effect on apps of other styles, whose WebSockets count for
   * `concurrency`. Default one less than `max`, but at least 1.
   */
  maxWebSockets?: number | undefined
  /** The most requests that wait for a thread; further ones get 503 with Retry-After. Default 1,000. */
  maxQueue?: number | undefined
  /** How long a request may wait for a thread, in ms; then it gets 503 with Retry-After. Default 30,000. */
  queueTimeoutMs?: number | undefined
  /**
   * How long a request of a sync app may use its thread, or how long the event loop of a thread may stand still, in ms;
   * then the pool ends the thread and answers 504. Default 30,000.
   */
  timeoutMs?: number | undefined
  /** The number of requests after which the pool replaces a thread. Default Infinity. */
  maxRequests?: number | undefined
  /** How long a thread beyond `min` may be idle before the pool ends it, in ms. Default 30,000. */
  idleTimeoutMs?: number | undefined
  /**
   * The niceness of the threads, from 0 (the same share of a core as the event loop) to 19 (the smallest share). It
   * matters if there are fewer cores than threads. On Linux only. Default 5.
   *
   * @see nice(1)
   */
  nice?: number | undefined
  /** Limits of each thread's heap and stack, as `new Worker()` takes them. Default none. */
  resourceLimits?: ResourceLimits | undefined
  /** The threads' `process.env`. Default: a copy of the environment of this process. */
  env?: NodeJS.ProcessEnv | undefined
  /**
   * A request takes its thread when its body has arrived, and its response leaves the thread as fast as the app makes
   * it, within these bounds. `false` streams both ways: a slow client of a sync app then holds its thread. Default on for
   * sync apps; the requests of all other apps stream, unless this option is given.
   */
  buffering?: BufferingOptions | false | undefined
}

/** The completed options of {@link threads}. */
export interface ThreadPoolSettings extends ThreadSettings, Omit<PoolSettings, 'kind'> {}

type Undecided = 'max' | 'maxWebSockets' | 'style' | 'resourceLimits' | 'env'
type PoolDefaults = Complete<Omit<ThreadOptions, Undecided | 'buffering'>> & {
  [Name in Undecided]: ThreadOptions[Name]
} & { buffering: BufferingSettings }

/** The default of every option; undefined: the pool decides. */
export const POOL_DEFAULTS: PoolDefaults = {
  export: 'default',
  min: 1,
  max: undefined,
  style: undefined,
  concurrency: 64,
  maxWebSockets: undefined,
  maxQueue: 1_000,
  queueTimeoutMs: 30_000,
  timeoutMs: 30_000,
  maxRequests: Infinity,
  idleTimeoutMs: 30_000,
  nice: 5,
  resourceLimits: undefined,
  env: undefined,
  buffering: BUFFERING_DEFAULTS,
}

const RANGES = {
  // A pool starts so many threads at once.
  min: { min: 0, max: 1_024, isWhole: true },
  max: { min: 1, max: Infinity, isWhole: true },
  concurrency: { min: 1, max: Infinity, isWhole: true },
  maxWebSockets: { min: 0, max: Infinity, isWhole: true },
  maxQueue: { min: 0, max: Infinity, isWhole: true },
  queueTimeoutMs: { min: 1, max: Infinity, isTime: true },
  timeoutMs: { min: 1, max: Infinity, isTime: true },
  maxRequests: { min: 1, max: Infinity, isWhole: true },
  idleTimeoutMs: { min: 0, max: Infinity, isTime: true },
  nice: { min: 0, max: 19, isWhole: true },
} satisfies Partial<Record<keyof ThreadOptions, NumberRange>>

/**
 * Completes `options` for the app or wrap of `target`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function poolSettings(
  target: Pick<ThreadTarget, 'url' | 'kind'> & Partial<ThreadTarget>,
  options: ThreadOptions,
): ThreadPoolSettings {
  const name = target.kind === 'wrap' ? 'threadedMiddleware' : 'threads'
  const {
    export: exportName,
    style,
    ...given
  } = completeOptions(name, withBufferingGroup(name, options), POOL_DEFAULTS)
  for (const option of Object.keys(RANGES) as Array<keyof typeof RANGES>) {
    if (given[option] !== undefined) checkNumber(name, option, given[option], RANGES[option])
  }
  checkWorker(name, exportName, given)
  checkStyle(name, style)
  const bounds = { ...given, max: given.max ?? Math.max(usableCores(), given.min) }
  if (bounds.min > bounds.max) {
    throw new InvalidOptionError(`${name}(): min (${bounds.min}) is more than max (${bounds.max})`)
  }
  checkBuffering(name, bounds.buffering)
  return {
    ...bounds,
    slots: 1,
    maxWebSockets: given.maxWebSockets ?? Math.max(1, bounds.max - 1),
    multiprocess: bounds.max > 1,
    streams: options.buffering === undefined || options.buffering === false,
    target: { mountKey: undefined, style, ...target, exportName },
  }
}

function checkStyle(name: string, style: unknown): void {
  if (style === undefined || STYLE_NAMES.includes(style as StyleName)) return
  throw invalidOption(name, 'style', style, `it is one of ${STYLE_NAMES.join(', ')}`)
}

function checkWorker(
  name: string,
  exportName: unknown,
  { resourceLimits = {}, env = {} }: Pick<ThreadOptions, 'resourceLimits' | 'env'>,
): void {
  if (typeof exportName !== 'string' || exportName === '') {
    throw invalidOption(name, 'export', exportName, 'it is the name of an export')
  }
  if (!isObject(env)) throw invalidOption(name, 'env', env, 'it is an object such as process.env')
  if (!isObject(resourceLimits)) {
    throw invalidOption(name, 'resourceLimits', resourceLimits, 'it is an object of numbers')
  }
  for (const [limit, value] of Object.entries(resourceLimits)) {
    if (value !== undefined) checkNumber(name, `resourceLimits.${limit}`, value, { min: 0 })
  }
}
