// Two server processes with 500 WebSockets each (one process for memory()), which are cut and return at random while a sync
// app in a thread publishes. Fails if a message is missing without a gap, comes twice or out of order, or if memory grows.
//
//   npm run soak:channels -- memory|cluster|redis [--sockets 500] [--messages 2000] [--rate 25] [--cuts 60] [--seed 1]
//
// redis starts a redis-server of its own; --redis URL takes another one.

import { parseArgs } from 'node:util'
import { TestServer } from '../channels/redis/server.ts'
import { runChannels } from './channels-run.ts'
import type { ChannelsRun } from './channels-run.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sockets: { type: 'string', default: '500' },
    messages: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '25' },
    cuts: { type: 'string', default: '60' },
    history: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    redis: { type: 'string' },
  },
})
const [kind = 'cluster'] = positionals
if (!isKind(kind)) throw new Error(`the first word is memory, cluster or redis, got ${kind}`)
const own = kind === 'redis' && !values.redis ? await TestServer.start('redis-server') : null
try {
  const summary = await runChannels({
    kind,
    redisUrl: own?.url ?? values.redis ?? null,
    sockets: Number(values.sockets),
    messages: Number(values.messages),
    rate: Number(values.rate),
    cuts: Number(values.cuts),
    history: Number(values.history),
    seed: Number(values.seed),
  })
  console.log(JSON.stringify(summary, null, 2))
  if (summary.faults.length > 0) process.exitCode = 1
} finally {
  await own?.stop()
}

function isKind(word: string): word is ChannelsRun['kind'] {
  return ['memory', 'cluster', 'redis'].includes(word)
}
