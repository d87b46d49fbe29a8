// The numbers of docs/scaling.md are those of benchmarks/results, and its outputs those of the model.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answerOf } from '../../benchmarks/model/answer.ts'
import { parseModelOptions } from '../../benchmarks/model/options.ts'
import { readReport } from '../../benchmarks/report.ts'
import type { Comparison } from '../../benchmarks/model/compare.ts'

const RESULTS = new URL('../../benchmarks/results/', import.meta.url)
const PAGE = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
const COSTS = [...PAGE.matchAll(/^\| .+ \| ([\d.]+) .+ \| (\S+\.json) \/ (.+) \|$/gm)]
const RUNS = [...PAGE.matchAll(/^npm run model -- (.+)\n```\n\n```text\n([^]+?)\n```$/gm)]

describe('docs/scaling.md', () => {
  it.each(COSTS.map(([, shown = '', file = '', path = '']) => [file, path, shown]))(
    'shows the number of %s: %s',
    (file, path, shown) => {
      const [scenario, row, variant = '', number = ''] = path.split(' / ')
      const { scenarios } = readReport(new URL(file, RESULTS))
      const rows = scenarios.find(({ id }) => id === scenario)?.rows
      const cell = rows?.find(({ name }) => name === row)?.cells[variant]
      expect(cell?.median[number]?.toFixed(1)).toBe(shown)
    },
  )

  it('has a source for each cost', () => {
    expect(COSTS.length).toBeGreaterThan(15)
    expect(RUNS.length).toBe(3)
  })

  it.each(RUNS.map(([, words = '', output = '']) => [words, output]))(
    'shows the output of the model: %s',
    (words, output) => {
      expect(answerOf(parseModelOptions(words.split(' '))).text).toBe(output)
    },
  )

  it('shows the comparison of model.json', () => {
    const file = new URL('model.json', RESULTS)
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as Comparison
    for (const { row, percent, p50Ms, p99Ms, refusedPercent } of rows) {
      const numbers = [p50Ms, p99Ms, refusedPercent].flatMap((pair) => [
        pair.measured.toFixed(1),
        pair.simulated.toFixed(1),
      ])
      expect(PAGE).toContain(`| ${[row, `${percent} %`, ...numbers].join(' | ')} |`)
    }
  })
})
