// The charts that are published.

import { hello } from '../scenarios/hello.ts'
import { matrix } from '../scenarios/matrix.ts'
import { memory } from '../scenarios/memory.ts'
import { besideExpress, mixed } from '../scenarios/mixed.ts'
import { saturation } from '../scenarios/saturation.ts'
import type { Chart } from './chart.ts'
import type { Column, Scenario } from '../scenarios/scenario.ts'

export const CPU: Chart = {
  file: 'cpu',
  title: 'CPU time of the server per request, µs (less is better)',
  scenario: hello,
  column: firstOf(hello),
  kind: 'bars',
}

export const REALTIME: Chart = {
  file: 'realtime',
  title: 'Realtime p99 beside saturating sync work, ms, logarithmic (less is better)',
  scenario: mixed,
  column: firstOf(mixed),
  kind: 'groups',
}

/** The chart of the run with Express. */
export const EXPRESS: Chart = {
  file: 'beside-express',
  title: 'Realtime p99 beside an Express app that blocks 20 ms, ms (less is better)',
  scenario: besideExpress,
  column: firstOf(besideExpress),
  kind: 'bars',
}

export const CHARTS: readonly Chart[] = [
  CPU,
  REALTIME,
  {
    file: 'matrix',
    title: 'Every hosting: CPU time per request, µs (less is better)',
    scenario: matrix,
    column: firstOf(matrix),
    kind: 'bars',
  },
  {
    file: 'saturation',
    title: 'p99 of what is answered, by load, ms, logarithmic (less is better)',
    scenario: saturation,
    column: firstOf(saturation),
    kind: 'groups',
  },
  {
    file: 'memory',
    title: 'Memory of an idle connection, KiB (less is better)',
    scenario: memory,
    column: firstOf(memory),
    kind: 'bars',
  },
]

function firstOf({ columns: [first] }: Scenario): Column {
  if (first === undefined) throw new Error('a scenario has a column')
  return first
}
