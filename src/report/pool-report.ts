// The report of a pool of threads or processes.

import type { AppFacts } from '../bridge/app-facts.ts'
import type { PoolReport } from '../contract/report.ts'
import type { ThreadsApp } from '../hosting/gateway/threads-app.ts'
import type { PythonApp } from '../hosting/python.ts'
import type { HostedStats } from '../hosting/gateway/pool-stats.ts'
import type { HostCounts } from '../hosting/gateway/scheduler/hosts.ts'

/** The figures of the pool of `app`; null if the app has none. */
export function poolReport(kind: AppFacts['kind'], app: AppFacts['app']): PoolReport | null {
  if (kind === 'threads') {
    const { threads, ...load } = (app as ThreadsApp).stats()
    return reportOf(threads, load)
  }
  if (kind !== 'python') return null
  const { processes, ...load } = (app as PythonApp).stats()
  return reportOf(processes, load)
}

function reportOf({ ready, loading }: HostCounts, load: HostedStats): PoolReport {
  const { inFlight, queued, refused, timedOut, crashes, waitMs, runMs, utilization } = load
  return {
    ready,
    loading,
    inFlight,
    queued,
    refused,
    timedOut,
    crashes,
    waitMs,
    runMs,
    utilization,
  }
}
