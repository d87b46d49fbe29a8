// Soaks the native engine: as many slow heads as descriptors allow, clients that never read, and a long load; each beside
// an ordinary client. Prints one line for each part, and fails if the server fails.
//
//   npm run soak:engine -- [--slow 10000] [--deaf 64] [--seconds 60] [--connections 1000]

import { once } from 'node:events'
import { connect } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nodeServer, startServer } from '../../benchmarks/server-process.ts'
import { wrkLoad } from '../../benchmarks/loads/wrk.ts'
import type { Socket } from 'node:net'

const { values } = parseArgs({
  options: {
    slow: { type: 'string', default: '10000' },
    deaf: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '1000' },
  },
})
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const MIB = 1024 * 1024
const HEAD_TIMEOUT_MS = 10_000
const WRITE_TIMEOUT_MS = 5_000
// The tolerance: ticks of the timer wheel, and a machine that is busy with ten thousand sockets.
const LATE_MS = 5_000
// The descriptors of the ordinary client.
const BESIDE = 4

const server = await startServer(nodeServer('isthmus-soak.js', String(WRITE_TIMEOUT_MS)), null)
try {
  await slowHeads(Number(values.slow))
  await deafClients(Number(values.deaf))
  await longLoad(Number(values.seconds), Number(values.connections))
} finally {
  await server.stop()
}

async function slowHeads(count: number): Promise<void> {
  const opened = await openAll(count)
  const startedAt = performance.now()
  const cut = opened.map((socket) => once(socket.resume(), 'close'))
  for (const socket of opened) socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  const drip = setInterval(() => {
    for (const socket of opened) if (socket.writable) socket.write('x')
  }, 2_000)

  const beside = await besideAsking(Promise.all(cut))
  clearInterval(drip)
  const tookMs = performance.now() - startedAt
  report(`${count} slow heads: all cut after ${seconds(tookMs)}`, beside)
  check('slow heads are cut in time', tookMs < HEAD_TIMEOUT_MS + LATE_MS)
}

async function deafClients(count: number): Promise<void> {
  const before = rssBytes()
  const idle = descriptors()
  const opened = await openAll(count)
  const startedAt = performance.now()
  for (const socket of opened) socket.pause().write(GET.replace('/ ', '/endless '))
  const left = untilGone(idle, count)
  let peak = before
  const watch = setInterval(() => (peak = Math.max(peak, rssBytes())), 100)
  const beside = await besideAsking(left)
  clearInterval(watch)
  for (const socket of opened) socket.destroy()
  const grown = (peak - before) / MIB
  const tookMs = performance.now() - startedAt
  report(
    `${count} clients that never read: cut after ${seconds(tookMs)}, ${grown.toFixed(0)} MiB more`,
    beside,
  )
  check('clients that never read are cut in time', tookMs < 2 * WRITE_TIMEOUT_MS + LATE_MS)
  check('and cost at most a MiB each', grown < Math.max(64, count))
}

async function longLoad(forSeconds: number, connections: number): Promise<void> {
  // The default of wrk.
  const timeoutSeconds = 2
  const request = { path: '/', headers: [], bodyBytes: 0, connections, timeoutSeconds }
  const load = wrkLoad(server.url, request, forSeconds)
  await sleep(Math.min(10, forSeconds / 2) * 1_000)
  const settled = rssBytes()
  let peak = settled
  const watch = setInterval(() => (peak = Math.max(peak, rssBytes())), 500)
  const { requests, perSecond } = await load.finally(() => clearInterval(watch))
  const grown = (peak - settled) / MIB
  console.log(
    `${connections} connections for ${forSeconds} s: ${requests} requests, ${perSecond.toFixed(0)}/s, no error; ` +
      `${(settled / MIB).toFixed(0)} MiB settled, at most ${grown.toFixed(0)} MiB more`,
  )
  check('memory stays where it settled', grown < 32)
}

// A client that does not read does not notice the cut; the descriptors of the server show it.
async function untilGone(idle: number, count: number): Promise<void> {
  while (descriptors() < idle + count) await sleep(10)
  while (descriptors() > idle + BESIDE) await sleep(200)
}

function descriptors(): number {
  return readdirSync(`/proc/${server.pid}/fd`).length
}

/** Sends requests as one ordinary client until `over`; returns the time of each answer. */
async function besideAsking(over: Promise<unknown>): Promise<number[]> {
  const tookMs: number[] = []
  const state = { isOver: false }
  const onOver = (): void => void (state.isOver = true)
  over.then(onOver, onOver)
  while (!state.isOver) {
    const startedAt = performance.now()
    const response = await fetch(server.url, { signal: AbortSignal.timeout(10_000) })
    if ((await response.text()) !== 'Hello, world\n')
      throw new Error('the other client got nonsense')
    tookMs.push(performance.now() - startedAt)
    await sleep(50)
  }
  return tookMs
}

async function openAll(count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(server.url)
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(500, count - sockets.length) }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    )
    await Promise.all(batch.map((socket) => once(socket, 'connect')))
    sockets.push(...batch)
  }
  return sockets
}

function report(what: string, beside: number[]): void {
  const slowest = Math.max(...beside)
  console.log(
    `${what}; beside them ${beside.length} answers, the slowest in ${slowest.toFixed(0)} ms`,
  )
}

function check(what: string, isSo: boolean): void {
  if (isSo) return
  console.error(`failed: ${what}`)
  process.exitCode = 1
}

function rssBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
