// Latency under more work than a thread can do.

import { setTimeout as sleep } from 'node:timers/promises'
import { besideClients } from '../loads/clients.ts'
import { steadily } from '../loads/steady.ts'
import { quantile } from '../statistics.ts'
import { isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Pace, Scenario, Subject } from './scenario.ts'

const WORK = '/busy?ms=5'
const CLIENTS = 4
const capacities = new WeakMap<ServerProcess, number>()

const measure: Subject['measure'] = async (server, percent, pace) => {
  const capacity = capacities.get(server) ?? (await measureCapacity(server, pace))
  capacities.set(server, capacity)
  const perSecond = (capacity * Number(percent)) / 100
  const { answeredMs, refused } = await steadily(server.url + WORK, perSecond, pace.seconds * 1000)
  return {
    p50Ms: quantile(answeredMs, 0.5),
    p99Ms: quantile(answeredMs, 0.99),
    maxMs: quantile(answeredMs, 1),
    refusedPercent: (refused / (refused + answeredMs.length)) * 100,
    capacityPerSecond: capacity,
  }
}

/** Requests per second that the server answers to clients with one request at a time. */
function measureCapacity(server: ServerProcess, pace: Pace): Promise<number> {
  return besideClients(server.url + WORK, CLIENTS, async (load) => {
    await sleep(pace.warmUpSeconds * 1000)
    const [before, since] = [load.answered, performance.now()]
    await sleep(pace.seconds * 1000)
    return ((load.answered - before) * 1000) / (performance.now() - since)
  })
}

export const saturation: Scenario = {
  id: 'saturation',
  title: 'Latency at 80, 100 and 120 % load',
  about:
    'Requests of 5 ms of work arrive at a steady rate: 80, 100 and 120 % of what the same server has just answered when ' +
    'clients waited. The clock starts when a request is due, so one that had to wait to be sent counts. Above 100 % a ' +
    'queue without an end grows for as long as the load lasts; a bounded one refuses with 503 and keeps its promise to ' +
    'those it takes. Percentiles are of what was answered.',
  variants: { 80: '80 %', 100: '100 %', 120: '120 %' },
  columns: [
    { number: 'p99Ms', label: 'p99 ms', digits: 1 },
    { number: 'p50Ms', label: 'p50 ms', digits: 1 },
    { number: 'maxMs', label: 'max ms', digits: 1 },
    { number: 'refusedPercent', label: 'refused %', digits: 1 },
    { number: 'capacityPerSecond', label: '100 % is req/s', digits: 0 },
  ],
  control: NODE_HTTP.name,
  quick: [],
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['gthread'])
    const ours = [
      isthmus('one thread', 'thread'),
      isthmus('one thread, maxQueue 32', 'short-queue'),
    ]
    return { subjects: measured([NODE_HTTP, ...ours, ...peers], measure), skipped }
  },
}
