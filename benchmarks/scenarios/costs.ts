// The memory of a thread, of a worker process and of a process of Python.

import { setTimeout as sleep } from 'node:timers/promises'
import { nodeServer } from '../server-process.ts'
import { proportionalKib } from '../cpu-time.ts'
import { isthmus, measured } from './servers.ts'
import { commandLine } from './workers.ts'
import type { Scenario, Subject } from './scenario.ts'
import type { Peer } from './servers.ts'

const SETTLE_MS = 500
const REQUESTS = 200

// The servers have answered, so that all code of a request is loaded.
const measure: Subject['measure'] = async (server) => {
  for (let count = 0; count < REQUESTS; count += 1) {
    const response = await fetch(server.url)
    await response.arrayBuffer()
  }
  await sleep(SETTLE_MS)
  const memoryMib = (proportionalKib(server.pid) ?? NaN) / 1024
  return { memoryMib, readyMs: server.readyMs, cpuMs: server.cpuMs() }
}

const WSGI = 'wsgi_app:app'
const ALONE = isthmus('no thread', 'events')

const ROWS: readonly Peer[] = [
  ALONE,
  isthmus('one thread', 'thread'),
  isthmus('two threads', 'two-threads'),
  commandLine('isthmus serve'),
  commandLine('isthmus serve --workers 1', '--workers', '1'),
  commandLine('isthmus serve --workers 2', '--workers', '2'),
  commandLine('isthmus serve --workers 3', '--workers', '3'),
]

export const costs: Scenario = {
  id: 'costs',
  title: 'Memory of a thread and of a worker',
  about:
    'Memory after 200 requests, of all processes of the server. A page that several processes share counts for each of them ' +
    'in equal parts. The app is a hello: an app adds its own modules and data, once for each thread and each process.',
  variants: { idle: 'after 200 requests' },
  columns: [
    { number: 'memoryMib', label: 'MiB', digits: 1 },
    { number: 'readyMs', label: 'ready ms', digits: 0 },
    { number: 'cpuMs', label: 'CPU ms', digits: 0 },
  ],
  control: ALONE.name,
  quick: [],
  subjects: ({ python }) => {
    if (python === undefined) return { subjects: measured(ROWS, measure), skipped: [] }
    const inPython = [1, 2].map((processes) => ({
      name: `isthmus, ${processes === 1 ? 'one process' : 'two processes'} of Python`,
      command: nodeServer('isthmus-python.js', python.file, String(processes), WSGI),
    }))
    return { subjects: measured([...ROWS, ...inPython], measure), skipped: [] }
  },
}
