// Requests that are broken at random, through remote() to each server that is installed, for a time.
//
//   npm run remote:smuggling -- [--seconds 60] [--seed 1]
//
// A request that arrives and was not one request ends the run; the output has the smallest bytes that show it, and the seed.

import fc from 'fast-check'
import { parseArgs } from 'node:util'
import { mutatedConnection } from '../server/native/parser/mutated-connection.ts'
import { attempt } from './attempt.ts'
import { Front } from './front.ts'
import { lackOf, RecordingUpstream, UPSTREAMS } from './recording-upstream.ts'
import type { UpstreamName } from './recording-upstream.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
})
const seconds = whole('seconds', values.seconds)
const seed = whole('seed', values.seed)
const MOST_RUNS = 100_000_000

for (const name of UPSTREAMS) {
  const lack = lackOf(name)
  console.log(`${name}: ${lack === '' ? await campaign(name) : `skipped ${lack}`}`)
}

async function campaign(name: UpstreamName): Promise<string> {
  const upstream = await RecordingUpstream.start(name)
  const front = await Front.start(upstream.url)
  const tally = { connections: 0, arrived: 0, refused: 0, shared: 0 }
  const property = fc.asyncProperty(mutatedConnection, async ({ text }) => {
    const { faults, arrived, refused, isShared } = await attempt(text, front, upstream)
    tally.connections += 1
    tally.arrived += arrived.length
    tally.refused += refused
    tally.shared += Number(isShared)
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })
  const plugins = [fc.interruptAfterTimeLimit(seconds * 1_000)]
  try {
    await fc.assert(property, { seed, numRuns: MOST_RUNS, plugins })
  } finally {
    await front.stop()
    await upstream.stop()
  }
  return JSON.stringify(tally)
}

function whole(option: string, word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word)
  throw new Error(`--${option} is a whole number, got "${word}"`)
}
