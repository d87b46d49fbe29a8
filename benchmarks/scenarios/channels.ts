// Messages of channels from a publisher to a consumer.

import { spawnSync } from 'node:child_process'
import { countCpu } from '../cpu-time.ts'
import { nodeServer } from '../server-process.ts'
import { quantile } from '../statistics.ts'
import type { Scenario, Subject } from './scenario.ts'

interface Answer {
  sent: number
  perSecond: number
  trips: number[]
}

const IPC = 'process.send alone'
const WITHOUT_REDIS = ['memory()', 'cluster(), two processes']

export const channels: Scenario = {
  id: 'channels',
  title: 'Channels, from publish to receipt',
  about:
    'A publisher sends messages of 250 bytes to one consumer, in another process except for memory(): a thousand a second, ' +
    'with and without a history, or as many as its broker takes with 1,000 on their way. The rows of bare transports have ' +
    'no groups, no histories and no bounds. CPU time is that of all processes, redis-server included.',
  variants: {
    rate: '1,000 a second',
    history: '1,000 a second, with a history',
    full: 'at full speed',
  },
  columns: [
    { number: 'perSecond', label: 'messages/s', digits: 0 },
    { number: 'cpuMicros', label: 'CPU µs/message', digits: 1 },
    { number: 'p50Ms', label: 'p50 ms', digits: 3 },
    { number: 'p99Ms', label: 'p99 ms', digits: 3 },
  ],
  control: { rate: IPC, history: WITHOUT_REDIS[1] as string, full: IPC },
  quick: ['rate'],
  isFresh: true,
  subjects: () => {
    const subjects = [
      row(IPC, 'ipc', ['rate', 'full']),
      row('memory()', 'memory', ['rate', 'history', 'full']),
      row('cluster(), two processes', 'cluster', ['rate', 'history', 'full']),
    ]
    if (spawnSync('redis-server', ['--version']).status !== 0) {
      return { subjects, skipped: ['redis(): install redis-server'] }
    }
    const more = [
      row('Redis pub/sub, the client alone', 'redis-client', ['rate', 'full']),
      row('redis(), two processes', 'redis', ['rate', 'history', 'full']),
    ]
    return { subjects: [...subjects, ...more], skipped: [] }
  },
}

function row(name: string, kind: string, variants: readonly string[]): Subject {
  const words = Object.fromEntries(variants.map((variant) => [variant, [variant]]))
  return { name, command: nodeServer('channels.js', kind), words, measure }
}

const measure: Subject['measure'] = async (server, variant, { seconds, warmUpSeconds }) => {
  await run(server.url, warmUpSeconds)
  const costOf = countCpu(server)
  const { sent, perSecond, trips } = await run(server.url, seconds)
  // At full speed, publications above the bound of the broker are no part of the result.
  if (variant !== 'full' && trips.length !== sent) {
    throw new Error(`${sent - trips.length} of ${sent} messages did not arrive`)
  }
  return {
    perSecond,
    ...costOf(trips.length),
    p50Ms: quantile(trips, 0.5),
    p99Ms: quantile(trips, 0.99),
  }
}

async function run(url: string, seconds: number): Promise<Answer> {
  const response = await fetch(`${url}/run?seconds=${seconds}`)
  return (await response.json()) as Answer
}
