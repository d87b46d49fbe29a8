// One WebSocket that pings every 2 ms beside eight clients of a sync app that works for 20 ms a request.
//
//   npm run build && node --import tsx benchmarks/mixed.ts [--seconds 5] [--rounds 3] [--json FILE]

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { besideClients } from './clients.ts'
import { pinLoad } from './cores.ts'
import { parseOptions } from './options.ts'
import { ping } from './pings.ts'
import { table, writeJson } from './report.ts'
import { inTurns } from './rounds.ts'
import { nodeServer } from './server-process.ts'
import { quantile } from './statistics.ts'
import type { Row } from './report.ts'
import type { Subject } from './rounds.ts'

type Numbers = Record<'pings' | 'p50Ms' | 'p99Ms' | 'maxMs' | 'syncPerSecond', number>

const CLIENTS = 8
const WARM_UP_MS = 1_000
const IDLE = 'isthmus, idle'
const BESIDE = 'isthmus, threads({ max: 1 })'
const AIM = 3

const options = parseOptions(process.argv.slice(2), 'apart')
const notes: string[] = []
const cores = pinLoad(options.cores)

const rows = await inTurns(subjects(), options.rounds, cores.server)
for (const { rounds, result } of rows) result.maxMs = Math.max(...rounds.map(({ maxMs }) => maxMs))
print(rows)
writeJson(rows, { options, cores, notes })

function subjects(): Subject<keyof Numbers>[] {
  return [
    subject(IDLE, nodeServer('isthmus-mixed.js', 'thread'), 0),
    subject(BESIDE, nodeServer('isthmus-mixed.js', 'thread')),
    subject('isthmus, inline', nodeServer('isthmus-mixed.js', 'inline')),
    subject('node:http + ws', nodeServer('node-mixed.js')),
    ...pythonSubjects(),
  ]
}

function pythonSubjects(): Subject<keyof Numbers>[] {
  // Debian's own second: a python3 that comes before it in PATH does not see Debian's packages.
  const python = ['python3', '/usr/bin/python3'].find(
    (file) => spawnSync(file, ['-c', 'import uvicorn, asgiref, websockets']).status === 0,
  )
  if (python !== undefined) {
    const file = fileURLToPath(new URL('servers/python_mixed.py', import.meta.url))
    return [subject('uvicorn + WsgiToAsgi', [python, file])]
  }
  notes.push(
    'skipped: uvicorn + WsgiToAsgi (Debian: apt-get install uvicorn python3-asgiref python3-websockets)',
  )
  return []
}

function subject(
  name: string,
  command: string[],
  clients: number = CLIENTS,
): Subject<keyof Numbers> {
  return {
    name,
    command,
    measure: ({ url }) =>
      besideClients(`${url}/`, { count: clients }, async (load) => {
        const echo = `${url.replace('http', 'ws')}/echo`
        await ping(echo, WARM_UP_MS)

        const [answeredBefore, since] = [load.answered, performance.now()]
        const tripsMs = await ping(echo, options.seconds * 1000)
        const seconds = (performance.now() - since) / 1000
        return {
          pings: tripsMs.length,
          p50Ms: quantile(tripsMs, 0.5),
          p99Ms: quantile(tripsMs, 0.99),
          maxMs: quantile(tripsMs, 1),
          syncPerSecond: (load.answered - answeredBefore) / seconds,
        }
      }),
  }
}

function print(rows: readonly Row<Numbers>[]): void {
  const p99Ms = (name: string): number => rows.find((row) => row.name === name)?.result.p99Ms ?? NaN
  const times = (name: string): number => p99Ms(name) / p99Ms(IDLE)
  const lines = rows.map((row) => {
    const { p50Ms, p99Ms, maxMs, syncPerSecond } = row.result
    const echo = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2))
    return [row.name, ...echo, times(row.name).toFixed(1), syncPerSecond.toFixed(0)]
  })
  console.log(table([['', 'p50 ms', 'p99 ms', 'max ms', 'p99 × idle', 'sync req/s'], ...lines]))

  const beside = times(BESIDE)
  const verdict = beside <= AIM ? 'met' : 'missed'
  console.log(
    `\naim: p99 beside one thread at most ${AIM} × idle: ${beside.toFixed(1)} ×, ${verdict}`,
  )
  for (const note of notes) console.log(note)
}
