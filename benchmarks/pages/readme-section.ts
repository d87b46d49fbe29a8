// The benchmarks' section of the README, made of a run.

import { cellOf } from '../report.ts'
import { medianRatio } from '../statistics.ts'
import { shown } from '../table.ts'
import { caveatsOf } from './caveats.ts'
import { CPU, REALTIME } from './charts.ts'
import { pictureOf } from './picture.ts'
import type { Report } from '../report.ts'
import type { Chart } from './chart.ts'

const BEGIN = '<!-- benchmarks: made by `npm run bench:pages` -->'
const END = '<!-- end of benchmarks -->'
const FOLDER = 'benchmarks/results/'
const WORK_MS = '20'

/** `readme` with the section that `report` gives, in place of the one that is between the markers. */
export function withSection(readme: string, report: Report): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin === -1 || end === -1) throw new Error(`the README has no "${BEGIN}" … "${END}"`)
  return readme.slice(0, begin) + section(report) + readme.slice(end + END.length)
}

function section(report: Report): string {
  const cpu = (row: string): string => value(report, CPU, row, 'bare')
  const p99 = (row: string): string => value(report, REALTIME, row, WORK_MS)
  const ratio = ratioOf(report, 'isthmus, events', 'node:http')
  return [
    BEGIN,
    '## How fast',
    ...caveatsOf(report).map((caveat) => `> **Not to be quoted.** ${caveat}`),
    `An event app costs ${cpu('isthmus, events')} µs of CPU a request, where a bare node:http costs ` +
      `${cpu('node:http')} µs (× ${ratio}); the same app sync and inline costs ${cpu('isthmus, sync inline')} µs.`,
    pictureOf(CPU, FOLDER),
    `And blocking code leaves realtime alone: beside a sync app that works for ${WORK_MS} ms a request and is never idle, ` +
      `99 of 100 WebSocket echoes are back within ${p99('isthmus, sync in one thread')} ms ` +
      `(nobody else there: ${p99('isthmus, idle')} ms; all on one event loop: ${p99('node:http + ws')} ms).`,
    pictureOf(REALTIME, FOLDER),
    `Node ${report.versions['node']}, ${report.machine.split(',')[0]}. [All results](${FOLDER}RESULTS.md), what they do not ` +
      'say, and how to measure them again; `npx isthmus bench app.ts` measures your own app. ' +
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
