// A hello in every style beside a bare node:http: requests per second, and CPU time of the server per request.
//
//   npm run build && node --import tsx benchmarks/hello.ts [--seconds 5] [--rounds 3] [--json FILE]

import { setTimeout as sleep } from 'node:timers/promises'
import { besideClients } from './clients.ts'
import { pinLoad } from './cores.ts'
import { parseOptions } from './options.ts'
import { table, writeJson } from './report.ts'
import { inTurns } from './rounds.ts'
import { nodeServer } from './server-process.ts'
import { hasWrk, wrk } from './wrk.ts'
import type { Row } from './report.ts'
import type { Subject } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import type { Throughput } from './wrk.ts'

type Numbers = Record<'perSecond' | 'cpuMicroseconds', number>

const CONNECTIONS = 32
const WARM_UP_SECONDS = 1
const CONTROL = 'node:http'
const IN_THREAD = 'isthmus, sync in one thread'

const options = parseOptions(process.argv.slice(2), 'shared')
const notes: string[] = []
const cores = pinLoad(options.cores)
const load = chooseLoad()

const rows = await inTurns(subjects(), options.rounds, cores.server)
print(rows)
writeJson(rows, { options, cores, notes })

function subjects(): Subject<keyof Numbers>[] {
  return [
    { name: CONTROL, command: nodeServer('node-hello.js'), measure },
    { name: 'isthmus, events', command: nodeServer('isthmus-hello.js', 'events'), measure },
    { name: 'isthmus, sync inline', command: nodeServer('isthmus-hello.js', 'inline'), measure },
    { name: IN_THREAD, command: nodeServer('isthmus-hello.js', 'thread'), measure },
  ]
}

async function measure(server: ServerProcess): Promise<Numbers> {
  await load(server.url, WARM_UP_SECONDS)
  const before = server.cpuMs() ?? NaN
  const { requests, perSecond } = await load(server.url, options.seconds)
  const cpuMs = (server.cpuMs() ?? NaN) - before
  return { perSecond, cpuMicroseconds: (cpuMs * 1000) / requests }
}

function chooseLoad(): (url: string, seconds: number) => Promise<Throughput> {
  if (hasWrk()) {
    notes.push(`load: wrk, ${CONNECTIONS} connections`)
    return (url, seconds) => wrk(`${url}/`, CONNECTIONS, seconds)
  }
  notes.push(
    `load: ${CONNECTIONS} clients in Node, which may be slower than the server (Debian: apt-get install wrk)`,
  )
  return nodeClients
}

function nodeClients(url: string, seconds: number): Promise<Throughput> {
  return besideClients(`${url}/`, CONNECTIONS, async (load) => {
    await sleep(seconds * 1000)
    return { requests: load.answered, perSecond: load.answered / seconds }
  })
}

function print(rows: readonly Row<Numbers>[]): void {
  const rate = (name: string): number =>
    rows.find((row) => row.name === name)?.result.perSecond ?? NaN
  const times = (name: string): number => rate(name) / rate(CONTROL)
  const lines = rows.map((row) => {
    const { perSecond, cpuMicroseconds } = row.result
    return [row.name, perSecond.toFixed(0), times(row.name).toFixed(2), cpuMicroseconds.toFixed(1)]
  })
  console.log(table([['', 'req/s', '× node:http', 'CPU µs/req'], ...lines]))

  const inThread = times(IN_THREAD)
  const verdict = inThread >= 1 ? 'met' : 'missed'
  console.log(`\naim: sync in one thread at least node:http: ${inThread.toFixed(2)} ×, ${verdict}`)
  for (const note of notes) console.log(note)
}
