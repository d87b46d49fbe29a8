// Clients that leave in the middle of an upload or a download of a handler of node:http, 10,000 times each on both engines.
// Prints a report, and fails if descriptors, timers, listeners, requests or memory remain.
//
//   npm run soak:aborts -- [--count 10000]

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from 'isthmus'
import { fromNode } from 'isthmus/adapters'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'isthmus'

const CLIENTS = 50
const WARM_UP = 1_000
const MAX_GROWTH_MIB = 8
const DEADLINE_MS = 8_000
const CHUNK = Buffer.alloc(16_384, 'x')
const UPLOAD = `POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(20_000)}`
const DOWNLOAD = 'GET /download HTTP/1.1\r\nhost: a\r\n\r\n'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const { values } = parseArgs({ options: { count: { type: 'string', default: '10000' } } })
const count = Number(values.count)
const seen = { begun: 0, requestsClosed: 0, responsesClosed: 0, finished: 0 }
let isFaulty = false

function handler(req: IncomingMessage, res: ServerResponse): void {
  seen.begun += 1
  req.on('close', () => (seen.requestsClosed += 1))
  req.on('error', () => undefined)
  res.on('close', () => (seen.responsesClosed += 1)).on('finish', () => (seen.finished += 1))
  if (req.url === '/upload') return void req.on('data', () => undefined).on('end', () => res.end())
  const more = (): void => {
    while (!res.destroyed && res.write(CHUNK));
  }
  res.on('drain', more)
  more()
}

/** One client: it sends its request, and leaves in the middle. */
async function visit(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE_MS) })
  socket.write(text)
  if (text === DOWNLOAD) await once(socket, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) })
  else await sleep(1)
  socket.resetAndDestroy()
}

async function visits(port: number, text: string, total: number): Promise<void> {
  let left = total
  const client = async (): Promise<void> => {
    while (left-- > 0) await visit(port, text)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

interface Remains {
  descriptors: number
  timers: number
  inFlight: number
  open: number
  mib: number
}

/** The things that are there when all exchanges are over. */
async function remains(server: Server): Promise<Remains> {
  const stats = (): ReturnType<Server['stats']> => server.stats()
  const until = Date.now() + DEADLINE_MS
  while (Date.now() < until && (stats().requests.inFlight > 0 || stats().connections > 0))
    await sleep(50)
  await sleep(500)
  collect()
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    inFlight: stats().requests.inFlight,
    open: seen.begun * 2 - seen.requestsClosed - seen.responsesClosed,
    mib: Math.round((process.memoryUsage().heapUsed / 1024 / 1024) * 10) / 10,
  }
}

function grown(before: Remains, after: Remains): string[] {
  const counts = ['descriptors', 'timers', 'inFlight', 'open'] as const
  // A descriptor may be that of a connection which closes at this moment.
  const more: string[] = counts.filter((kind) => after[kind] > before[kind] + 2)
  return after.mib - before.mib > MAX_GROWTH_MIB ? [...more, 'memory'] : more
}

for (const engine of ['native', 'node'] as const) {
  const server = await serve(fromNode(handler), { port: 0, log: null, engine, lifespan: 'off' })
  const { port } = new URL(server.url)
  for (const [name, text] of [
    ['uploads', UPLOAD],
    ['downloads', DOWNLOAD],
  ] as const) {
    await visits(Number(port), text, WARM_UP)
    const before = await remains(server)
    await visits(Number(port), text, count)
    const after = await remains(server)
    const more = grown(before, after)
    isFaulty ||= more.length > 0
    console.log(
      `${count} aborted ${name} on ${engine}:`,
      more.length > 0 ? `${more.join(', ')} grew` : 'nothing grew',
    )
    console.log('  before', before, 'after', after)
  }
  await server.close({ graceMs: 0 })
}
console.log(`${seen.begun} requests began, ${seen.finished} finished`)
process.exitCode = isFaulty ? 1 : 0
