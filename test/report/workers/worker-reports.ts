// Reports of workers with durations of their own, as they pass between processes.

import fc from 'fast-check'
import { DurationBuckets } from '../../../src/figures/duration-buckets.ts'
import { countedReport } from '../../../src/report/workers/counted.ts'
import { EXAMPLE_MIGRATION, EXAMPLE_REPORT } from '../example-report.ts'
import type { MountReport, Report } from '../../../src/contract/report.ts'
import type { WorkerFacts } from '../../../src/report/workers/merged-report.ts'

/** The figures of one worker that a test chooses. */
export interface Work {
  requests: number
  inFlight: number
  durationsMs: number[]
}

/** Any work. */
export const work: fc.Arbitrary<Work> = fc.record({
  requests: fc.nat(1_000_000),
  inFlight: fc.nat(500),
  durationsMs: fc.array(fc.nat(60_000), { maxLength: 40 }),
})

const [EVENTS, SYNC, PROXIED] = EXAMPLE_REPORT.mounts as [MountReport, MountReport, MountReport]

/** The report of a worker that has done `work`, in the form in which it reaches its master. */
export function workerReport({ requests, inFlight, durationsMs }: Work): Report {
  const durations = new DurationBuckets()
  for (const ms of durationsMs) durations.record(ms)
  const mounts = [EVENTS, SYNC, PROXIED].map((mount) => ({
    ...mount,
    requests: { ...mount.requests, inFlight, total: requests },
    latencyMs: durations.durations(),
    pool: mount.pool && { ...mount.pool, waitMs: durations.stats(), runMs: durations.stats() },
  }))
  return countedReport({
    ...EXAMPLE_REPORT,
    requests: { inFlight, total: requests },
    mounts,
    migrations: [EXAMPLE_MIGRATION],
  })
}

/** The facts of a ready worker. */
export function readyWorker(worker: number): WorkerFacts {
  return { worker, pid: 1_000 + worker, state: 'ready', predecessors: 0, crashes: 0 }
}
