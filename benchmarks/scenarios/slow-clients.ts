// Slow clients beside a sync app with two threads.

import { setTimeout as sleep } from 'node:timers/promises'
import { residentKib } from '../cpu-time.ts'
import { askFresh, LIMIT_MS } from '../loads/fresh.ts'
import { slowReaders, slowSenders } from '../loads/slow.ts'
import { quantile } from '../statistics.ts'
import { isthmus, measured, pythonPeers } from './servers.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Scenario, Subject } from './scenario.ts'

const SLOW = 200
const LEAST_MS = 2_000
// A server that stores responses has 1.6 GiB to store first; a server that stalls is given up after this time.
const SETTLE_MS = 15_000
const SETTLED_MS = 500
export const NO_SLOW = 'isthmus, sync in two threads, no slow client'

type Open = typeof slowSenders
const OPENERS: Readonly<Record<string, readonly Open[]>> = {
  senders: [slowSenders],
  readers: [slowReaders],
  both: [slowSenders, slowReaders],
}

function beside(count: number): Subject['measure'] {
  return async (server, variant, { seconds, warmUpSeconds }) => {
    // The first requests load code, and start the second thread.
    await askFresh(server.url, Math.max(500, warmUpSeconds * 1000))
    const before = mebibytes(server)
    const openers = OPENERS[variant] ?? []
    const slow = await Promise.all(openers.map((open) => open(server.url, count)))
    try {
      await untilSettled(server.url)
      const times = await askFresh(server.url, Math.max(LEAST_MS, seconds * 1000))
      return {
        p99Ms: quantile(times, 0.99),
        p50Ms: quantile(times, 0.5),
        answeredShare: (100 * times.filter((ms) => ms < LIMIT_MS).length) / times.length,
        grownMib: mebibytes(server) - before,
        slowOpen: slow.reduce((sum, clients) => sum + clients.open(), 0),
      }
    } finally {
      for (const clients of slow) clients.close()
    }
  }
}

async function untilSettled(url: string): Promise<void> {
  const until = performance.now() + SETTLE_MS
  while (performance.now() < until) {
    await sleep(SETTLED_MS)
    const times = await askFresh(url, SETTLED_MS)
    if (quantile(times, 1) < SETTLED_MS) return
  }
}

function mebibytes({ pid }: ServerProcess): number {
  return (residentKib(pid) ?? NaN) / 1024
}

export const slowClients: Scenario = {
  id: 'slow-clients',
  title: 'Slow clients beside a sync app with two threads',
  about:
    'Two hundred senders announce a body of 100 bytes and send one byte each second; two hundred readers ask for 8 MiB and ' +
    'read 16 KiB each second. Beside them a fresh request comes every 10 ms, on a connection of its own, also while ' +
    'others wait. The count begins when the server answers again after the slow clients came, or ' +
    `${SETTLE_MS / 1000} s later; a request without an answer counts as ${LIMIT_MS / 1000} s. Each server has two ` +
    'threads for apps. Memory is that of the process and its children, over the memory before the slow clients came.',
  variants: { senders: '200 senders', readers: '200 readers', both: '200 of each' },
  columns: [
    { number: 'p99Ms', label: 'p99 ms', digits: 1 },
    { number: 'p50Ms', label: 'p50 ms', digits: 1 },
    { number: 'answeredShare', label: 'answered %', digits: 0 },
    { number: 'grownMib', label: 'MiB more', digits: 0 },
    { number: 'slowOpen', label: 'slow clients left', digits: 0 },
  ],
  control: NO_SLOW,
  quick: [],
  isFresh: true,
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['gthreadOfTwo', 'waitress'])
    const threads = isthmus('sync in two threads', 'two-threads')
    const idle = { ...threads, name: NO_SLOW, measure: beside(0) }
    return { subjects: [idle, ...measured([threads, ...peers], beside(SLOW))], skipped }
  },
}
