// The table of the workers in the report.

import { orNone, table } from './table.ts'
import type { Report, WorkerReport } from '../../contract/report.ts'
import type { Column } from './table.ts'

const COLUMNS: ReadonlyArray<Column<WorkerReport>> = [
  ['worker', ({ worker }) => String(worker)],
  ['state', ({ state, answered }) => (answered || state === 'starting' ? state : 'silent')],
  ['process', ({ pid }) => String(pid)],
  ['up', ({ uptimeMs }) => `${Math.round(uptimeMs / 1000)} s`],
  ['requests', ({ requests }) => String(requests.total)],
  ['active', ({ requests, webSockets }) => String(requests.inFlight + webSockets.open)],
  ['CPU', ({ cpu }) => percent(cpu)],
  ['loop', ({ loopUtilization }) => percent(loopUtilization)],
  ['block', ({ longestBlockMs }) => orNone(longestBlockMs)],
  ['memory', ({ rssBytes }) => `${Math.round(rssBytes / 2 ** 20)} MiB`],
  ['replaced', ({ predecessors }) => String(predecessors)],
  ['crashes', ({ crashes }) => String(crashes)],
]

/** One line for each worker; none for a server in one process. */
export function workerLines({ workers }: Report): string[] {
  return table(workers, COLUMNS, 2)
}

function percent(part: number): string {
  return `${Math.round(part * 100)}%`
}
