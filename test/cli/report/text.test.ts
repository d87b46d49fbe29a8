// The report as a person reads it.

import { describe, expect, it } from 'vitest'
import { reportText } from '../../../src/cli/report/text.ts'
import { EXAMPLE_MIGRATION, EXAMPLE_REPORT, EXAMPLE_WORKER } from '../../report/example-report.ts'
import type { MountReport, Report } from '../../../src/contract/report.ts'

const [FIRST] = EXAMPLE_REPORT.mounts as [MountReport]
const EMPTY: Report = {
  ...EXAMPLE_REPORT,
  mounts: [FIRST],
  migrations: [],
  advice: [],
  channels: null,
}

function longest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length))
}

describe('the text of a report', () => {
  it('has the process, the mounts, the targets, the migrations and the advice', () => {
    expect(`\n${reportText(EXAMPLE_REPORT)}`).toMatchInlineSnapshot(`
      "
      process 4711 on Node 22.12.0; up 1 h 2 min; 140000 requests, 19 in flight, 4 refused; 3 WebSockets
      open; CPU 62 % of a core, event loop 31 % busy; longest block 48.5 ms; 141 MiB

      mount    style   hosting    req/s       p50     p99  active  5xx  loop    block   queue
      /        events  loop         812  0.800 ms  6.3 ms       2   20  1.1%  31.2 ms       -
      /legacy  sync    threads       96   51.2 ms  241 ms      14    0  0.0%        -  190 ms
      /old     -       remote       812  0.800 ms  6.3 ms       2   20  1.1%  31.2 ms       -
      /live    events  loop         812  0.800 ms  6.3 ms       5   20  1.1%  31.2 ms       -
      /orders  -       migration    812  0.800 ms  6.3 ms       2   20  1.1%  31.2 ms       -

      target                 state  active  completed  failed  retried      p50     p99
      http://127.0.0.1:3000  up          1       5000       2        1  25.5 ms  810 ms
      http://127.0.0.1:3001  down        0         10      90        0        -       -

      migration  share  shadow  compared  matches  differ  noise  failed  old p99  new p99
      /orders      0.1     0.5      4500     4488      12    340       1  48.9 ms   9.8 ms
        2026-01-02 03:04:05  GET /orders/7
          body /total: 12.50 → 12.5
          header etag: absent → W/"1"

      channels: 3 consumers of 2 groups; 2000 messages published, 0 waiting, 5990 delivered; 10 dropped, 1
      gaps

      - / held the event loop 12 times, for 31 ms at most. Put it in threads(), so that the other mounts
        do not wait for it.
      - /orders: 12 of 4,500 compared requests differ. Do not raise the share.
      "
    `)
  })

  it('has a line for each worker, and says which one is silent', () => {
    const silent = { ...EXAMPLE_WORKER, worker: 2, pid: 4_713, answered: false, crashes: 1 }
    const text = reportText({ ...EMPTY, workers: [EXAMPLE_WORKER, silent], isComplete: false })
    expect(`\n${text}`).toMatchInlineSnapshot(`
      "
      incomplete: not all workers have answered; master 4711 on Node 22.12.0; up 1 h 2 min; 140000
      requests, 19 in flight, 4 refused; 3 WebSockets open; CPU 62 % of a core, event loop 31 % busy;
      longest block 48.5 ms; 141 MiB

      worker  state   process    up  requests  active  CPU  loop    block  memory  replaced  crashes
      1       ready      4712  61 s     70000       3  31%   28%  31.0 ms  93 MiB         3        0
      2       silent     4713  61 s     70000       3  31%   28%  31.0 ms  93 MiB         3        1

      mount  style   hosting  req/s       p50     p99  active  5xx  loop    block  queue
      /      events  loop       812  0.800 ms  6.3 ms       2   20  0.6%  31.2 ms      -
      "
    `)
    expect(longest(text)).toBeLessThanOrEqual(100)
  })

  it('has no empty tables', () => {
    expect(reportText(EMPTY).split('\n\n')).toHaveLength(2)
  })

  it('fits 100 columns, even with long paths and large numbers', () => {
    const path = `/${'long-'.repeat(30)}`
    const mount: MountReport = {
      ...FIRST,
      path,
      style: 'iterable',
      hosting: 'migration',
      requests: { ...FIRST.requests, perSecond: 123_456, inFlight: 9_999, byClass: { 5: 88_888 } },
      latencyMs: { mean: 1, p50: 59_999, p99: 599_999, max: 1 },
      loop: { busyMs: 3_725_000, blocks: 1, longestBlockMs: 59_999 },
    }
    const target = { url: `http://${path}`, state: 'returning' } as const
    const counts = { inFlight: 9, completed: 1e9, failed: 1e6, retried: 1e6 }
    const targets = [{ ...target, ...counts, headMs: { mean: 1, p50: 59_999, p99: 59_999 } }]
    const text = reportText({
      ...EXAMPLE_REPORT,
      mounts: [FIRST, { ...mount, targets }],
      migrations: [{ ...EXAMPLE_MIGRATION, path }],
      advice: [{ kind: 'errors', path, text: `${path} fails. ${'word '.repeat(60)}` }],
    })
    expect(longest(text)).toBeLessThanOrEqual(100)
    expect(text).toContain('/long-long')
  })

  it('shows control characters, so that a response cannot change the terminal', () => {
    const difference = { part: 'header x', from: '\u001B[2J\u202Eevil\u0007', to: 'a\nb' }
    const [last] = EXAMPLE_MIGRATION.shadow?.last ?? []
    const shadow = {
      ...EXAMPLE_MIGRATION.shadow!,
      last: [{ ...last!, path: '/\u009B31m', differences: [difference] }],
    }
    const text = reportText({ ...EMPTY, migrations: [{ ...EXAMPLE_MIGRATION, shadow }] })
    expect(text).toContain('GET /\\u009b31m')
    expect(text).toContain('header x: \\u001b[2J\\u202eevil\\u0007 → a\\u000ab')
  })

  it('shows the copies of a new app that answers no client yet', () => {
    const to = { ...EXAMPLE_MIGRATION.to, latencyMs: { mean: 0, p50: 0, p99: 0, max: 0 } }
    const text = reportText({ ...EMPTY, migrations: [{ ...EXAMPLE_MIGRATION, to }] })
    expect(text).toMatch(/48\.9 ms +10\.1 ms/)
    const bare = { ...EXAMPLE_MIGRATION, shadow: null }
    expect(reportText({ ...EMPTY, migrations: [bare] })).toMatch(/\/orders +0\.1 +- +- +-/)
  })

  it('counts three requests that differ, and three differences of each', () => {
    const [last] = EXAMPLE_MIGRATION.shadow?.last ?? []
    const differences = Array.from({ length: 5 }, () => last!.differences[0]!)
    const shadow = {
      ...EXAMPLE_MIGRATION.shadow!,
      last: Array.from({ length: 9 }, () => ({ ...last!, differences })),
    }
    const text = reportText({ ...EMPTY, migrations: [{ ...EXAMPLE_MIGRATION, shadow }] })
    expect(text.match(/GET \/orders\/7/g)).toHaveLength(3)
    expect(text.match(/and 2 more/g)).toHaveLength(3)
  })

  it.each<[uptimeMs: number, text: string]>([
    [250, 'up 250 ms'],
    [59_000, 'up 59 s'],
    [3_600_000, 'up 1 h'],
    [90_061_000, 'up 1 d 1 h'],
  ])('tells an uptime of %d ms', (uptimeMs, text) => {
    expect(reportText({ ...EMPTY, uptimeMs })).toContain(text)
  })
})
