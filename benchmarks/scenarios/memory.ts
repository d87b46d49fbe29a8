// The memory of an idle connection.

import { setTimeout as sleep } from 'node:timers/promises'
import { residentKib } from '../cpu-time.ts'
import { idleConnections, idleWebSockets } from '../loads/idle.ts'
import { isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Scenario, Subject } from './scenario.ts'

const FIRST = 200
const SETTLE_MS = 150

// A thousand, or two thousand in a long run: a memory page more or less then makes no difference.
function weigh(isNode: boolean): Subject['measure'] {
  return async (server, variant, { seconds }) => {
    const open = variant === 'webSocket' ? idleWebSockets : idleConnections
    const url = variant === 'webSocket' ? `${server.url.replace('http', 'ws')}/ws` : server.url
    const count = Math.round(Math.min(2_000, Math.max(1_000, seconds * 1000)))
    // The first connections also load code and fill pools and caches, which belong to the server.
    const first = await open(url, FIRST)
    const before = await settled(server, isNode)
    const more = await open(url, count)
    const after = await settled(server, isNode)
    first.close()
    more.close()
    return { kibEach: (after - before) / count, connections: count, residentMib: after / 1024 }
  }
}

async function settled({ pid }: ServerProcess, isNode: boolean): Promise<number> {
  // Twice: objects that the first collection frees may have held others.
  for (let collection = 0; collection < 2; collection += 1) {
    if (isNode) process.kill(pid, 'SIGUSR2')
    await sleep(SETTLE_MS)
  }
  return residentKib(pid) ?? NaN
}

export const memory: Scenario = {
  id: 'memory',
  title: 'Memory of an idle connection',
  about:
    'Resident memory of the server before and after a thousand or more connections that have had one answer each, with ' +
    'garbage collected in the servers on Node. Buffers of the kernel are not in it.',
  variants: { webSocket: 'WebSocket', keepAlive: 'keep-alive' },
  columns: [
    { number: 'kibEach', label: 'KiB each', digits: 1 },
    { number: 'residentMib', label: 'MiB in all', digits: 0 },
  ],
  control: NODE_HTTP.name,
  quick: ['webSocket', 'keepAlive'],
  isFresh: true,
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['uvicornSockets'])
    const node = [
      NODE_HTTP,
      isthmus('events', 'events'),
      isthmus('events, on node:http', 'events', { engine: 'node' }),
    ]
    const subjects = [...measured(node, weigh(true)), ...measured(peers, weigh(false))]
    return { subjects, skipped }
  },
}
