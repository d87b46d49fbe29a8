// 10,000 requests beside 100 WebSockets; each tenth request ends its thread. Prints a report, and fails if another
// request or a WebSocket was harmed, or if threads or descriptors remain.
//
//   npm run soak:threads -- [--requests 10000]

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { startServer } from '../../benchmarks/server-process.ts'

// The status for the client of each fault. After its answer, the end of a thread harms no client.
const STATUS_OF = { exit: 500, loop: 504, heap: 500, reject: 200, timer: 200 } as const
const CLIENTS = 16
const SOCKETS = 100
const BEAT_MS = 250
const REQUEST_MS = 30_000
const SETTLE_MS = 10_000
const MAX_GROWTH_MIB = 64

interface Resources {
  threads: number
  descriptors: number
  mib: number
}

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000' } } })
const total = Number(values.requests)
const faults: string[] = []
let isOver = false

const server = await startServer(
  [process.execPath, fileURLToPath(new URL('deadly-server.js', import.meta.url))],
  null,
)
try {
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openSocket()))
  await run(Array.from({ length: 500 }, () => ''))
  const before = resources()

  const startedAt = performance.now()
  const beat = setInterval(() => sockets.forEach((socket) => socket.send('tick')), BEAT_MS)
  await run(Array.from({ length: total }, (_, at) => (at % 10 === 9 ? deedOf(at) : '')))
  clearInterval(beat)
  const seconds = (performance.now() - startedAt) / 1000

  await Promise.all(sockets.map((socket) => echoes(socket)))
  const after = await settled(before)
  const grown = after.mib - before.mib
  if (after.threads > before.threads) faults.push('threads are left over')
  if (after.descriptors > before.descriptors) faults.push('descriptors are left over')
  if (grown > MAX_GROWTH_MIB) faults.push(`memory has grown by ${grown.toFixed(0)} MiB`)
  isOver = true
  for (const socket of sockets) socket.terminate()

  console.log(`${total} requests, ${total / 10} dead threads, ${seconds.toFixed(0)} s`)
  console.log('before', before, 'after', after)
} finally {
  await server.stop()
}
for (const fault of faults.slice(0, 20)) console.log(fault)
console.log(faults.length === 0 ? 'nobody else noticed' : `${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

function deedOf(at: number): string {
  const deeds = Object.keys(STATUS_OF)
  return deeds[Math.floor(at / 10) % deeds.length] as string
}

async function run(deeds: string[]): Promise<void> {
  const waiting = deeds.values()
  const client = async (): Promise<void> => {
    for (const deed of waiting) await request(deed)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

async function request(deed: string): Promise<void> {
  const expected = STATUS_OF[deed as keyof typeof STATUS_OF] ?? 200
  try {
    const signal = AbortSignal.timeout(REQUEST_MS)
    const response = await fetch(`${server.url}/${deed}`, { signal })
    await response.text()
    if (response.status !== expected) faults.push(`/${deed}: ${response.status}`)
  } catch (error) {
    faults.push(`/${deed}: ${String(error)}`)
  }
}

async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/echo`)
  await once(socket, 'open', { signal: AbortSignal.timeout(REQUEST_MS) })
  socket.on('close', (code) => isOver || faults.push(`a WebSocket closed with ${code}`))
  socket.on('error', (error) => faults.push(`a WebSocket failed: ${error.message}`))
  return socket
}

async function echoes(socket: WebSocket): Promise<void> {
  const signal = AbortSignal.timeout(REQUEST_MS)
  socket.send('still there?')
  for (;;) {
    const [message] = (await once(socket, 'message', { signal })) as [Buffer]
    if (message.toString() === 'still there?') return
  }
}

// A thread or a socket that has ended may take a moment to disappear.
async function settled(before: Resources): Promise<Resources> {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const now = resources()
    const isBack = now.threads <= before.threads && now.descriptors <= before.descriptors
    if (isBack || performance.now() > deadline) return now
    await sleep(100)
  }
}

function resources(): Resources {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  const number = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    threads: number('Threads'),
    descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
    mib: Math.round(number('VmRSS') / 1024),
  }
}
