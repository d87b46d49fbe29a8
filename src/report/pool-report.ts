// The report of a pool of threads or processes.

import type { AppFacts } from '../bridge/app-facts.ts'
import type { MountReport, PoolReport } from '../contract/report.ts'
import type { HostedStats } from '../hosting/gateway/pool-stats.ts'
import type { HostCounts } from '../hosting/gateway/scheduler/hosts.ts'
import type { ThreadsApp } from '../hosting/gateway/threads-app.ts'
import type { PythonApp } from '../hosting/python.ts'

type Pooled = Pick<MountReport, 'style' | 'pool'>

/** The style and the figures of an app in threads or processes. */
export function pooled(kind: 'threads' | 'python', app: AppFacts['app']): Pooled {
  if (kind === 'threads') {
    const { threads, ...load } = (app as ThreadsApp).stats()
    return { style: load.runs === 'inTurn' ? 'sync' : null, pool: poolReport(threads, load) }
  }
  const { processes, ...load } = (app as PythonApp).stats()
  return { style: PYTHON_STYLES[load.runs ?? 'unknown'], pool: poolReport(processes, load) }
}

// A WSGI app is a sync app, an ASGI app an event app.
const PYTHON_STYLES = { inTurn: 'sync', sideBySide: 'events', unknown: null } as const

function poolReport({ ready, loading }: HostCounts, load: HostedStats): PoolReport {
  const { inFlight, queued, refused, timedOut, crashes, waitMs, runMs, utilization } = load
  const totals = { refused, timedOut, crashes }
  return { ready, loading, inFlight, queued, ...totals, waitMs, runMs, utilization }
}
