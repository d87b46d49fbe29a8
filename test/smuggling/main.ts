// Requests that are broken at random, through remote() to each server that is installed, for a time.
//
//   npm run remote:smuggling -- [--seconds 60] [--seed 1]
//
// A request that arrives and was not one request ends the run; the output has the smallest bytes that show it, and the seed.

import { parseArgs } from 'node:util'
import { campaign } from './campaign.ts'
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

for (const name of UPSTREAMS) {
  const lack = lackOf(name)
  console.log(`${name}: ${lack === '' ? await run(name) : `skipped ${lack}`}`)
}

async function run(name: UpstreamName): Promise<string> {
  const upstream = await RecordingUpstream.start(name)
  const front = await Front.start(upstream.url)
  try {
    const tally = await campaign({ front, upstream }, { seed, milliseconds: seconds * 1_000 })
    return JSON.stringify(tally)
  } finally {
    await front.stop()
    await upstream.stop()
  }
}

function whole(option: string, word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word)
  throw new Error(`--${option} is a whole number, got "${word}"`)
}
