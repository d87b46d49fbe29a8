// 10,000 requests to a WSGI app and an ASGI app of Python; with each hundredth one, `kill -9` ends one of their processes.
// Beside them are 100 WebSockets of TypeScript and 100 of the ASGI app. Prints a report, and fails if a request or a
// WebSocket of another process was harmed, if a request began twice, or if processes, descriptors or memory remain.
//
//   npm run soak:python -- [--requests 10000] [--seed 1] [--python python3]

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startServer } from '../../benchmarks/server-process.ts'
import { seeded } from './hostile-visits.ts'
import { resources } from './python-resources.ts'
import { Sockets } from './python-sockets.ts'
import { Victims } from './python-victims.ts'
import type { Resources } from './python-resources.ts'
import type { App, Failure } from './python-victims.ts'

const CLIENTS = 16
const SOCKETS = 100
const WARM_UP = 500
const EACH = 100
const REQUEST_MS = 60_000
// An idle connection of a client is open for 5 s.
const IDLE_MS = 6_000
// A pool has a spare process for a minute after a crash.
const SETTLE_MS = 120_000
const MAX_GROWTH_MIB = 64
const MAX_MINUTES = 30

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    python: { type: 'string', default: 'python3' },
  },
})
const total = Number(values.requests)
const random = seeded(Number(values.seed))
const victims = new Victims(random)
const faults: string[] = []
const failures: Failure[] = []
console.log(`seed ${values.seed}`)
setTimeout(() => {
  console.log(`not done after ${MAX_MINUTES} minutes`)
  process.exit(1)
}, MAX_MINUTES * 60_000).unref()

const folder = mkdtempSync(join(tmpdir(), 'isthmus-soak-'))
const journal = join(folder, 'journal')
const path = fileURLToPath(new URL('deadly-python-server.js', import.meta.url))
const server = await startServer([process.execPath, path, values.python, journal], null)
try {
  await run(plan('warm-up', WARM_UP))
  const origin = server.url.replace('http', 'ws')
  const own = await Sockets.open(`${origin}/echo`, SOCKETS)
  const hosted = await Sockets.open(`${origin}/asgi`, SOCKETS, victims)
  await sleep(IDLE_MS)
  const before = resources(server.pid)

  const startedAt = performance.now()
  await run(plan('run', total, EACH))
  const seconds = (performance.now() - startedAt) / 1000

  faults.push(...(await own.check()), ...(await hosted.check()))
  const after = await settled(before)
  faults.push(...victims.faults, ...judge(readJournal()), ...remains(before, after))
  own.close()
  hosted.close()
  const { length: cut } = failures.filter(({ outcome }) => outcome === 'cut')
  console.log(`${total} requests, ${victims.count} killed processes, ${seconds.toFixed(0)} s`)
  console.log(
    `of the killed processes: ${cut} requests cut, ${failures.length - cut} answered with 502, ` +
      `${hosted.lost} WebSockets closed`,
  )
  console.log('before', before, 'after', after)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true })
}
for (const fault of faults.slice(0, 20)) console.log(fault)
console.log(faults.length === 0 ? 'nobody else noticed' : `${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

interface Visit {
  id: string
  app: App
  /** `wait`: the process that answers ends in the middle. `any`: some process of the app ends meanwhile. */
  deed: 'none' | 'wait' | 'any'
}

/** The requests, all chosen before the first one, so that the seed alone decides. */
function plan(name: string, count: number, each = Infinity): Visit[] {
  return Array.from({ length: count }, (_, at) => {
    const app = random() < 0.5 ? 'wsgi' : 'asgi'
    const deadly = random() < 0.5 ? 'wait' : 'any'
    return { id: `${name}-${at}`, app, deed: at % each === each - 1 ? deadly : 'none' }
  })
}

async function run(visits: Visit[]): Promise<void> {
  const waiting = visits.values()
  const client = async (): Promise<void> => {
    for (const visit of waiting) await request(visit)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

async function request({ id, app, deed }: Visit): Promise<void> {
  const killed = deed === 'any' ? victims.killAny(app) : undefined
  const startedAt = performance.now()
  const outcome = await outcomeOf(
    `${server.url}/${app}/${deed}?${id}`,
    deed === 'wait' ? (pid) => victims.kill(app, pid) : (pid) => victims.seen(app, pid),
  )
  if (deed === 'wait' && outcome === 'whole') faults.push(`request ${id} of ${app} was not cut`)
  if (outcome !== 'whole') {
    failures.push({ id, app, outcome, startedAt, endedAt: performance.now() })
  }
  await killed
}

/** `whole`, `cut`, or the status or error. Calls `onPid` when the process has said its number. */
async function outcomeOf(
  url: string,
  onPid: (pid: number) => void | Promise<void>,
): Promise<string> {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) })
    if (response.status !== 200) return await response.text().then(() => String(response.status))
  } catch (error) {
    return `no answer: ${String((error as Error).cause ?? error)}`
  }
  try {
    let isFirst = true
    for await (const chunk of response.body ?? []) {
      if (isFirst) await onPid(Number(Buffer.from(chunk).toString()))
      isFirst = false
    }
    return isFirst ? 'empty' : 'whole'
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'no end in time' : 'cut'
  }
}

/** The processes that have begun each request. */
function readJournal(): Map<string, number[]> {
  const begun = new Map<string, number[]>()
  for (const line of readFileSync(journal, 'utf8').split('\n').filter(Boolean)) {
    const [id = '', pid] = line.split(' ')
    begun.set(id, [...(begun.get(id) ?? []), Number(pid)])
  }
  return begun
}

function judge(begun: ReadonlyMap<string, number[]>): string[] {
  const twice = [...begun].filter(([, pids]) => pids.length > 1)
  return [
    ...twice.map(([id, pids]) => `request ${id} began in ${pids.join(' and ')}`),
    ...failures.flatMap((failure) => victims.faultOf(failure, begun.get(failure.id) ?? []) ?? []),
  ]
}

// A process or a socket that has ended may take a moment to disappear, and a new process to start.
async function settled(before: Resources): Promise<Resources> {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const now = resources(server.pid)
    const isBack = now.processes === before.processes && now.descriptors <= before.descriptors
    if (isBack || performance.now() > deadline) return now
    await sleep(100)
  }
}

function remains(before: Resources, after: Resources): string[] {
  const grown = (name: 'mib' | 'pythonMib'): number => after[name] - before[name]
  return [
    ...(after.processes === before.processes ? [] : ['there are more or fewer processes']),
    ...(after.descriptors > before.descriptors ? ['descriptors are left over'] : []),
    ...(grown('mib') > MAX_GROWTH_MIB ? [`memory has grown by ${grown('mib')} MiB`] : []),
    ...(grown('pythonMib') > MAX_GROWTH_MIB
      ? [`the memory of Python has grown by ${grown('pythonMib')} MiB`]
      : []),
  ]
}
