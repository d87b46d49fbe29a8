// A small run that was never measured, to make tables and pages of.

import { acrossRounds, median } from '../../benchmarks/statistics.ts'
import type { Cell, Numbers, Report } from '../../benchmarks/report.ts'

/** A cell of these rounds. */
export function cell(...rounds: Numbers[]): Cell {
  return {
    rounds,
    median: acrossRounds(rounds, median),
    least: acrossRounds(rounds, (values) => Math.min(...values)),
    most: acrossRounds(rounds, (values) => Math.max(...values)),
  }
}

const http = (cpuMicros: number): Numbers => ({
  cpuMicros,
  perSecond: 1_000_000 / cpuMicros,
  p50Ms: 0.5,
  p99Ms: 2,
})
const trip = (p99Ms: number): Numbers => ({
  p50Ms: 0.2,
  p99Ms,
  maxMs: p99Ms * 2,
  syncPerSecond: 48,
})

/** Two scenarios, two rounds, nothing to complain about. */
export const RUN: Report = {
  date: '2026-01-01T00:00:00.000Z',
  commit: 'abc1234',
  machine: 'A machine × 2, Linux 6 x64',
  busyBefore: 0.1,
  processors: 2,
  versions: { node: 'v20.20.2', isthmus: '0.1.0', load: 'wrk 4.1.0', fastify: '5.0.0' },
  cores: { server: '0', load: '1' },
  seconds: 2,
  warmUpSeconds: 1,
  rounds: 5,
  notes: ['skipped: uvicorn, which needs uvicorn'],
  scenarios: [
    {
      id: 'hello',
      rows: [
        { name: 'floor: node:net, no parsing', cells: { bare: cell(http(8), http(8)) } },
        { name: 'node:http', cells: { bare: cell(http(13), http(20)) } },
        { name: 'isthmus, events', cells: { bare: cell(http(9.1), http(14)) } },
        { name: 'isthmus, sync inline', cells: { bare: cell(http(13), http(20)) } },
      ],
    },
    {
      id: 'mixed',
      rows: [
        { name: 'isthmus, idle', cells: { 20: cell(trip(0.7), trip(0.9)) } },
        { name: 'isthmus, sync in one thread', cells: { 20: cell(trip(1.4), trip(1.8)) } },
        { name: 'node:http + ws', cells: { 20: cell(trip(143), trip(145)) } },
      ],
    },
  ],
}
