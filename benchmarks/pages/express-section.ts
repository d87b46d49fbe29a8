// The section of the README about Express, made from a run of the scenarios that have it.

import { adaptedRows } from '../scenarios/adapters.ts'
import { BESIDE_EXPRESS, EXPRESS_IDLE } from '../scenarios/mixed.ts'
import { cellOf } from '../report.ts'
import { medianRatio } from '../statistics.ts'
import { caveatsOf } from './caveats.ts'
import { EXPRESS } from './charts.ts'
import { pictureOf } from './picture.ts'
import { withSectionAt } from './section.ts'
import type { Cell, Report } from '../report.ts'

const BEGIN = '<!-- express: made by `npm run bench:pages` -->'
const END = '<!-- end of express -->'
const NODE_HTTP = 'Express on node:http + ws'

/** Returns `readme` with a section made from `report` between the markers. */
export function withExpress(readme: string, report: Report): string {
  return withSectionAt(readme, { begin: BEGIN, end: END }, () => section(report))
}

function section(report: Report): string {
  const p99 = (row: string): string =>
    (
      cellOf(report, { scenario: 'beside-express', row, variant: '20' })?.median['p99Ms'] ?? NaN
    ).toFixed(1)
  const stack = ratio(report, 'cpuMicros', adaptedRows('stack'))
  const hello = ratio(report, 'cpuMicros', adaptedRows('express'))
  const rate = throughput(report)
  return [
    BEGIN,
    ...caveatsOf(report).map((caveat) => `> **Not to be quoted.** ${caveat}`),
    `On Node ${report.versions['node']} a hello in Express 5 costs ${hello} times the CPU that it costs on node:http, and ${stack} times with ` +
      `helmet, cors, cookie-parser and json. In one thread on two cores it answers ${rate} times as many requests. Beside an ` +
      `Express app that blocks for 20 ms in each request, 99 of 100 WebSocket echoes return within ${p99(BESIDE_EXPRESS)} ms if the app ` +
      `is in a thread (without requests: ${p99(EXPRESS_IDLE)} ms), and within ${p99(NODE_HTTP)} ms with both on node:http. Newer versions of ` +
      'Node pay less for Express: [Benchmarks](docs/benchmarks.md) has the commands.',
    pictureOf(EXPRESS, 'benchmarks/results/'),
    END,
  ].join('\n\n')
}

function ratio(report: Report, number: string, rows: { own: string; adapted: string }): string {
  const rounds = (row: string): number[] =>
    roundsOf(cellOf(report, { scenario: 'adapters', row, variant: 'bare' }), number)
  return medianRatio(rounds(rows.adapted), rounds(rows.own)).toFixed(2)
}

function throughput(report: Report): string {
  const rounds = (row: string): number[] =>
    roundsOf(cellOf(report, { scenario: 'throughput', row, variant: 'bare' }), 'perSecond')
  return medianRatio(rounds(BESIDE_EXPRESS), rounds('Express')).toFixed(1)
}

function roundsOf(cell: Cell | undefined, number: string): number[] {
  return (cell?.rounds ?? []).map((round) => round[number] ?? NaN)
}
