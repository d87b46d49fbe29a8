// The tables of the mounts and of the targets in the report.

import { loopTimeMs } from '../../report/loop-time-ms.ts'
import { NONE, orNone, table } from './table.ts'
import type { MountReport, Report, TargetReport } from '../../contract/report.ts'
import type { Column } from './table.ts'

/** One line for each mount. */
export function mountLines(report: Report): string[] {
  const loopMs = loopTimeMs(report)
  const columns: ReadonlyArray<Column<MountReport>> = [
    ['mount', ({ path }) => path],
    ['style', ({ style }) => style ?? NONE],
    ['hosting', ({ hosting }) => hosting],
    ['req/s', ({ requests }) => requests.perSecond.toFixed(requests.perSecond < 10 ? 1 : 0)],
    ['p50', ({ latencyMs }) => orNone(latencyMs.p50)],
    ['p99', ({ latencyMs }) => orNone(latencyMs.p99)],
    ['active', ({ requests, webSockets }) => String(requests.inFlight + webSockets.open)],
    ['5xx', ({ requests }) => String(requests.byClass['5'] ?? 0)],
    ['loop', ({ loop }) => `${((100 * loop.busyMs) / loopMs).toFixed(1)}%`],
    ['block', ({ loop }) => orNone(loop.longestBlockMs)],
    ['queue', ({ pool }) => orNone(pool?.waitMs.p99 ?? 0)],
  ]
  return table(report.mounts, columns, 3)
}

/** One line for each server that a mount of `remote()` forwards to. */
export function targetLines({ mounts }: Report): string[] {
  const columns: ReadonlyArray<Column<TargetReport>> = [
    ['target', ({ url }) => url],
    ['state', ({ state }) => state],
    ['active', ({ inFlight }) => String(inFlight)],
    ['completed', ({ completed }) => String(completed)],
    ['failed', ({ failed }) => String(failed)],
    ['retried', ({ retried }) => String(retried)],
    ['p50', ({ headMs }) => orNone(headMs.p50)],
    ['p99', ({ headMs }) => orNone(headMs.p99)],
  ]
  return table(
    mounts.flatMap(({ targets }) => targets),
    columns,
    2,
  )
}
