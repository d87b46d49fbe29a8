// From the start of the process to its first answer.

import { fileURLToPath } from 'node:url'
import { FRAMEWORKS, isthmus, measured, NODE_HTTP, pythonPeers } from './servers.ts'
import type { Scenario, Subject } from './scenario.ts'
import type { Peer } from './servers.ts'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const APP = fileURLToPath(new URL('../apps/events.js', import.meta.url))
const COMMAND_LINE: Peer = {
  name: 'isthmus serve, the command line',
  command: [process.execPath, CLI, 'serve', APP, '--port', '0', '--log-level', 'error'],
}

const measure: Subject['measure'] = async (server) => {
  const since = performance.now()
  const response = await fetch(server.url)
  await response.arrayBuffer()
  const firstMs = performance.now() - since
  return { readyMs: server.readyMs, cpuMs: server.cpuMs(), firstMs }
}

export const startup: Scenario = {
  id: 'startup',
  title: 'Start-up',
  about:
    'From spawning the process until it says that it listens, and the CPU time until it has answered once. The start of ' +
    'Node or Python itself is in it: see the control row.',
  variants: { cold: 'process to ready' },
  columns: [
    { number: 'readyMs', label: 'ready ms', digits: 0 },
    { number: 'cpuMs', label: 'CPU ms', digits: 0 },
    { number: 'firstMs', label: 'first answer ms', digits: 1 },
  ],
  control: NODE_HTTP.name,
  quick: ['cold'],
  subjects: (tools) => {
    const { peers, skipped } = pythonPeers(tools, ['uvicorn', 'gthread'])
    const ours = [
      isthmus('events', 'events'),
      isthmus('sync in one thread', 'thread'),
      COMMAND_LINE,
    ]
    return { subjects: measured([NODE_HTTP, ...FRAMEWORKS, ...ours, ...peers], measure), skipped }
  },
}
