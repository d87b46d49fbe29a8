// The budgets: promises about cost, as ratios of rows of one run.

import { BESIDE_THREAD, IDLE, WORK_MS } from './scenarios/mixed.ts'
import { cellOf } from './report.ts'
import { medianRatio } from './statistics.ts'
import type { Report } from './report.ts'

/** A number of one row, divided by that of another row of the same run. */
export interface Budget {
  what: string
  scenario: string
  variant: string
  row: string
  /** The divisor: another row, of the same variant. */
  by: string
  number: string
  /** Whether the limit is the highest or the lowest ratio allowed. */
  bound: 'most' | 'least'
  ratio: number
}

/** A budget and the measured ratio; null if the run did not measure it. */
export interface Verdict {
  budget: Budget
  measured: number | null
  isMet: boolean | null
}

const NODE_HTTP = 'node:http'
const EVENTS = 'isthmus, events'
const INLINE = 'isthmus, sync inline'
const THREAD = 'isthmus, sync in one thread'

/** The budgets that hold on a version of Node, as `process.version` names it. */
export function budgetsOn(nodeVersion: string): Budget[] {
  const isNode20 = Number(/^v(\d+)/.exec(nodeVersion)?.[1]) < 22
  const hello = { scenario: 'hello', variant: 'bare', number: 'cpuMicros', bound: 'most' } as const
  return [
    { ...hello, what: 'CPU, events', row: EVENTS, by: NODE_HTTP, ratio: isNode20 ? 0.75 : 0.8 },
    {
      ...hello,
      what: 'CPU, events, browser fields',
      variant: 'browser',
      row: EVENTS,
      by: NODE_HTTP,
      ratio: isNode20 ? 0.65 : 0.8,
    },
    {
      ...hello,
      what: 'CPU, events, by the floor',
      row: EVENTS,
      by: 'floor: node:net, no parsing',
      ratio: 1.25,
    },
    { ...hello, what: 'CPU, sync inline', row: INLINE, by: NODE_HTTP, ratio: 0.85 },
    {
      what: 'req/s, sync in one thread',
      scenario: 'throughput',
      variant: 'bare',
      row: THREAD,
      by: NODE_HTTP,
      number: 'perSecond',
      bound: 'least',
      ratio: 1,
    },
    ...['events', 'sync inline → events'].map(fiveMiddlewares),
    ...['1', '16'].map(webSocketEcho),
    ...WORK_MS.map(besideWork),
  ]
}

/** Returns each budget with the ratio that the run measured. */
export function judge(report: Pick<Report, 'scenarios'>, budgets: readonly Budget[]): Verdict[] {
  return budgets.map((budget) => {
    const measured = measuredFor(report, budget)
    if (measured === null) return { budget, measured, isMet: null }
    const isMet = budget.bound === 'most' ? measured <= budget.ratio : measured >= budget.ratio
    return { budget, measured, isMet }
  })
}

function fiveMiddlewares(hosting: string): Budget {
  const row = `isthmus, ${hosting}, native`
  return {
    what: `CPU, five middlewares, ${hosting}`,
    scenario: 'matrix',
    variant: 'bare',
    row: `${row}, 5 middlewares`,
    by: row,
    number: 'cpuMicros',
    bound: 'most',
    ratio: 1.1,
  }
}

function webSocketEcho(variant: string): Budget {
  return {
    what: `WebSocket messages/s, ${variant} in flight`,
    scenario: 'echo',
    variant,
    row: EVENTS,
    by: 'ws on node:http',
    number: 'perSecond',
    bound: 'least',
    ratio: 0.95,
  }
}

function besideWork(ms: number): Budget {
  return {
    what: `realtime p99 beside ${ms} ms of sync work`,
    scenario: 'mixed',
    variant: String(ms),
    row: BESIDE_THREAD,
    by: IDLE,
    number: 'p99Ms',
    bound: 'most',
    ratio: 3,
  }
}

function measuredFor(report: Pick<Report, 'scenarios'>, budget: Budget): number | null {
  const { scenario, variant, number } = budget
  const [values, by] = [budget.row, budget.by].map((row) => {
    const rounds = cellOf(report, { scenario, row, variant })?.rounds ?? []
    return rounds.map((round) => round[number] ?? NaN)
  }) as [number[], number[]]
  if (values.length === 0 || values.length !== by.length) return null
  const ratio = medianRatio(values, by)
  return Number.isFinite(ratio) ? ratio : null
}
