// The report of a server with workers: that of one process, as if it had done the work of all.

import { adviceOn } from '../advice.ts'
import { endedTotals, mergedTotals } from './merged-totals.ts'
import { largestOf, sumOf } from './sums.ts'
import type { ProcessReport, Report, WorkerReport } from '../../contract/report.ts'
import type { Totals } from './merged-totals.ts'

/** The facts of a worker that its master knows. */
export type WorkerFacts = Pick<
  WorkerReport,
  'worker' | 'pid' | 'state' | 'predecessors' | 'crashes'
>

/** A worker, with its last report. */
interface WorkerState {
  facts: WorkerFacts
  /** Null before the first one. */
  report: Report | null
  /** Whether the report is that of now. */
  answered: boolean
}

/** The parts of the report of a server with workers. */
interface WorkerParts {
  /** The process of the master. */
  master: ProcessReport
  uptimeMs: number
  workers: readonly WorkerState[]
  /** The sum of the workers that have ended; null before the first one. */
  ended: Totals | null
}

/** Adds the reports up. Totals include the workers that have ended, so that they never go back. */
export function mergedReport({ master, uptimeMs, workers, ended }: WorkerParts): Report {
  const live = workers.map(({ report }) => report).filter((report) => report !== null)
  const counted: Omit<Report, 'advice'> = {
    version: 1,
    at: new Date().toISOString(),
    uptimeMs,
    process: processOf(master, live),
    workers: workers.map(workerReport),
    isComplete: workers.every(({ answered, facts }) => answered || facts.state === 'starting'),
    ...withEnded(live, ended),
  }
  return { ...counted, advice: adviceOn(counted) }
}

/** The sum of the workers that have ended, with one more of them. */
export function withEndedWorker(ended: Totals | null, report: Totals): Totals {
  return mergedTotals([...(ended ? [ended] : []), endedTotals(report)])
}

// A mount that only ended workers have had belongs to code that is not served any more.
function withEnded(live: readonly Totals[], ended: Totals | null): Totals {
  const totals = mergedTotals(ended ? [...live, ended] : live)
  if (live.length === 0) return totals
  const isLive = (kind: 'mounts' | 'migrations') => {
    const paths = new Set(live.flatMap((report) => report[kind].map(({ path }) => path)))
    return ({ path }: { path: string }): boolean => paths.has(path)
  }
  return {
    ...totals,
    mounts: totals.mounts.filter(isLive('mounts')),
    migrations: totals.migrations.filter(isLive('migrations')),
  }
}

function processOf(master: ProcessReport, live: readonly Report[]): ProcessReport {
  const workers = live.map((report) => report.process)
  const all = [master, ...workers]
  return {
    pid: master.pid,
    node: master.node,
    rssBytes: sumOf(all, ({ rssBytes }) => rssBytes),
    heapBytes: sumOf(all, ({ heapBytes }) => heapBytes),
    cpu: sumOf(all, ({ cpu }) => cpu),
    loopUtilization: sumOf(workers, (one) => one.loopUtilization) / Math.max(workers.length, 1),
    blocks: sumOf(workers, ({ blocks }) => blocks),
    longestBlockMs: largestOf(workers, ({ longestBlockMs }) => longestBlockMs),
  }
}

function workerReport({ facts, report, answered }: WorkerState): WorkerReport {
  const { worker, pid, state, predecessors, crashes } = facts
  const { rssBytes = 0, cpu = 0, loopUtilization = 0, longestBlockMs = 0 } = report?.process ?? {}
  return {
    worker,
    pid,
    state,
    answered,
    uptimeMs: report?.uptimeMs ?? 0,
    rssBytes,
    cpu,
    loopUtilization,
    longestBlockMs,
    requests: report?.requests ?? { inFlight: 0, total: 0 },
    webSockets: report?.webSockets ?? { open: 0, total: 0 },
    predecessors,
    crashes,
  }
}
