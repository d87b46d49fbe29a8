// The published pages agree with the run that they are made from.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { svgOf } from '../../benchmarks/pages/chart.ts'
import { CPU, REALTIME } from '../../benchmarks/pages/charts.ts'
import { EXPRESS_JSON, pagesOf, RESULTS_JSON } from '../../benchmarks/pages/publish.ts'
import { withExpress } from '../../benchmarks/pages/express-section.ts'
import { resultsPage } from '../../benchmarks/pages/results-page.ts'
import { withSection } from '../../benchmarks/pages/readme-section.ts'
import { readReport } from '../../benchmarks/report.ts'
import { RUN } from './run.ts'

const README =
  '# a\n<!-- benchmarks: made by `npm run bench:pages` -->old<!-- end of benchmarks -->\nz\n'

describe('the committed pages', () => {
  const pages = pagesOf(readReport(RESULTS_JSON), readReport(EXPRESS_JSON))

  it('is the README, RESULTS.md and two files for each chart', () => {
    const names = pages.map(([file]) => file.pathname.split('/').at(-1))
    expect(names).toEqual(
      expect.arrayContaining(['README.md', 'RESULTS.md', 'cpu-light.svg', 'realtime-dark.svg']),
    )
  })

  it.each(pages.map(([file, text]) => [file.pathname.split('/').at(-1), file, text] as const))(
    'has in %s the numbers of results.json (else: npm run bench:pages)',
    (_name, file, text) => {
      expect(existsSync(file)).toBe(true)
      expect(readFileSync(file, 'utf8')).toBe(text)
    },
  )
})

describe('a chart', () => {
  it('has a bar label for every number, and every name', () => {
    const svg = svgOf(CPU, RUN, 'light') ?? ''
    for (const text of ['16.5', '11.6', 'isthmus, events', 'only Host']) expect(svg).toContain(text)
  })

  it('can be read on dark and on light', () => {
    expect(svgOf(REALTIME, RUN, 'dark')).toContain('#e6edf3')
    expect(svgOf(REALTIME, RUN, 'light')).toContain('#1f2328')
  })

  it('is the same twice', () => {
    expect(svgOf(CPU, RUN, 'dark')).toBe(svgOf(CPU, RUN, 'dark'))
  })

  it('is none where nothing was measured', () => {
    expect(svgOf(CPU, { ...RUN, scenarios: [] }, 'dark')).toBeUndefined()
  })
})

describe('RESULTS.md', () => {
  it('has the setting, the budgets, the tables, and their limits', () => {
    const page = resultsPage(RUN)
    for (const text of [
      'commit abc1234',
      'load average before the run 0.10',
      'skipped: uvicorn',
      '| CPU, events | ≤ 0.70 × node:http | 0.70 | met |',
      '| isthmus, events | 11.6 | 9.1 – 14.0 | 0.70 |',
      'The limits of these numbers',
      'npm run bench -- --publish',
    ]) {
      expect(page).toContain(text)
    }
    expect(page).not.toContain('Not to be quoted')
  })

  it.each([
    ['a short run', { rounds: 1 }],
    ['others at work meanwhile', { busyDuring: 1 }],
    ['a busy machine, where nothing tells of meanwhile', { busyBefore: 3, busyDuring: NaN }],
    ['sources of no commit', { commit: 'abc1234-dirty' }],
  ])('warns of %s', (_what, setting) => {
    expect(resultsPage({ ...RUN, ...setting })).toContain('> **Not to be quoted.**')
  })

  it('does not warn of work that ended before the run began', () => {
    expect(resultsPage({ ...RUN, busyBefore: 3 })).not.toContain('Not to be quoted')
  })
})

describe('the section of the README', () => {
  it('stands between its markers, and says numbers of the run', () => {
    const readme = withSection(README, RUN)
    expect(readme.startsWith('# a\n')).toBe(true)
    expect(readme.endsWith('\nz\n')).toBe(true)
    expect(readme).toContain('costs 11.6 µs')
    expect(readme).toContain('within 1.60 ms')
    expect(readme).not.toContain('old')
  })

  it('wants its markers', () => {
    expect(() => withSection('# a\n', RUN)).toThrow('the README has no')
    expect(() => withExpress('# a\n', RUN)).toThrow('the README has no')
  })
})
