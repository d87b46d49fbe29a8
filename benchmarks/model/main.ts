// The model of a pool. npm run model -- --help

import { writeFileSync } from 'node:fs'
import { compareSaturation, errorLines } from './compare.ts'
import { needOf } from './need.ts'
import { HELP, parseModelOptions } from './options.ts'
import { simulate } from './simulate.ts'
import { linesOf, tableOf } from './table.ts'
import type { ModelOptions } from './options.ts'

const RESULTS = new URL('../results/', import.meta.url)

try {
  main(parseModelOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`model: ${(error as Error).message}`)
  process.exitCode = 2
}

function main(options: ModelOptions): void {
  if (options.isHelp) return console.log(HELP)
  if (options.isCheck) return check()
  const { load, setup, goal, loopMs, threads } = options
  if (threads !== undefined) {
    const fixed = { ...setup, threads }
    return console.log(tableOf([{ setup: fixed, outcomes: simulate(load, fixed) }]))
  }
  const need = needOf(load, setup, { goal, loopMs })
  console.log(tableOf(need.candidates))
  for (const line of linesOf(need, { load, goal, cores: setup.cores })) console.log(line)
  if (!need.enough) process.exitCode = 1
}

function check(): void {
  const comparison = compareSaturation(new URL('results.json', RESULTS))
  writeFileSync(new URL('model.json', RESULTS), `${JSON.stringify(comparison, null, 2)}\n`)
  for (const line of errorLines(comparison)) console.log(line)
}
