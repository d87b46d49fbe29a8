// The budgets: promises about cost, as ratios of rows of one run.

import { adaptedRows } from './scenarios/adapters.ts'
import { ALONE, SHADOWED } from './scenarios/migrate.ts'
import { BESIDE_EXPRESS, BESIDE_THREAD, EXPRESS_IDLE, IDLE, WORK_MS } from './scenarios/mixed.ts'
import { HTTP_PROXY, NGINX, REMOTE } from './scenarios/proxy.ts'
import { ON_GUNICORN, ON_ISTHMUS, ON_UVICORN } from './scenarios/python.ts'
import { cellOf } from './report.ts'
import { medianRatio } from './statistics.ts'
import type { Report } from './report.ts'

/** A number of one row, divided by that of another row of the same run. */
export interface Budget {
  what: string
  scenario: string
  variant: string
  row: string
  /** A row whose number is subtracted first, so that the budget limits the difference of two rows. */
  minus?: string
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
const FLOOR = 'floor: node:net, no parsing'
const EVENTS = 'isthmus, events'
const WITH_FIGURES = 'isthmus, events with figures'
const ITERABLE = 'isthmus, iterable'
const INLINE = 'isthmus, sync inline'
const THREAD = 'isthmus, sync in one thread'
const NODE_ENGINE = 'isthmus, events, on node:http'

/** The budgets that hold on a version of Node, as `process.version` names it. */
export function budgetsOn(nodeVersion: string): Budget[] {
  const major = Number(/^v(\d+)/.exec(nodeVersion)?.[1])
  const isNode20 = major < 22
  // Express replaces the prototypes of its objects, which costs less from Node 24 on.
  const isNode22OrOlder = major < 24
  const on = (node20: number, later: number): number => (isNode20 ? node20 : later)
  return [
    cpu({ what: 'events', row: EVENTS, ratio: on(0.7, 0.78) }),
    cpu({
      what: 'events, browser fields',
      variant: 'browser',
      row: EVENTS,
      ratio: on(0.62, 0.75),
    }),
    cpu({ what: 'events, by the floor', row: EVENTS, by: FLOOR, ratio: on(1.2, 1.25) }),
    cpu({ what: 'events with figures, by events', row: WITH_FIGURES, by: EVENTS, ratio: 1.03 }),
    cpu({ what: 'iterable', row: ITERABLE, ratio: on(0.85, 0.95) }),
    cpu({ what: 'sync inline', row: INLINE, ratio: on(0.8, 0.88) }),
    cpu({ what: 'events on the node engine', row: NODE_ENGINE, ratio: 1.25 }),
    {
      what: 'req/s, sync in one thread',
      scenario: 'throughput',
      variant: 'bare',
      row: THREAD,
      by: NODE_HTTP,
      number: 'perSecond',
      bound: 'least',
      ratio: on(1.1, 1),
    },
    {
      what: 'CPU, events in one thread by sync in one thread',
      scenario: 'throughput',
      variant: 'bare',
      row: `${EVENTS} in one thread`,
      by: THREAD,
      number: 'cpuMicros',
      bound: 'most',
      ratio: 1,
    },
    {
      what: 'req/s, Express in one thread',
      scenario: 'throughput',
      variant: 'bare',
      row: BESIDE_EXPRESS,
      by: 'Express',
      number: 'perSecond',
      bound: 'least',
      ratio: 2,
    },
    fiveMiddlewares('events'),
    fiveMiddlewares('sync inline → events'),
    adapted('handler', 0.9),
    adapted('express', isNode22OrOlder ? 0.35 : 0.9),
    adapted('stack', isNode22OrOlder ? 0.4 : 0.9),
    adapted('koa', on(0.85, 0.95)),
    adapted('hono', on(0.65, 0.8)),
    webSocketEcho('1', 0.95),
    webSocketEcho('16', 1),
    pythonApp('req/s, bare WSGI of Python', 'wsgi', ON_GUNICORN, 4),
    pythonApp('req/s, Flask', 'flask', ON_GUNICORN, 2.5),
    pythonApp('req/s, bare ASGI of Python', 'asgi', ON_UVICORN, 1.2),
    pythonApp('req/s, FastAPI', 'fastapi', ON_UVICORN, 1.1),
    pythonApp('WebSocket messages/s of ASGI, 1 in flight', 'echo1', ON_UVICORN, 0.8),
    pythonApp('WebSocket messages/s of ASGI, 16 in flight', 'echo16', ON_UVICORN, 0.8),
    forwarding('CPU of remote() by nginx', NGINX, 2),
    forwarding('CPU of remote() by http-proxy', HTTP_PROXY, 0.7),
    ...WORK_MS.map(besideWork),
    {
      what: 'p99 beside the copies of a migration',
      scenario: 'migrate',
      variant: '200',
      row: SHADOWED,
      by: ALONE,
      number: 'p99Ms',
      bound: 'most',
      ratio: 1.1,
    },
    {
      what: 'realtime p99 beside Express that blocks for 20 ms',
      scenario: 'beside-express',
      variant: '20',
      row: BESIDE_EXPRESS,
      by: EXPRESS_IDLE,
      number: 'p99Ms',
      bound: 'most',
      ratio: 3,
    },
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

/** The rows that a budget needs. */
export function rowsOf({ row, minus, by }: Budget): string[] {
  return minus === undefined ? [row, by] : [row, minus, by]
}

function cpu(budget: Pick<Budget, 'what' | 'row' | 'ratio'> & Partial<Budget>): Budget {
  const what = `CPU, ${budget.what}`
  const hello = { scenario: 'hello', variant: 'bare', by: NODE_HTTP } as const
  return { ...hello, number: 'cpuMicros', bound: 'most', ...budget, what }
}

function fiveMiddlewares(hosting: string): Budget {
  const row = `isthmus, ${hosting}, native`
  return {
    what: `CPU that five middlewares add, ${hosting}`,
    scenario: 'matrix',
    variant: 'bare',
    row: `${row}, 5 middlewares`,
    minus: row,
    by: FLOOR,
    number: 'cpuMicros',
    bound: 'most',
    ratio: 0.1,
  }
}

function adapted(app: Parameters<typeof adaptedRows>[0], ratio: number): Budget {
  const rows = adaptedRows(app)
  return {
    what: `CPU, ${rows.adapted}`,
    scenario: 'adapters',
    variant: 'bare',
    row: rows.adapted,
    by: rows.own,
    number: 'cpuMicros',
    bound: 'most',
    ratio,
  }
}

function webSocketEcho(variant: string, ratio: number): Budget {
  return {
    what: `WebSocket messages/s, ${variant} in flight`,
    scenario: 'echo',
    variant,
    row: EVENTS,
    by: 'ws on node:http',
    number: 'perSecond',
    bound: 'least',
    ratio,
  }
}

// In one process of Python each.
function pythonApp(what: string, variant: string, by: string, ratio: number): Budget {
  const number = 'perSecond'
  return { what, scenario: 'python', variant, row: ON_ISTHMUS, by, number, bound: 'least', ratio }
}

// A GET with the fields of a browser.
function forwarding(what: string, by: string, ratio: number): Budget {
  const number = 'cpuMicros'
  return { what, scenario: 'proxy', variant: 'get', row: REMOTE, by, number, bound: 'most', ratio }
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
  const roundsOf = (row: string): number[] => {
    const rounds = cellOf(report, { scenario, row, variant })?.rounds ?? []
    return rounds.map((round) => round[number] ?? NaN)
  }
  const by = roundsOf(budget.by)
  const less = budget.minus === undefined ? undefined : roundsOf(budget.minus)
  const values = roundsOf(budget.row).map(
    (value, round) => value - (less?.[round] ?? (less ? NaN : 0)),
  )
  if (values.length === 0 || values.length !== by.length) return null
  const ratio = medianRatio(values, by)
  return Number.isFinite(ratio) ? ratio : null
}
