// nginx and HAProxy in front of two workers for ten minutes: no 502 in steady state, and none in a reload.
//
//   npm run soak:proxies -- [--minutes 10] [--clients 16]

import { parseArgs } from 'node:util'
import { runBehindProxies } from './proxies-run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '16' },
  },
})
const shape = {
  durationMs: Number(values.minutes) * 60_000,
  betweenReloadsMs: 5_000,
  clients: Number(values.clients),
}
const { counts, faults, reloads, skipped } = await runBehindProxies(shape)
for (const line of skipped) console.log(`skipped: ${line}`)
for (const line of counts) console.log(line)
console.log(`${reloads} reloads`)
for (const fault of faults) console.log(`  ${fault}`)
console.log(faults.length === 0 ? 'no fault' : `${faults.length} kinds of faults`)
process.exitCode = faults.length === 0 && counts.length > 0 ? 0 : 1
