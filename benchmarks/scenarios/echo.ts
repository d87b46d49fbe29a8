// A WebSocket echo.

import { countCpu } from '../cpu-time.ts'
import { echoes } from '../loads/echoes.ts'
import { quantile } from '../statistics.ts'
import { isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { Numbers } from '../report.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Pace, Scenario, Subject } from './scenario.ts'

const CONTROL = { ...NODE_HTTP, name: 'ws on node:http' }

/** Warms up, and measures with `inFlight` messages. `count` begins to count CPU time. */
export async function measureEcho(
  server: ServerProcess,
  inFlight: number,
  { pace, count = countCpu }: { pace: Pace; count?: typeof countCpu },
): Promise<Numbers> {
  const url = `${server.url.replace('http', 'ws')}/ws`
  await echoes(url, inFlight, pace.warmUpSeconds * 1000)
  const costOf = count(server)
  const { messages, perSecond, tripsMs } = await echoes(url, inFlight, pace.seconds * 1000)
  const cost = costOf(messages)
  return { perSecond, ...cost, p50Ms: quantile(tripsMs, 0.5), p99Ms: quantile(tripsMs, 0.99) }
}

const measure: Subject['measure'] = (server, variant, pace) =>
  measureEcho(server, Number(variant), { pace })

export const echo: Scenario = {
  id: 'echo',
  title: 'WebSocket echo',
  about:
    'One connection sends 64 bytes for each message that comes back, with 1 or 16 of them in flight.',
  variants: { 1: '1 in flight', 16: '16 in flight' },
  columns: [
    { number: 'perSecond', label: 'messages/s', digits: 0 },
    { number: 'cpuMicros', label: 'CPU µs/message', digits: 1 },
    { number: 'p50Ms', label: 'p50 ms', digits: 3 },
    { number: 'p99Ms', label: 'p99 ms', digits: 3 },
  ],
  control: CONTROL.name,
  quick: ['16'],
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['uvicornSockets'])
    const ours = [
      isthmus('events', 'events'),
      isthmus('events, on node:http', 'events', { engine: 'node' }),
    ]
    return { subjects: measured([CONTROL, ...ours, ...peers], measure), skipped }
  },
}
