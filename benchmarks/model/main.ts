// The model of a pool. npm run model -- --help

import { writeFileSync } from 'node:fs'
import { answerOf } from './answer.ts'
import { compareSaturation, errorLines } from './compare.ts'
import { HELP, parseModelOptions } from './options.ts'
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
  const { text, isEnough } = answerOf(options)
  console.log(text)
  if (!isEnough) process.exitCode = 1
}

function check(): void {
  const comparison = compareSaturation(new URL('results.json', RESULTS))
  writeFileSync(new URL('model.json', RESULTS), `${JSON.stringify(comparison, null, 2)}\n`)
  for (const line of errorLines(comparison)) console.log(line)
}
