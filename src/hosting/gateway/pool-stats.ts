// The figures of a pool for its user.

import type { BufferStats } from './buffering/buffers.ts'
import type { HostCounts } from './scheduler/hosts.ts'
import type { Runs } from '../protocol/messages.ts'
import type { LoadStats } from './scheduler/load-stats.ts'

/** The load of a pool, without its hosts. */
export interface HostedStats extends LoadStats {
  /**
   * `inTurn`: a host runs one request after the other, those of a sync app. `sideBySide`: it runs many at the same time, those
   * of any other app. Null before the first host has loaded the app.
   */
  runs: Runs | null
  /** The bodies that the pool holds for slow clients. */
  buffering: BufferStats
}

/** The load of a pool, and its hosts by their phase. */
export interface Load extends HostedStats {
  hosts: HostCounts
}

/** The load of the threads at one moment, and the totals since their pool was opened. */
export interface PoolStats extends HostedStats {
  /** The threads by their phase. */
  threads: HostCounts
}

const NO_TIMES = Object.freeze({ mean: 0, p50: 0, p99: 0 })

/** The figures before the first request, and after the end of lifespan. */
export function emptyLoad(): Load {
  return {
    hosts: { loading: 0, ready: 0, retiring: 0, ending: 0, spare: 0 },
    runs: null,
    inFlight: 0,
    queued: 0,
    webSockets: 0,
    completed: 0,
    refused: 0,
    timedOut: 0,
    crashes: 0,
    waitMs: { ...NO_TIMES },
    runMs: { ...NO_TIMES },
    utilization: 0,
    buffering: { requests: 0, memoryBytes: 0, fileBytes: 0 },
  }
}
