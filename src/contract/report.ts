// The report of a running server: the value that `isthmus report --json` prints. Types only.

import type { ChannelsStats } from './channels.ts'

/** Durations in ms over the last minute. All are 0 before the first one. */
export interface Durations {
  mean: number
  /** The median. */
  p50: number
  p99: number
  max: number
}

/** Durations since the start of the server, counted by length, so that they can be added up over servers and over time. */
export interface DurationCounts {
  count: number
  sumMs: number
  /** The durations up to each bound in ms, those of the bounds below included. The longest ones have no bound. */
  upTo: Array<{ ms: number; count: number }>
}

/** The figures of a server at one moment. Totals count from the start of the server, or of the pool that has them. */
export interface Report {
  /** The version of this form. */
  version: 1
  /** ISO 8601. */
  at: string
  uptimeMs: number
  /** With workers: the sums of memory and CPU over all processes, and the mean of the loops. The process is the master. */
  process: ProcessReport
  /** The worker processes; empty for a server in one process. All other figures are those of all workers together. */
  workers: WorkerReport[]
  /** False if figures of a worker are missing or old: it has not answered, or the master has not. */
  isComplete: boolean
  requests: { inFlight: number; total: number }
  webSockets: { open: number; total: number }
  /** Requests that got 503 above `maxConcurrency` or during the shutdown. */
  refused: number
  /** The counters of the channels; null without channels. */
  channels: ChannelsStats | null
  /** The mounts in the order of the table; one with the path `/` for a server without a table. */
  mounts: MountReport[]
  migrations: MigrationReport[]
  /** The most urgent one first. */
  advice: Advice[]
}

/** The process of the server. */
export interface ProcessReport {
  pid: number
  node: string
  rssBytes: number
  heapBytes: number
  /** The part of one core that the process used in the last minute; above 1 with several threads. */
  cpu: number
  /** The part of the last minute in which the event loop was busy, from 0 to 1. */
  loopUtilization: number
  /** The times that code held the event loop for 25 ms or longer, also those that belong to no mount. */
  blocks: number
  /** The longest one since the start, in ms. */
  longestBlockMs: number
}

/** One worker process of a server with several. */
export interface WorkerReport {
  /** The number of its place, from 1 on: its successor has the same one. */
  worker: number
  pid: number
  state: 'starting' | 'ready' | 'draining'
  /** False if it has not answered in time: its figures are the last known ones, or 0. */
  answered: boolean
  uptimeMs: number
  rssBytes: number
  /** The part of one core that it used in the last minute. */
  cpu: number
  loopUtilization: number
  longestBlockMs: number
  requests: { inFlight: number; total: number }
  webSockets: { open: number; total: number }
  /** The processes that had this place before, and those of them that ended by themselves. */
  predecessors: number
  crashes: number
}

/** One mounted app. */
export interface MountReport {
  /** The path at which the app is mounted; `/` for the root. */
  path: string
  /** The style in which the app is written; null if the event loop cannot tell, as for an app that runs elsewhere. */
  style: 'sync' | 'iterable' | 'events' | null
  hosting: 'loop' | 'threads' | 'python' | 'remote' | 'migration'
  requests: {
    inFlight: number
    total: number
    /** In the last minute. */
    perSecond: number
    /** Responses by the first digit of the status: `{ 2: 120, 5: 1 }`. */
    byClass: Record<string, number>
    /** The client left before the last byte. */
    disconnected: number
    /** The response broke off. */
    aborted: number
  }
  webSockets: { open: number; total: number }
  /** From the head of the request to the last byte of the response. */
  latencyMs: Durations
  /** The same durations since the start. */
  latencyCounts: DurationCounts
  loop: LoopReport
  /** Null for an app on the event loop or elsewhere. */
  pool: PoolReport | null
  /** Empty if the app is no `remote()`. */
  targets: TargetReport[]
}

/** The time that an app has taken the event loop of the server for itself. */
export interface LoopReport {
  busyMs: number
  /** The times that the app held the event loop for 25 ms or longer. */
  blocks: number
  /** The longest one since the start, in ms. */
  longestBlockMs: number
}

/** The hosts of an app in threads or processes. */
export interface PoolReport {
  /** Hosts that can take requests, and those that start. */
  ready: number
  loading: number
  inFlight: number
  queued: number
  refused: number
  timedOut: number
  crashes: number
  /** Since the start of the pool. */
  waitMs: { mean: number; p50: number; p99: number }
  runMs: { mean: number; p50: number; p99: number }
  /** From 0 to 1. */
  utilization: number
}

/** One target of `remote()`. */
export interface TargetReport {
  url: string
  state: 'up' | 'down' | 'returning'
  inFlight: number
  completed: number
  failed: number
  retried: number
  /** From the request to the head of the response. */
  headMs: { mean: number; p50: number; p99: number }
}

/** One `migrate()`. */
export interface MigrationReport {
  /** The path at which it is mounted. */
  path: string
  /** The part of the clients that the new app answers, from 0 to 1. */
  share: number
  from: SideReport
  to: SideReport
  /** Null without a shadow. */
  shadow: ShadowReport | null
}

/** One of the two apps of a migration. */
export interface SideReport {
  hosting: MountReport['hosting']
  style: MountReport['style']
  requests: number
  /** Responses with a status from 500 on, and exchanges that broke off. */
  errors: number
  latencyMs: Durations
}

/** The comparisons of a migration. */
export interface ShadowReport {
  /** The part of the requests that are copied, from 0 to 1. */
  rate: number
  baseline: boolean
  compared: number
  matches: number
  mismatches: number
  /** Differences that the old app has with itself. */
  noise: number
  /** Copies that were not made, by reason: the concurrency, the size of a body … */
  skipped: Record<string, number>
  /** Copies that the new app did not answer: it threw, or took too long. */
  failed: number
  /** The latencies of the copies: those of the old app are in `from`. */
  latencyMs: Durations
  /** The last ones, the newest first. */
  last: MismatchReport[]
}

/** One request that the two apps answer differently. */
export interface MismatchReport {
  /** ISO 8601. */
  at: string
  method: string
  path: string
  differences: Difference[]
}

/** The smallest part in which two responses differ. */
export interface Difference {
  /** `status`, `header content-type`, or `body` with a JSON pointer (RFC 6901) or an offset: `body /items/0/price`, `body @120`. */
  part: string
  /** The values, shortened and redacted; null where it is absent. */
  from: string | null
  to: string | null
}

/** A finding and what to do about it. */
export interface Advice {
  kind:
    | 'worker-is-silent'
    | 'worker-crashes'
    | 'uneven-workers'
    | 'blocks-the-loop'
    | 'waits-for-a-thread'
    | 'slow-upstream'
    | 'errors'
    | 'mismatches'
    | 'can-switch'
    | 'migrate-next'
  /** The path of the mount; empty for the server as a whole. */
  path: string
  /** One or two sentences: the finding with its figures, and the remedy. */
  text: string
}
