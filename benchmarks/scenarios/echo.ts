// A WebSocket echo.

import { echoes } from '../loads/echoes.ts'
import { quantile } from '../statistics.ts'
import { isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { Scenario, Subject } from './scenario.ts'

const CONTROL = { ...NODE_HTTP, name: 'ws on node:http' }

const measure: Subject['measure'] = async (server, variant, { seconds, warmUpSeconds }) => {
  const url = `${server.url.replace('http', 'ws')}/ws`
  await echoes(url, Number(variant), warmUpSeconds * 1000)
  const before = server.cpuMs()
  const { messages, perSecond, tripsMs } = await echoes(url, Number(variant), seconds * 1000)
  const cpuMicros = ((server.cpuMs() - before) * 1000) / messages
  return { perSecond, cpuMicros, p50Ms: quantile(tripsMs, 0.5), p99Ms: quantile(tripsMs, 0.99) }
}

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
