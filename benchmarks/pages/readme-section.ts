// The section of the README about the benchmarks, made from a run.

import { cellOf } from '../report.ts'
import { medianRatio } from '../statistics.ts'
import { shown } from '../table.ts'
import { caveatsOf } from './caveats.ts'
import { CPU, REALTIME } from './charts.ts'
import { pictureOf } from './picture.ts'
import { withSectionAt } from './section.ts'
import type { Report } from '../report.ts'
import type { Chart } from './chart.ts'

const BEGIN = '<!-- benchmarks: made by `npm run bench:pages` -->'
const END = '<!-- end of benchmarks -->'
const FOLDER = 'benchmarks/results/'
const WORK_MS = '20'

/** Returns `readme` with a section made from `report` between the markers. */
export function withSection(readme: string, report: Report): string {
  return withSectionAt(readme, { begin: BEGIN, end: END }, () => section(report))
}

function section(report: Report): string {
  const cpu = (row: string): string => value(report, CPU, row, 'bare')
  const p99 = (row: string): string => value(report, REALTIME, row, WORK_MS)
  const ratio = ratioOf(report, 'isthmus, events', 'node:http')
  return [
    BEGIN,
    '## How fast',
    ...caveatsOf(report).map((caveat) => `> **Not to be quoted.** ${caveat}`),
    `An event app costs ${cpu('isthmus, events')} µs of CPU for a request, a bare node:http ` +
      `${cpu('node:http')} µs (× ${ratio}), the same app as an inline sync app ${cpu('isthmus, sync inline')} µs.`,
    pictureOf(CPU, FOLDER),
    `Blocking code does not delay realtime: beside a sync app that computes for ${WORK_MS} ms in each request and is never ` +
      `idle, 99 of 100 WebSocket echoes return within ${p99('isthmus, sync in one thread')} ms ` +
      `(on an idle server: ${p99('isthmus, idle')} ms; with both on one event loop: ${p99('node:http + ws')} ms).`,
    pictureOf(REALTIME, FOLDER),
    `Node ${report.versions['node']}, ${report.machine.split(',')[0]}. [All results](${FOLDER}RESULTS.md) with their ` +
      'limits and the commands to repeat them; `npx isthmus bench app.ts` measures your own app. ' +
      'More in [Benchmarks](docs/benchmarks.md).',
    END,
  ].join('\n\n')
}

function value(report: Report, { scenario, column }: Chart, row: string, variant: string): string {
  const cell = cellOf(report, { scenario: scenario.id, row, variant })
  return cell === undefined ? '-' : shown(cell.median, column)
}

function ratioOf(report: Report, row: string, by: string): string {
  const { scenario, column } = CPU
  const [values, control] = [row, by].map((name) => {
    const cell = cellOf(report, { scenario: scenario.id, row: name, variant: 'bare' })
    return (cell?.rounds ?? []).map((round) => round[column.number] ?? NaN)
  }) as [number[], number[]]
  return values.length === 0 ? '-' : medianRatio(values, control).toFixed(2)
}
