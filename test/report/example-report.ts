// A report with a part of every kind, for tests of its readers.

import type {
  MigrationReport,
  MountReport,
  Report,
  SideReport,
  WorkerReport,
} from '../../src/contract/report.ts'

const SIDE: SideReport = {
  hosting: 'threads',
  style: 'sync',
  requests: 9_000,
  errors: 3,
  latencyMs: { mean: 12.4, p50: 11.2, p99: 48.9, max: 120.5 },
}

const EVENTS: MountReport = {
  path: '/',
  style: 'events',
  hosting: 'loop',
  requests: {
    inFlight: 2,
    total: 120_000,
    perSecond: 812.4,
    byClass: { 2: 119_000, 3: 500, 4: 480, 5: 20 },
    disconnected: 7,
    aborted: 1,
  },
  webSockets: { open: 0, total: 0 },
  latencyMs: { mean: 1.1, p50: 0.8, p99: 6.25, max: 31.4 },
  latencyCounts: {
    count: 120_000,
    sumMs: 132_000,
    upTo: [
      { ms: 1, count: 80_000 },
      { ms: 2.5, count: 110_000 },
      { ms: 10_000, count: 119_999 },
    ],
  },
  loop: { busyMs: 41_000, blocks: 12, longestBlockMs: 31.2 },
  pool: null,
  targets: [],
}

const SYNC: MountReport = {
  ...EVENTS,
  path: '/legacy',
  style: 'sync',
  hosting: 'threads',
  requests: { ...EVENTS.requests, inFlight: 14, perSecond: 96.1, byClass: { 2: 4_000 } },
  latencyMs: { mean: 60, p50: 51.2, p99: 240.9, max: 800 },
  loop: { busyMs: 0, blocks: 0, longestBlockMs: 0 },
  pool: {
    ready: 2,
    loading: 0,
    inFlight: 2,
    queued: 12,
    refused: 4,
    timedOut: 1,
    crashes: 0,
    waitMs: { mean: 40.1, p50: 33, p99: 190.4 },
    runMs: { mean: 20, p50: 18.5, p99: 61 },
    utilization: 0.98,
  },
}

const PROXIED: MountReport = {
  ...EVENTS,
  path: '/old',
  style: null,
  hosting: 'remote',
  targets: [
    {
      url: 'http://127.0.0.1:3000',
      state: 'up',
      inFlight: 1,
      completed: 5_000,
      failed: 2,
      retried: 1,
      headMs: { mean: 30, p50: 25.5, p99: 810 },
    },
    {
      url: 'http://127.0.0.1:3001',
      state: 'down',
      inFlight: 0,
      completed: 10,
      failed: 90,
      retried: 0,
      headMs: { mean: 0, p50: 0, p99: 0 },
    },
  ],
}

/** A migration with a shadow and one mismatch. */
export const EXAMPLE_MIGRATION: MigrationReport = {
  path: '/orders',
  share: 0.1,
  from: SIDE,
  to: {
    ...SIDE,
    hosting: 'loop',
    style: 'iterable',
    requests: 1_000,
    latencyMs: { mean: 3, p50: 2.1, p99: 9.75, max: 14 },
  },
  shadow: {
    rate: 0.5,
    baseline: true,
    compared: 4_500,
    matches: 4_488,
    mismatches: 12,
    noise: 340,
    skipped: { concurrency: 3 },
    failed: 1,
    latencyMs: { mean: 3.2, p50: 2.2, p99: 10.1, max: 15 },
    last: [
      {
        at: '2026-01-02T03:04:05.678Z',
        method: 'GET',
        path: '/orders/7',
        differences: [
          { part: 'body /total', from: '12.50', to: '12.5' },
          { part: 'header etag', from: null, to: 'W/"1"' },
        ],
      },
    ],
  },
}

/** One worker of several. */
export const EXAMPLE_WORKER: WorkerReport = {
  worker: 1,
  pid: 4_712,
  state: 'ready',
  answered: true,
  uptimeMs: 61_000,
  rssBytes: 98_000_000,
  cpu: 0.31,
  loopUtilization: 0.28,
  longestBlockMs: 31,
  requests: { inFlight: 2, total: 70_000 },
  webSockets: { open: 1, total: 2 },
  predecessors: 3,
  crashes: 0,
}

/** A server with a mount of each hosting. */
export const EXAMPLE_REPORT: Report = {
  version: 1,
  at: '2026-01-02T03:04:06.000Z',
  uptimeMs: 3_725_000,
  process: {
    pid: 4_711,
    node: '22.12.0',
    rssBytes: 148_000_000,
    heapBytes: 41_000_000,
    cpu: 0.62,
    loopUtilization: 0.31,
    blocks: 14,
    longestBlockMs: 48.5,
  },
  workers: [],
  isComplete: true,
  requests: { inFlight: 19, total: 140_000 },
  webSockets: { open: 3, total: 40 },
  refused: 4,
  channels: {
    connected: true,
    subscriptions: 3,
    groups: 2,
    published: 2_000,
    pending: 0,
    delivered: 5_990,
    gaps: { slow: 1, broker: 0, epoch: 0, history: 0, publisher: 0 },
    dropped: { publisher: 0, slow: 10, unreached: 0 },
  },
  mounts: [
    EVENTS,
    SYNC,
    PROXIED,
    { ...EVENTS, path: '/live', webSockets: { open: 3, total: 40 } },
    { ...EVENTS, path: '/orders', style: null, hosting: 'migration' },
  ],
  migrations: [EXAMPLE_MIGRATION],
  advice: [
    {
      kind: 'blocks-the-loop',
      path: '/',
      text:
        '/ held the event loop 12 times, for 31 ms at most. Put it in threads(), so that the other mounts do not ' +
        'wait for it.',
    },
    {
      kind: 'mismatches',
      path: '/orders',
      text: '12 of 4,500 compared requests differ. Do not raise the share.',
    },
  ],
}
