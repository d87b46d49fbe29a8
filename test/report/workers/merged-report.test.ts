// The report of all workers: the same figures as those of one process that has done all of the work.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergedReport, withEndedWorker } from '../../../src/report/workers/merged-report.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import { readyWorker, work, workerReport } from './worker-reports.ts'
import type { MigrationReport, MountReport, Report } from '../../../src/contract/report.ts'
import type { Totals } from '../../../src/report/workers/merged-totals.ts'
import type { Work } from './worker-reports.ts'

type WorkerParts = Parameters<typeof mergedReport>[0]

const MASTER = { ...EXAMPLE_REPORT.process, pid: 7, rssBytes: 50_000_000, cpu: 0.01 }

function parts(reports: readonly Report[], ended: Totals | null = null): WorkerParts {
  const workers = reports.map((report, index) => {
    return { facts: readyWorker(index + 1), report, answered: true }
  })
  return { master: MASTER, uptimeMs: 90_000, workers, ended }
}

function merged(works: readonly Work[], ended: Totals | null = null): Report {
  return mergedReport(parts(works.map(workerReport), ended))
}

/** The figures that must not depend on the division of the work. */
function figures({ requests, refused, channels, mounts, migrations }: Report): object {
  return {
    requests,
    refused,
    channels,
    mounts: mounts.map(({ path, requests: { total, byClass }, latencyCounts, loop }) => {
      return { path, total, byClass, latencyCounts, loop }
    }),
    migrations: migrations.map(({ from, to, shadow }) => [from.requests, to.errors, shadow]),
  }
}

describe('the report of all workers', () => {
  it('of one worker has the figures of that one', () => {
    const report = workerReport({ requests: 12, inFlight: 3, durationsMs: [1, 5, 900] })
    const { requests, mounts, migrations, channels, workers } = mergedReport(parts([report]))
    const withoutCounts = (mount: MountReport): object => ({
      ...mount,
      latencyMs: 0,
      pool: 0,
      targets: 0,
    })
    expect(requests).toEqual(report.requests)
    expect(mounts.map(withoutCounts)).toEqual(report.mounts.map(withoutCounts))
    expect(mounts[0]?.latencyMs).toMatchObject({ max: 900 })
    expect(channels).toEqual(report.channels)
    expect(migrations[0]?.shadow?.last).toEqual(report.migrations[0]?.shadow?.last)
    expect(workers).toMatchObject([
      { worker: 1, pid: 1_001, answered: true, requests: { total: 12 } },
    ])
  })

  it('adds up all work, in any division between the workers', () => {
    const property = fc.property(fc.array(work, { minLength: 1, maxLength: 5 }), (works) => {
      const { requests, mounts, process } = merged(works)
      const sum = works.reduce((total, one) => total + one.requests, 0)
      expect(requests.total).toBe(sum)
      for (const mount of mounts) expect(mount.requests.total).toBe(sum)
      expect(process.rssBytes).toBe(50_000_000 + works.length * EXAMPLE_REPORT.process.rssBytes)
      expect(figures(merged(works.toReversed()))).toEqual(figures(merged(works)))
    })
    fc.assert(property, { seed: 3, numRuns: 15 })
  })

  it('has the quantiles of all durations together, and not the mean of quantiles', () => {
    const property = fc.property(fc.array(work, { minLength: 1, maxLength: 4 }), (works) => {
      const durations = works.flatMap(({ durationsMs }) => durationsMs).toSorted((a, b) => a - b)
      const exact = durations[Math.ceil(durations.length * 0.99) - 1] ?? 0
      const [events, sync] = merged(works).mounts as [MountReport, MountReport]
      for (const found of [events.latencyMs.p99, sync.pool!.waitMs.p99, sync.pool!.runMs.p99]) {
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.008 + 0.001)
      }
    })
    fc.assert(property, { seed: 4, numRuns: 15 })
  })

  it('never goes back when a worker ends, and has its values of the moment no more', () => {
    const both = fc.tuple(work, fc.array(work, { minLength: 1, maxLength: 3 }))
    const property = fc.property(both, ([gone, others]) => {
      const before = merged([...others, gone])
      const after = merged(others, withEndedWorker(null, workerReport(gone)))
      const counters = ({ requests, mounts, refused }: Report): unknown[] => [
        requests.total,
        refused,
        mounts.map(({ requests: { total, byClass }, latencyCounts, pool, targets }) => {
          return [total, byClass, latencyCounts, pool?.refused, pool?.waitMs, targets[0]?.completed]
        }),
      ]
      expect(counters(after)).toEqual(counters(before))
      expect(after.requests.inFlight).toBe(merged(others).requests.inFlight)
      expect(after.mounts[1]?.pool?.ready).toBe(2 * others.length)
    })
    fc.assert(property, { seed: 5, numRuns: 15 })
  })

  it('keeps the sum of ended workers in any order of their ends', () => {
    const property = fc.property(work, work, work, (a, b, c) => {
      const [one, two, three] = [a, b, c].map(workerReport) as [Report, Report, Report]
      const forward = withEndedWorker(withEndedWorker(withEndedWorker(null, one), two), three)
      const back = withEndedWorker(withEndedWorker(withEndedWorker(null, three), two), one)
      expect(figures(mergedReport(parts([], forward)))).toEqual(
        figures(mergedReport(parts([], back))),
      )
    })
    fc.assert(property, { seed: 6, numRuns: 10 })
  })

  it('leaves a mount out that only the old code had, as long as a worker answers', () => {
    const old = workerReport({ requests: 5, inFlight: 0, durationsMs: [] })
    const ended = withEndedWorker(null, { ...old, mounts: [{ ...old.mounts[0]!, path: '/gone' }] })
    expect(mergedReport(parts([old], ended)).mounts.map(({ path }) => path)).not.toContain('/gone')
    expect(mergedReport(parts([], ended)).mounts.map(({ path }) => path)).toEqual(['/gone'])
    expect(mergedReport(parts([old], ended)).requests.total).toBe(10)
  })

  it('is not complete if a worker has not answered, and has its last figures', () => {
    const report = workerReport({ requests: 40, inFlight: 1, durationsMs: [3] })
    const silent = { facts: readyWorker(2), report, answered: false }
    const { workers } = parts([report])
    const { isComplete, requests, advice, ...rest } = mergedReport({
      ...parts([]),
      workers: [...workers, silent],
    })
    expect([isComplete, requests.total]).toEqual([false, 80])
    expect(rest.workers.map(({ answered }) => answered)).toEqual([true, false])
    expect(advice[0]).toMatchObject({ kind: 'worker-is-silent', path: '' })
  })

  it('counts a worker that starts as 0, and is complete without it', () => {
    const report = workerReport({ requests: 40, inFlight: 1, durationsMs: [3] })
    const facts = { ...readyWorker(2), state: 'starting' as const }
    const { workers } = parts([report])
    const found = mergedReport({
      ...parts([]),
      workers: [...workers, { facts, report: null, answered: false }],
    })
    expect([found.isComplete, found.requests.total]).toEqual([true, 40])
    expect(found.workers[1]).toMatchObject({ state: 'starting', requests: { total: 0 } })
  })

  it('has the last differences of all workers, the newest first', () => {
    const report = workerReport({ requests: 1, inFlight: 0, durationsMs: [] })
    const at = (time: string): Report => {
      const [migration] = structuredClone(report.migrations) as [MigrationReport]
      migration.shadow!.last[0]!.at = time
      return { ...report, migrations: [migration] }
    }
    const reports = [at('2026-01-01T00:00:00.000Z'), at('2026-01-03T00:00:00.000Z')]
    const [migration] = mergedReport(parts(reports)).migrations
    expect(migration?.shadow?.last.map((one) => one.at.slice(8, 10))).toEqual(['03', '01'])
    expect(migration?.shadow).toMatchObject({ compared: 9_000, skipped: { concurrency: 6 } })
  })

  it('keeps the slow end of an app that has no counts', () => {
    const report = workerReport({ requests: 1, inFlight: 0, durationsMs: [10] })
    const [mount] = structuredClone(report.mounts) as [MountReport]
    mount.latencyMs = { mean: 30, p50: 20, p99: 700, max: 800 }
    const found = mergedReport(parts([report, { ...report, mounts: [mount] }]))
    expect(found.mounts[0]?.latencyMs.max).toBe(800)
  })
})
