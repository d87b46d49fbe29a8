// The options of workers: their number, and the limits after which a worker is replaced.

import { InvalidOptionError } from '../errors.ts'
import { usableCores } from '../usable-cores.ts'
import { integer, limit, mebibytes, option, seconds, secondsLimit } from './option.ts'
import { numberIn } from './file-value.ts'
import type { Kind, OptionTable } from './option.ts'

/** The options of the master of several workers. */
export interface WorkersFlags {
  /** The number of worker processes; null serves in the process of the command. */
  workers: number | null
  /** The time that the event loop of a worker may stand still; 0 for no limit. */
  timeoutWorkerMs: number
  /** The requests after which a worker is replaced. */
  maxRequests: number
  /** The most requests that are added to that limit, by chance, for each worker. */
  maxRequestsJitter: number
  /** The resident memory above which a worker is replaced. */
  maxRssBytes: number
  /** The age at which a worker is replaced, less up to a tenth by chance. */
  workerLifetimeMs: number
}

/** The defaults of {@link WORKERS_OPTIONS}. */
export const WORKERS_DEFAULTS: WorkersFlags = {
  workers: null,
  timeoutWorkerMs: 30_000,
  maxRequests: Infinity,
  maxRequestsJitter: 0,
  maxRssBytes: Infinity,
  workerLifetimeMs: Infinity,
}

const MOST_WORKERS = 1_024

const workers: Kind<number | null> = {
  takes: 'value',
  read(texts) {
    const text = texts.at(-1) ?? ''
    if (text === 'auto') return usableCores()
    const count = /^\d+$/.test(text) ? Number(text) : 0
    if (count >= 1 && count <= MOST_WORKERS) return count
    throw new InvalidOptionError(
      `must be a whole number from 1 to ${MOST_WORKERS}, or "auto" for one per core`,
    )
  },
  from: (given) => {
    if (given === null || given === 'auto') return given && usableCores()
    return numberIn(given, { min: 1, max: MOST_WORKERS }, `1 to ${MOST_WORKERS}, or "auto"`)
  },
  show: (shown) => (shown === null ? 'none' : String(shown)),
}

/** `--workers`, and the flags that need it. */
export const WORKERS_OPTIONS: OptionTable<WorkersFlags> = {
  workers: option(
    'workers',
    'Worker processes under one master, or auto for one per core; without it the command serves itself',
    workers,
  ),
  timeoutWorkerMs: option(
    'timeout-worker',
    'Seconds that the event loop of a worker may stand still; then it is ended; 0 for no limit',
    seconds,
  ),
  maxRequests: option('max-requests', 'Requests after which a worker is replaced', limit(1)),
  maxRequestsJitter: option(
    'max-requests-jitter',
    'Most requests that are added to --max-requests, by chance, for each worker',
    integer(0, Number.MAX_SAFE_INTEGER),
  ),
  maxRssBytes: option('max-rss', 'Memory in MiB above which a worker is replaced', mebibytes),
  workerLifetimeMs: option(
    'worker-lifetime',
    'Seconds after which a worker is replaced, less up to a tenth by chance',
    secondsLimit,
  ),
}
