// Tables and verdicts of a made-up run.

import { describe, expect, it } from 'vitest'
import { budgetsOn, judge } from '../../benchmarks/budgets.ts'
import { parseTransfers } from '../../benchmarks/gibibyte.ts'
import { hello } from '../../benchmarks/scenarios/hello.ts'
import { cellsOf, markdownTable, textTable } from '../../benchmarks/table.ts'
import { verdictText } from '../../benchmarks/verdicts.ts'
import { cell, RUN } from './run.ts'
import type { Row, ScenarioResult } from '../../benchmarks/report.ts'

const result = RUN.scenarios[0] as ScenarioResult

describe('cellsOf', () => {
  it('shows medians, the spread, and the ratio within each round', () => {
    const [head, , control, ours] = cellsOf(hello, result, 'bare')
    expect(head).toEqual(['', 'CPU µs/req', 'least to most', '×', 'req/s', 'p50 ms', 'p99 ms'])
    expect(control?.slice(0, 4)).toEqual(['node:http', '16.5', '13.0 – 20.0', '1.00'])
    expect(ours?.slice(0, 4)).toEqual(['isthmus, events', '11.6', '9.1 – 14.0', '0.70'])
  })

  it('compares with another row in each variant, if the scenario says so', () => {
    const control = { bare: 'isthmus, events', browser: 'node:http' }
    const ratios = cellsOf({ ...hello, control }, result, 'bare').map(([name, , , by]) => [
      name,
      by,
    ])
    expect(ratios).toContainEqual(['isthmus, events', '1.00'])
    expect(ratios).toContainEqual(['node:http', '1.43'])
  })

  it('has no row without a measurement', () => {
    expect(cellsOf(hello, result, 'browser')).toHaveLength(1)
  })
})

describe('a table', () => {
  const lines = [
    ['', 'a'],
    ['row', '1,000'],
  ]

  it('as text is aligned, numbers to the right', () => {
    expect(textTable(lines)).toBe('         a\nrow  1,000')
  })

  it('as Markdown has a rule below its head', () => {
    expect(markdownTable(lines)).toBe('|  | a |\n| --- | ---: |\n| row | 1,000 |')
  })
})

describe('the budgets', () => {
  const verdictOf = (what: string, nodeVersion = 'v20.20.2'): boolean | null | undefined =>
    judge(RUN, budgetsOn(nodeVersion)).find(({ budget }) => budget.what === what)?.isMet

  it('are met or missed by the ratio of two rows of one run', () => {
    expect(verdictOf('CPU, events')).toBe(true)
    expect(verdictOf('CPU, sync inline')).toBe(false)
    expect(verdictOf('realtime p99 beside 20 ms of sync work')).toBe(true)
  })

  it('may limit the difference of two rows', () => {
    const name = 'isthmus, events, native'
    const bare = (...values: number[]): Row['cells'] => ({
      bare: cell(...values.map((cpuMicros) => ({ cpuMicros }))),
    })
    const rows = [
      { name: 'floor: node:net, no parsing', cells: bare(10, 20) },
      { name, cells: bare(12, 24) },
      { name: `${name}, 5 middlewares`, cells: bare(13, 26) },
    ]
    const verdicts = judge({ scenarios: [{ id: 'matrix', rows }] }, budgetsOn('v20.20.2'))
    const added = verdicts.find(({ budget }) => budget.what.startsWith('CPU that five'))
    expect(added).toMatchObject({ measured: 0.1, isMet: true })
  })

  it('are neither if a row was not measured', () => {
    expect(verdictOf('CPU, events, browser fields')).toBeNull()
    expect(verdictOf('req/s, sync in one thread')).toBeNull()
  })

  it('are wider on newer versions of Node', () => {
    const [on20, on24] = ['v20.20.2', 'v24.0.0'].map((version) => budgetsOn(version)[0]?.ratio)
    expect([on20, on24]).toEqual([0.7, 0.78])
  })

  it('are shown as budget, measured, verdict', () => {
    const lines = verdictText(judge(RUN, budgetsOn('v20.20.2'))).split('\n')
    expect(lines[0]).toMatch(/budget +measured +verdict$/)
    expect(lines[1]).toMatch(/^CPU, events +≤ 0\.70 × node:http +0\.70 +met$/)
    expect(lines[2]).toMatch(/- +not measured$/)
  })
})

describe('the budget of memory', () => {
  const reportOf = (...statuses: string[]): string => {
    const assertionResults = statuses.map((status) => ({ title: `[3c.7] up: ${status}`, status }))
    const testResults = [{ name: 'a.test.ts', assertionResults }]
    return JSON.stringify({ numTotalTestSuites: 1, testResults })
  }

  it('has a verdict for each transfer, and none for a skipped one', () => {
    expect(parseTransfers(`noise {}\n${reportOf('passed', 'failed', 'skipped')}`)).toEqual([
      { name: 'up: passed', isWithin: true },
      { name: 'up: failed', isWithin: false },
      { name: 'up: skipped', isWithin: null },
    ])
  })

  it('is missed by a file that cannot be loaded', () => {
    expect(parseTransfers(reportOf())).toEqual([{ name: 'a.test.ts', isWithin: false }])
  })

  it.each(['', '{}', '{"numTotalTestSuites":0,"testResults":[]}', reportOf('skipped')])(
    'is not met by a test that did not run: %j',
    (report) => {
      expect(() => parseTransfers(report)).toThrow('did not run')
    },
  )
})
