// The advice on a report: each finding at its threshold, and none below it.

import { describe, expect, it } from 'vitest'
import { adviceOn } from '../../src/report/advice.ts'
import type { MigrationReport, MountReport, PoolReport, Report } from '../../src/contract/report.ts'

const NO_TIMES = { mean: 0, p50: 0, p99: 0, max: 0 }
const POOL: PoolReport = {
  ready: 2,
  loading: 0,
  inFlight: 0,
  queued: 3,
  refused: 0,
  timedOut: 0,
  crashes: 0,
  waitMs: { mean: 0, p50: 0, p99: 0 },
  runMs: { mean: 20, p50: 20, p99: 60 },
  utilization: 0.2,
}

function mountOf(path: string, parts: Partial<MountReport>, total = 1_000): MountReport {
  return {
    path,
    style: 'events',
    hosting: 'loop',
    requests: {
      inFlight: 0,
      total,
      perSecond: 20,
      byClass: { 2: total },
      disconnected: 0,
      aborted: 0,
    },
    webSockets: { open: 0, total: 0 },
    latencyMs: NO_TIMES,
    latencyCounts: { count: 0, sumMs: 0, upTo: [] },
    loop: { busyMs: 0, blocks: 0, longestBlockMs: 0 },
    pool: null,
    targets: [],
    ...parts,
  }
}

function migrationOf(
  parts: Partial<NonNullable<MigrationReport['shadow']>>,
  share = 0.1,
): MigrationReport {
  const side = {
    hosting: 'loop',
    style: 'events',
    requests: 1,
    errors: 0,
    latencyMs: NO_TIMES,
  } as const
  const shadow = {
    rate: 1,
    baseline: true,
    compared: 1_000,
    matches: 1_000,
    mismatches: 0,
    noise: 0,
    skipped: {},
    failed: 0,
    latencyMs: NO_TIMES,
    last: [],
    ...parts,
  }
  return { path: '/orders', share, from: side, to: side, shadow }
}

function texts(mounts: MountReport[], migrations: MigrationReport[] = []): string[] {
  return adviceOn({ mounts, migrations, workers: [], uptimeMs: 10_000 } as unknown as Report).map(
    ({ kind, text }) => `${kind} | ${text}`,
  )
}

describe('the advice', () => {
  it('names the app that holds the loop longest first', () => {
    const found = texts([
      mountOf('/a', { loop: { busyMs: 900, blocks: 3, longestBlockMs: 31.4 } }),
      mountOf('/b', { loop: { busyMs: 2_500, blocks: 50, longestBlockMs: 80 } }),
      mountOf('/c', { loop: { busyMs: 60, blocks: 2, longestBlockMs: 30 } }),
    ])
    expect(found).toEqual([
      'blocks-the-loop | /b holds the event loop: 50 times for 25 ms or longer, at most 80 ms, 25 % of the time. ' +
        'All other requests and WebSockets wait meanwhile. Host it with threads().',
      expect.stringMatching(/^blocks-the-loop \| \/a holds the event loop: 3 times .* 31 ms, 9 % /),
    ])
  })

  it('tells a pool that waits from one that works', () => {
    const waiting = { ...POOL, waitMs: { mean: 80, p50: 70, p99: 100 } }
    const [waits, next, ...others] = texts([
      mountOf('/legacy', { style: 'sync', hosting: 'threads', pool: waiting }),
      mountOf('/quick', {
        style: 'sync',
        hosting: 'threads',
        pool: { ...POOL, waitMs: { mean: 9, p50: 8, p99: 99 } },
      }),
      mountOf('/long', {
        style: 'sync',
        hosting: 'threads',
        pool: { ...waiting, runMs: { mean: 200, p50: 200, p99: 300 } },
      }),
    ])
    expect(waits).toBe(
      'waits-for-a-thread | /legacy has requests that wait for a thread: 100 ms at p99, beside 20 ms of work; ' +
        '3 wait now; 2 threads, busy 20 % of the time. Raise --threads, or make its requests shorter.',
    )
    expect(next).toBe(
      'migrate-next | /legacy keeps its threads busy 20 % of the time, with 20.0 requests a second of 20 ms each. ' +
        'If that time is waiting, an app that awaits needs no thread for it: move this route next, with migrate().',
    )
    expect(others).toEqual([])
  })

  it('names the flag of Python for processes, and the requests that were refused', () => {
    const [waits] = texts([
      mountOf('/py', { hosting: 'python', pool: { ...POOL, ready: 1, refused: 7 } }),
    ])
    expect(waits).toMatch(
      /wait for a process: .* 7 got 503; 1 process, busy .* Raise --python-processes/,
    )
  })

  it('picks one route to migrate next: the busiest sync app that no migration has', () => {
    const busy = (utilization: number): PoolReport => ({ ...POOL, utilization })
    const found = texts([
      mountOf('/a', { style: 'sync', hosting: 'threads', pool: busy(0.6) }),
      mountOf('/b', { style: 'sync', hosting: 'threads', pool: busy(0.9) }),
      mountOf('/c', { style: 'sync', hosting: 'migration', pool: busy(0.95) }),
      mountOf('/d', { style: null, hosting: 'threads', pool: busy(0.99) }),
    ])
    expect(found).toEqual([expect.stringMatching(/^migrate-next \| \/b /)])
  })

  it('tells a target that is down, and one that is slow', () => {
    const target = {
      url: 'http://10.0.0.1',
      state: 'up',
      inFlight: 0,
      completed: 20,
      failed: 4,
      retried: 0,
      headMs: { mean: 1, p50: 1, p99: 499 },
    } as const
    const found = texts([
      mountOf('/quick', { hosting: 'remote', targets: [target] }),
      mountOf('/down', { hosting: 'remote', targets: [{ ...target, state: 'down' }] }),
      mountOf('/slow', {
        hosting: 'remote',
        targets: [{ ...target, headMs: { mean: 1, p50: 1, p99: 500 } }],
      }),
      mountOf('/new', {
        hosting: 'remote',
        targets: [{ ...target, completed: 19, headMs: { mean: 1, p50: 900, p99: 900 } }],
      }),
    ])
    expect(found).toEqual([
      'slow-upstream | /down has a target that is down: http://10.0.0.1, after 4 failures. Look at the log of that server.',
      expect.stringMatching(
        /^slow-upstream \| \/slow waits for http:\/\/10\.0\.0\.1: 1\.0 ms .* 500 ms at p99/,
      ),
    ])
  })

  it('tells an app that fails for one request in a hundred', () => {
    const failing = (count: number): Partial<MountReport> => ({
      requests: {
        inFlight: 0,
        total: 1_000,
        perSecond: 1,
        byClass: { 5: count - 2 },
        disconnected: 0,
        aborted: 2,
      },
    })
    expect(texts([mountOf('/a', failing(10)), mountOf('/b', failing(9))])).toEqual([
      'errors | /a fails: 10 of 1000 requests had a status of 5xx or broke off. The log has the errors.',
    ])
  })

  it('tells where the new app differs, and that the share stays', () => {
    const last = {
      at: '2026-01-01T00:00:00.000Z',
      method: 'GET',
      path: '/orders/7',
      differences: [{ part: 'body /total', from: '12', to: '13' }],
    }
    expect(texts([], [migrationOf({ mismatches: 3, failed: 1, last: [last] })])).toEqual([
      'mismatches | /orders has a new app of which 3 of 1000 answers differ and 1 had no answer; the last one: ' +
        'body /total of GET /orders/7. Correct the new app before you raise the share.',
    ])
  })

  it.each([
    [0, '0.1'],
    [0.1, '0.5'],
    [0.5, '1'],
  ])('says how to raise a share of %d after a thousand same answers', (share, next) => {
    expect(texts([], [migrationOf({}, share)])).toEqual([
      `can-switch | /orders has a new app that gave the same answer 1000 times out of 1000. ` +
        `Raise the share: isthmus migrate set /orders --share ${next}.`,
    ])
  })

  it('says nothing of a migration with few comparisons, or of one that is done', () => {
    expect(texts([], [migrationOf({ compared: 999, matches: 999 }), migrationOf({}, 1)])).toEqual(
      [],
    )
  })
})
