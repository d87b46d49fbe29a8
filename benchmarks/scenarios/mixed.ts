// Realtime beside legacy load.

import { besideClients } from '../loads/clients.ts'
import { ping } from '../loads/pings.ts'
import { quantile } from '../statistics.ts'
import { EXPRESS, isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { Scenario, Subject } from './scenario.ts'

const CLIENTS = 8
/** One thread has work of 1 to 100 ms a request. */
export const WORK_MS: readonly number[] = [1, 5, 20, 100]
export const IDLE = 'isthmus, idle'
export const BESIDE_THREAD = 'isthmus, sync in one thread'
export const EXPRESS_IDLE = 'isthmus, Express in one thread, idle'
export const BESIDE_EXPRESS = 'isthmus, Express in one thread'

function beside(clients: number): Subject['measure'] {
  return (server, workMs, { seconds, warmUpSeconds }) =>
    besideClients(`${server.url}/busy?ms=${workMs}`, clients, async (load) => {
      const url = `${server.url.replace('http', 'ws')}/ws`
      await ping(url, warmUpSeconds * 1000)

      const [answeredBefore, since] = [load.answered, performance.now()]
      const tripsMs = await ping(url, seconds * 1000)
      const elapsed = (performance.now() - since) / 1000
      return {
        p50Ms: quantile(tripsMs, 0.5),
        p99Ms: quantile(tripsMs, 0.99),
        maxMs: quantile(tripsMs, 1),
        syncPerSecond: (load.answered - answeredBefore) / elapsed,
        pings: tripsMs.length,
      }
    })
}

const COLUMNS = [
  { number: 'p99Ms', label: 'p99 ms', digits: 2 },
  { number: 'p50Ms', label: 'p50 ms', digits: 2 },
  { number: 'maxMs', label: 'max ms', digits: 1 },
  { number: 'syncPerSecond', label: 'sync req/s', digits: 0 },
]

export const mixed: Scenario = {
  id: 'mixed',
  title: 'Realtime beside saturating sync work',
  about:
    'One WebSocket sends a message every 2 ms and takes the time until its echo is back. Beside it, eight clients keep ' +
    'asking a sync app that works for 1, 5, 20 or 100 ms a request, by the clock. The messages do not wait for one ' +
    'another: a server that stalls for 100 ms makes fifty of them late, not one. On one core the thread that works ' +
    'shares it with the event loop, and what it loses to it counts as work.',
  variants: Object.fromEntries(WORK_MS.map((ms) => [String(ms), `${ms} ms of work`])),
  columns: COLUMNS,
  control: IDLE,
  quick: ['20'],
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['wsgiToAsgiSockets'])
    const thread = isthmus('sync in one thread', 'beside-thread')
    const beside8 = [
      thread,
      isthmus('sync inline', 'beside-inline'),
      { ...NODE_HTTP, name: 'node:http + ws' },
      ...peers,
    ]
    const idle = { ...thread, name: IDLE, measure: beside(0) }
    return { subjects: [idle, ...measured(beside8, beside(CLIENTS))], skipped }
  },
}

export const besideExpress: Scenario = {
  id: 'beside-express',
  title: 'Realtime beside an Express app that blocks',
  about:
    'The same WebSocket beside the same clients, with an Express app that blocks for 20 ms in each request: in a thread, ' +
    'on the event loop of isthmus, and on node:http with ws.',
  variants: { 20: '20 ms of work' },
  columns: COLUMNS,
  control: EXPRESS_IDLE,
  quick: [],
  subjects: () => {
    const thread = isthmus('Express in one thread', 'beside-express-thread')
    const rows = [
      thread,
      isthmus('Express on the event loop', 'beside-express'),
      { ...EXPRESS, name: 'Express on node:http + ws' },
    ]
    const idle = { ...thread, name: EXPRESS_IDLE, measure: beside(0) }
    return { subjects: [idle, ...measured(rows, beside(CLIENTS))], skipped: [] }
  },
}
