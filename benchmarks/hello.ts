// A hello in every style beside the floor and a bare node:http: requests per second, and CPU time of the server per
// request, for a bare GET and for one with the headers of a browser.
//
//   npm run build && node --import tsx benchmarks/hello.ts [--seconds 5] [--rounds 5] [--json FILE]

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

/** Requests per second, and microseconds of CPU time of the server per request: bare, and with browser headers. */
type Numbers = Record<'perSecond' | 'bareMicroseconds' | 'browserMicroseconds', number>
type Load = (url: string, headers: readonly string[], seconds: number) => Promise<Throughput>

const CONNECTIONS = 32
const WARM_UP_SECONDS = 1
const FLOOR = 'floor: node:net, no parsing'
const CONTROL = 'node:http'
const EVENTS = 'isthmus, events'
const INLINE = 'isthmus, sync inline'
const IN_THREAD = 'isthmus, sync in one thread'

// Nine fields, as Chromium sends them; wrk adds Host.
const BROWSER = [
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; seen=1732665600',
]

const options = parseOptions(process.argv.slice(2), 'shared')
const notes: string[] = []
const cores = pinLoad(options.cores)
const load = chooseLoad()

const rows = await inTurns(subjects(), options.rounds, cores.server)
print(rows)
writeJson(rows, { options, cores, notes })

function subjects(): Subject<keyof Numbers>[] {
  const isthmus = (style: string, engine: string): string[] =>
    nodeServer('isthmus-hello.js', style, engine)
  return [
    { name: FLOOR, command: nodeServer('floor.js'), measure },
    { name: CONTROL, command: nodeServer('node-hello.js'), measure },
    { name: EVENTS, command: isthmus('events', 'native'), measure },
    { name: `${EVENTS}, on node:http`, command: isthmus('events', 'node'), measure },
    { name: INLINE, command: isthmus('inline', 'native'), measure },
    { name: IN_THREAD, command: isthmus('thread', 'native'), measure },
  ]
}

async function measure(server: ServerProcess): Promise<Numbers> {
  const bare = await measureOne(server, [])
  const browser = await measureOne(server, BROWSER)
  return {
    perSecond: bare.perSecond,
    bareMicroseconds: bare.microseconds,
    browserMicroseconds: browser.microseconds,
  }
}

async function measureOne(
  server: ServerProcess,
  headers: readonly string[],
): Promise<{ perSecond: number; microseconds: number }> {
  await load(server.url, headers, WARM_UP_SECONDS)
  const before = server.cpuMs() ?? NaN
  const { requests, perSecond } = await load(server.url, headers, options.seconds)
  const cpuMs = (server.cpuMs() ?? NaN) - before
  return { perSecond, microseconds: (cpuMs * 1000) / requests }
}

function chooseLoad(): Load {
  if (hasWrk()) {
    notes.push(`load: wrk, ${CONNECTIONS} connections`)
    return (url, headers, seconds) => wrk(`${url}/`, { connections: CONNECTIONS, seconds, headers })
  }
  notes.push(
    `load: ${CONNECTIONS} clients in Node, which may be slower than the server (Debian: apt-get install wrk)`,
  )
  return nodeClients
}

function nodeClients(
  url: string,
  headers: readonly string[],
  seconds: number,
): Promise<Throughput> {
  return besideClients(`${url}/`, { count: CONNECTIONS, headers }, async (load) => {
    await sleep(seconds * 1000)
    return { requests: load.answered, perSecond: load.answered / seconds }
  })
}

function print(rows: readonly Row<Numbers>[]): void {
  const resultOf = (name: string): Numbers | undefined =>
    rows.find((row) => row.name === name)?.result
  const ratio = (name: string, to: string, number: keyof Numbers): number =>
    (resultOf(name)?.[number] ?? NaN) / (resultOf(to)?.[number] ?? NaN)
  const lines = rows.map(({ name, result }) => [
    name,
    result.perSecond.toFixed(0),
    result.bareMicroseconds.toFixed(1),
    ratio(name, CONTROL, 'bareMicroseconds').toFixed(2),
    result.browserMicroseconds.toFixed(1),
    ratio(name, CONTROL, 'browserMicroseconds').toFixed(2),
  ])
  const title = ['', 'req/s', 'CPU µs bare', '× node:http', 'CPU µs browser', '× node:http']
  console.log(`${table([title, ...lines])}\n`)

  const [bare, browser] = process.version < 'v21' ? [0.75, 0.65] : [0.8, 0.8]
  aim('events, bare', ratio(EVENTS, CONTROL, 'bareMicroseconds'), bare)
  aim('events, browser headers', ratio(EVENTS, CONTROL, 'browserMicroseconds'), browser)
  aim('events against the floor', ratio(EVENTS, FLOOR, 'bareMicroseconds'), 1.25)
  aim('sync inline, bare', ratio(INLINE, CONTROL, 'bareMicroseconds'), 0.85)
  // The one where more is better.
  aim('node:http against sync in one thread, req/s', ratio(CONTROL, IN_THREAD, 'perSecond'), 1)
  for (const note of notes) console.log(note)
}

function aim(what: string, ratio: number, most: number): void {
  const verdict = ratio <= most ? 'met' : 'missed'
  console.log(`aim: ${what}: ${ratio.toFixed(2)} × of at most ${most}, ${verdict}`)
}
