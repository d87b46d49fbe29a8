// One worker process, and two.

import { connect } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { nodeServer } from '../server-process.ts'
import { GET, HTTP_COLUMNS, measureExchange } from './http.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Exchange } from './http.ts'
import type { Scenario, Subject, Tools } from './scenario.ts'
import type { Peer } from './servers.ts'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const APP = fileURLToPath(new URL('../apps/worker.js', import.meta.url))
const CONNECTIONS = 64
const HELLO = { ...GET, connections: CONNECTIONS, path: '/', answerBytes: 13 }
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  keepAlive: HELLO,
  compute: { ...HELLO, path: '/compute' },
  fresh: { ...HELLO, headers: ['Connection: close'] },
}
const ANSWER_MS = 5_000

/** `isthmus serve` with an event app, and with these words. */
export function commandLine(name: string, ...words: string[]): Peer {
  const quiet = ['--port', '0', '--log-level', 'error']
  return { name, command: [process.execPath, CLI, 'serve', APP, ...quiet, ...words] }
}

const ONE_OF_CLUSTER: Peer = {
  name: 'node:cluster, one worker',
  command: nodeServer('cluster.js', '1'),
}

const ROWS: readonly Peer[] = [
  ONE_OF_CLUSTER,
  { name: 'node:cluster, two workers', command: nodeServer('cluster.js', '2') },
  commandLine('isthmus serve'),
  commandLine('isthmus serve --workers 1', '--workers', '1'),
  commandLine('isthmus serve --workers 2', '--workers', '2'),
]

function measureWith({ load }: Tools): Subject['measure'] {
  return async (server, variant, pace) => {
    const exchange = EXCHANGES[variant] as Exchange
    const numbers = await measureExchange(server, exchange, { load, pace })
    return { ...numbers, busiestPercent: await busiestOf(server) }
  }
}

/** The part of 64 connections that the busiest worker has, in percent. */
async function busiestOf({ url }: ServerProcess): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const counts = new Map<string, number>()
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(Number(port), hostname))
  try {
    for (const socket of sockets) {
      socket.setEncoding('latin1').write(`GET /pid HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      const signal = AbortSignal.timeout(ANSWER_MS)
      const [answer] = (await once(socket, 'data', { signal })) as [string]
      const pid = answer.split('\r\n\r\n', 2)[1] ?? ''
      counts.set(pid, (counts.get(pid) ?? 0) + 1)
    }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return (Math.max(...counts.values()) / CONNECTIONS) * 100
}

export const workers: Scenario = {
  id: 'workers',
  title: 'One worker process and two',
  about:
    'The hello of 13 bytes from one and from two worker processes, and from a bare handler in node:cluster. Load and server ' +
    'share the same two cores, so two workers cannot answer twice as many hellos: the load needs a part of the second core. It ' +
    'needs little of it for the requests with a computation, which show what a second worker adds. The CPU time of a request counts all processes, the one that passes the connections on too. Connections: the part ' +
    'of 64 connections that the busiest worker has; 50 % is even with two workers.',
  variants: {
    keepAlive: '64 keep-alive connections',
    compute: '64 keep-alive connections, each request computes for some tenths of a millisecond',
    fresh: 'a new connection for each request',
  },
  columns: [
    ...HTTP_COLUMNS,
    { number: 'busiestPercent', label: 'connections of the busiest %', digits: 0 },
  ],
  control: ONE_OF_CLUSTER.name,
  quick: [],
  sharing: 'shared',
  subjects: (tools) => {
    const measure = measureWith(tools)
    return { subjects: ROWS.map((row) => ({ ...row, measure })), skipped: [] }
  },
}
