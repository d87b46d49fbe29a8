// Rolling reloads, kills of random workers, new certificates and a broken deploy, under constant load of keep-alive HTTP, uploads,
// streams of events and WebSockets. Fails if a request fails that no killed process served, if a long connection is neither
// told nor finished, or if descriptors, processes or memory of the master remain.
//
//   npm run soak:workers -- [--rounds 20] [--workers 3] [--seed 1]

import { spawn } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { parseArgs } from 'node:util'
import { seeded } from './hostile-visits.ts'
import { WorkersLoad } from './workers-load.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Fault } from './workers-load.ts'

const APP = 'test/soak/workers-app.js'
const LOAD = { clients: 8, uploads: 4, streams: 6, sockets: 6 }
const CERTIFICATES = ['renewed', 'server', 'renewed']
const WAIT_MS = 600_000
const MAX_GROWTH_MIB = 48
const MAX_MINUTES = 30

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
})
const rounds = Number(values.rounds)
const size = Number(values.workers)
const random = seeded(Number(values.seed))
setTimeout(() => fail([`not done after ${MAX_MINUTES} minutes`]), MAX_MINUTES * 60_000).unref()

const folder = mkdtempSync(join(tmpdir(), 'isthmus-workers-'))
const app = join(folder, 'app.mjs')
copyFileSync(APP, app)
useCertificate('server')

const words = [
  '--port',
  '0',
  '--workers',
  values.workers,
  '--no-access-log',
  '--lifespan',
  'off',
  '--log-level',
  'debug',
]
const tls = ['--tls-cert', join(folder, 'tls.pem'), '--tls-key', join(folder, 'tls.key')]
const master = spawn(process.execPath, ['dist/cli/main.js', 'serve', app, ...words, ...tls], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
let log = ''
master.stderr.on('data', (chunk) => (log += String(chunk)))
process.once('exit', () => master.kill('SIGKILL'))

const url = await urlOf(master)
const load = new WorkersLoad(url)
const kills: Array<{ pid: number; at: number }> = []
load.begin(LOAD)
await sleep(3_000)
const before = remains()

const violations: string[] = []
const certificates = [...CERTIFICATES]
for (let round = 1; round <= rounds; round += 1) {
  await reload()
  await kill()
  if (round % Math.max(1, Math.floor(rounds / 3)) === 0) await renew()
  if (round === Math.ceil(rounds / 2)) await breakDeploy()
}
await sleep(8_000)
const after = remains()
await load.stop()

violations.push(...load.faults.filter((fault) => !isExcused(fault)).map(inWords))
if (after.descriptors > before.descriptors + size)
  violations.push(`${after.descriptors} descriptors, ${before.descriptors} before`)
if (after.workers.length !== size) violations.push(`${after.workers.length} workers`)
if (after.rssMib > before.rssMib + MAX_GROWTH_MIB)
  violations.push(`${after.rssMib} MiB, ${before.rssMib} MiB before`)
const ended = new Promise((resolve) => master.once('exit', resolve))
master.kill('SIGTERM')
const status = await ended
if (status !== 0) violations.push(`exit status ${String(status)}`)
const left = after.workers.filter(isAlive)
if (left.length > 0) violations.push(`${left.length} workers outlive their master`)

console.log(
  `${rounds} reloads, ${kills.length} kills, ${CERTIFICATES.length - certificates.length} certificates`,
)
console.log(load.counts, `${load.faults.length} failures on connections of killed processes`)
console.log('the master before', summary(before), 'after', summary(after))
rmSync(folder, { recursive: true })
if (violations.length > 0) fail(violations)
process.exit(0)

async function reload(): Promise<void> {
  const told = count('"reloaded"')
  master.kill('SIGHUP')
  await until(() => count('"reloaded"') > told, 'a reload')
}

async function kill(): Promise<void> {
  // The old workers of the reload have drained.
  await until(() => remains().workers.length === size, 'the end of the old workers')
  const { workers } = remains()
  const pid = workers[Math.floor(random() * workers.length)] ?? 0
  const told = count('a new one starts')
  const taken = count('takes connections')
  kills.push({ pid, at: Date.now() })
  process.kill(pid, 'SIGKILL')
  await until(() => count('a new one starts') > told, 'the end of a worker')
  await until(() => count('takes connections') > taken, 'a new worker')
  await sleep(1_500)
}

async function renew(): Promise<void> {
  const name = certificates.shift()
  if (name === undefined) return
  const old = await fingerprint()
  useCertificate(name)
  let isNew = false
  for (const end = Date.now() + WAIT_MS; !isNew && Date.now() < end;) {
    await sleep(500)
    isNew = (await fingerprint()) !== old
  }
  if (!isNew) violations.push(`the certificate ${name} was not taken`)
}

async function breakDeploy(): Promise<void> {
  const { workers } = remains()
  writeFileSync(app, 'export default {{{')
  const told = count('the old workers stay')
  master.kill('SIGHUP')
  await until(() => count('the old workers stay') > told, 'the failure of the broken deploy')
  copyFileSync(APP, app)
  const stayed = remains().workers.filter((pid) => workers.includes(pid))
  if (stayed.length !== size) violations.push('the broken deploy ended a worker')
}

// A connection of a process that was killed may be cut, also before its first answer.
function isExcused({ pid, beganAt, endedAt }: Fault): boolean {
  if (pid !== null) return kills.some((killed) => killed.pid === pid)
  return kills.some(({ at }) => at >= beganAt - 1_000 && at <= endedAt)
}

function inWords({ kind, reason, pid, beganAt, endedAt }: Fault): string {
  return `${kind} of ${pid ?? 'an unknown process'} failed at ${new Date(endedAt).toISOString()} after ${endedAt - beganAt} ms: ${reason}`
}

function useCertificate(name: string): void {
  copyFileSync(`test/fixtures/tls/${name}.key`, join(folder, 'tls.key'))
  copyFileSync(`test/fixtures/tls/${name}.pem`, join(folder, 'tls.pem'))
}

async function fingerprint(): Promise<string> {
  const { port } = new URL(url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false })
  try {
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
    })
    return socket.getPeerCertificate().fingerprint256
  } finally {
    socket.destroy()
  }
}

interface Remains {
  descriptors: number
  workers: number[]
  rssMib: number
}

function remains(): Remains {
  const { pid } = master
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    workers: children.split(' ').filter(Boolean).map(Number),
    rssMib: Math.round(Number(rss) / 1024),
  }
}

function summary({ descriptors, workers, rssMib }: Remains): object {
  return { descriptors, workers: workers.length, rssMib }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function count(text: string): number {
  return log.split(text).length - 1
}

async function until(isSo: () => boolean, words: string): Promise<void> {
  const end = Date.now() + WAIT_MS
  while (!isSo()) {
    if (Date.now() > end) fail([`${words} did not come`])
    await sleep(50)
  }
}

async function urlOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let said = ''
  child.stdout.on('data', (chunk) => (said += String(chunk)))
  await until(() => said.includes('listening on') || child.exitCode !== null, 'the ready line')
  return /listening on (\S+)/.exec(said)?.[1] ?? ''
}

function fail(reasons: readonly string[]): never {
  for (const reason of reasons) console.log(reason)
  for (const fault of load.faults) console.log(inWords(fault))
  console.log(`${reasons.length} violations; the last lines of the log:`)
  console.log(log.split('\n').slice(-40).join('\n'))
  process.exit(1)
}
