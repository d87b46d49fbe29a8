// Compares the parser with node:http, and with itself on other cuts of the same bytes, on requests that are almost right.
//
//   npm run fuzz -- [--requests 1000000] [--seed 1] [--json FILE]
//
// A difference of no known class ends the run; the output has the smallest bytes that show it, and the seed.

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { campaign } from '../test/server/native/parser/campaign.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})
const requests = count('requests', values.requests)
const seed = count('seed', values.seed)

const startedAt = performance.now()
const EVERY_SECONDS = 10
let saidAt = startedAt
const tally = await campaign(requests, seed, ({ mutated }) => {
  const now = performance.now()
  if (now - saidAt < EVERY_SECONDS * 1_000) return true
  saidAt = now
  console.log(`${mutated} mutated requests after ${seconds(now)} s`)
  return true
})
const report = {
  date: new Date().toISOString(),
  node: process.version,
  llhttp: process.versions['llhttp'],
  machine: `${cpus()[0]?.model.trim()} × ${cpus().length}`,
  seed,
  seconds: seconds(performance.now()),
  ...tally,
  faults: 0,
}
console.log(report)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)

function seconds(now: number): number {
  return Math.round((now - startedAt) / 1_000)
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} takes a number, got "${text}"`)
}
