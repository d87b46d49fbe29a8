// The options of a pool, each with its default in one literal.

import { availableParallelism } from 'node:os'
import { InvalidOptionError } from '../../errors.ts'
import type { ResourceLimits } from 'node:worker_threads'
import type { ThreadTarget } from '../protocol/thread-data.ts'
import type { PoolSettings } from './pool.ts'

/** The options of {@link threads}. */
export interface ThreadOptions {
  /** The export that is the app. Default `default`. */
  export?: string
  /** Threads that are always there. Default 1. */
  min?: number
  /** The most threads. Default one per core. */
  max?: number
  /** Requests that may wait for a thread; then 503 with Retry-After. Default 1,000. */
  maxQueue?: number
  /** How long a request may have its thread, in ms; then the thread is ended, and 504. Default 30,000. */
  timeoutMs?: number
  /** Requests after which a thread is replaced. Default Infinity. */
  maxRequests?: number
  /** How long a thread above `min` may be idle, in ms. Default 30,000. */
  idleTimeoutMs?: number
  /**
   * How far the threads stand back behind the event loop where cores are scarce, 0 (not at all) to 19, as nice(1) has it.
   * On Linux only. Default 5.
   */
  nice?: number
  /** Bounds of each thread's heap and stack, as `new Worker` takes them. Default none. */
  resourceLimits?: ResourceLimits
  /** The threads' `process.env`. Default a copy of this process's. */
  env?: NodeJS.ProcessEnv
}

const DEFAULTS = {
  export: 'default',
  min: 1,
  maxQueue: 1_000,
  timeoutMs: 30_000,
  maxRequests: Infinity,
  idleTimeoutMs: 30_000,
  nice: 5,
  resourceLimits: undefined,
  env: undefined,
}

const MOST_NICE = 19
const LEAST = {
  min: 0,
  max: 1,
  maxQueue: 0,
  timeoutMs: 1,
  maxRequests: 1,
  idleTimeoutMs: 0,
  nice: 0,
}

/**
 * Completes `options` for the app or wrap in `module`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function poolSettings(
  target: Pick<ThreadTarget, 'url' | 'kind'> & Partial<ThreadTarget>,
  options: ThreadOptions,
): PoolSettings {
  const max = options.max ?? Math.max(availableParallelism(), options.min ?? 1)
  const { export: exportName, ...bounds } = { ...DEFAULTS, ...defined(options), max }
  refuseUnknown(options)
  for (const [name, least] of Object.entries(LEAST)) {
    const value: unknown = bounds[name as keyof typeof LEAST]
    if (typeof value === 'number' && value >= least) continue
    throw new InvalidOptionError(`threads(): option "${name}" cannot be ${String(value)}`)
  }
  if (!Number.isInteger(bounds.nice) || bounds.nice > MOST_NICE) {
    throw new InvalidOptionError(
      `threads(): option "nice" cannot be ${bounds.nice}; it is an integer from 0 to ${MOST_NICE}`,
    )
  }
  if (bounds.min > max) {
    throw new InvalidOptionError(`threads(): min (${bounds.min}) is more than max (${max})`)
  }
  return {
    ...bounds,
    multiprocess: max > 1,
    target: { mountKey: undefined, isBranded: false, ...target, exportName },
  }
}

function refuseUnknown(options: ThreadOptions): void {
  const known = [...Object.keys(DEFAULTS), 'max']
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new InvalidOptionError(
    `threads(): unknown option "${unknown}"; they are ${known.join(', ')}`,
  )
}

function defined(options: ThreadOptions): ThreadOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
