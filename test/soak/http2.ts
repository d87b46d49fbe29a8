// Sessions of HTTP/2 with random frames, many at once. Prints a report, and fails at the first uncaught error, line of the log
// with the level error, request or connection that stays, or memory that grows.
//
//   npm run soak:http2 -- [--sessions 5000] [--seed 1]
//
// It needs a Node whose nghttp2 has no CVE-2026-27135: random frames find it, and the process aborts.

import { connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from 'isthmus'
import { canAbort } from '../../src/server/http2/known-defect.ts'
import { fuzzedApp, randomSession } from '../server/http2/random-session.ts'
import type { Server } from 'isthmus'

if (canAbort(process.versions['nghttp2'] ?? '')) {
  console.error(`Node ${process.version} has CVE-2026-27135: use Node 22.23.3 or later`)
  process.exit(2)
}

const AT_ONCE = 20
const REST_MS = 10_000
const MAX_GROWTH_MIB = 24

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
  },
})
const sessions = Number(values.sessions)
const firstSeed = Number(values.seed)

const faults: string[] = []
process.on('uncaughtException', (error) => faults.push(`uncaught: ${error.stack}`))
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields: Record<string, unknown>, message: string) => {
    faults.push(`${message}: ${fields['err'] instanceof Error ? fields['err'].stack : ''}`)
  },
}

async function run(server: Server, total: number, from: number): Promise<void> {
  let next = from
  const client = async (): Promise<void> => {
    while (next < from + total && faults.length === 0) {
      const seed = next++
      try {
        await randomSession(server.address, seed)
      } catch (error) {
        faults.push(`the client of seed ${seed}: ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
}

async function rested(server: Server): Promise<void> {
  const isAtRest = (): boolean => {
    const { connections, requests, webSockets } = server.stats()
    return connections + requests.inFlight + webSockets.open === 0
  }
  const deadline = performance.now() + REST_MS
  while (!isAtRest() && performance.now() < deadline) await sleep(20)
  if (!isAtRest()) faults.push(`not at rest: ${JSON.stringify(server.stats())}`)
}

async function serves(server: Server): Promise<void> {
  const session = connect(server.url)
  session.on('error', (error) => faults.push(`a good client: ${String(error)}`))
  const stream = session.request({ ':path': '/' })
  const chunks: Buffer[] = await stream.toArray()
  if (Buffer.concat(chunks).toString() !== 'hello') faults.push('a good client got another answer')
  session.close()
}

function heapMib(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const server = await serve(fuzzedApp, {
  port: 0,
  http2: true,
  log,
  lifespan: 'off',
  headTimeoutMs: 500,
  keepAliveTimeoutMs: 500,
  bodyTimeoutMs: 1_000,
  writeTimeoutMs: 1_000,
  graceMs: 2_000,
  websocket: { pingIntervalMs: 500, pongTimeoutMs: 500, closeTimeoutMs: 500 },
})
const warmUp = Math.min(500, sessions)
await run(server, warmUp, firstSeed)
await rested(server)
await serves(server)
await rested(server)
const before = heapMib()
const startedAt = performance.now()
await run(server, sessions - warmUp, firstSeed + warmUp)
const seconds = (performance.now() - startedAt) / 1_000
await rested(server)
await serves(server)
await rested(server)
const growthMib = heapMib() - before
if (growthMib > MAX_GROWTH_MIB) faults.push(`the heap has grown by ${growthMib.toFixed(1)} MiB`)
const { requests, webSockets } = server.stats()
await server.close()
console.log({
  sessions,
  firstSeed,
  seconds,
  requests: requests.total,
  webSockets: webSockets.total,
})
console.log({ growthMib, faults })
process.exit(faults.length > 0 ? 1 : 0)
