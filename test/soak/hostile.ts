// Mixed traffic whose clients leave in each phase, and requests that end their threads, against each style of app. Fails if
// a whole answer is wrong, if a request that is gone holds a thread, or if memory or descriptors do not come back.
//
//   npm run soak:hostile -- [--minutes 3] [--seed 1] [--engine native] [--clients 24]

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startServer } from '../../benchmarks/server-process.ts'
import { seeded, Visitor } from './hostile-visits.ts'

const SETTLE_MS = 10_000
// A request that is gone may have a thread until the end of its sleep, and a loop three seconds.
const RELEASE_MS = 5_000
const MAX_GROWTH_MIB = 64
// Descriptors of a connection of fetch, and of a thread that starts or ends.
const MAX_MORE_DESCRIPTORS = 8

interface Figures {
  inFlight: number
  queued: number
  ending: number
  spare: number
  crashes: number
  timedOut: [own: number, deadly: number]
  descriptors: number
  mib: number
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string', default: 'native' },
    clients: { type: 'string', default: '24' },
  },
})
const path = fileURLToPath(new URL('hostile-server.js', import.meta.url))
const server = await startServer([process.execPath, '--expose-gc', path, values.engine], null)
const visitor = new Visitor(server.url, seeded(Number(values.seed)))
const { faults } = visitor
try {
  await visits(10_000)
  const before = await settled()
  await visits(Number(values.minutes) * 60_000)
  const released = await releasedWithin(RELEASE_MS)
  const after = await settled(before)
  if (!released) faults.push('a request that is gone holds a thread')
  if (after.timedOut[0] > 0)
    faults.push(`${after.timedOut[0]} requests held their thread until their time was over`)
  if (after.ending > 0) faults.push('threads that were told to end are still there')
  if (after.descriptors > before.descriptors + MAX_MORE_DESCRIPTORS)
    faults.push('descriptors are left over')
  if (after.mib - before.mib > MAX_GROWTH_MIB)
    faults.push(`memory has grown by ${after.mib - before.mib} MiB`)
  console.table(visitor.counts)
  console.table({ before, after })
} finally {
  await server.stop()
}
for (const fault of faults.slice(0, 20)) console.log(fault)
console.log(
  faults.length === 0
    ? `seed ${values.seed}: no fault`
    : `seed ${values.seed}: ${faults.length} faults`,
)
process.exitCode = faults.length === 0 ? 0 : 1

async function visits(forMs: number): Promise<void> {
  const end = performance.now() + forMs
  const client = async (): Promise<void> => {
    while (performance.now() < end && faults.length < 100) await visitor.visit()
  }
  await Promise.all(Array.from({ length: Number(values.clients) }, client))
}

async function figures(): Promise<Figures> {
  const signal = AbortSignal.timeout(SETTLE_MS)
  const response = await fetch(`${server.url}/figures`, { signal })
  return (await response.json()) as Figures
}

async function releasedWithin(ms: number): Promise<boolean> {
  const end = performance.now() + ms
  for (;;) {
    const { inFlight, queued } = await figures()
    if (inFlight + queued === 0) return true
    if (performance.now() > end) return false
    await sleep(100)
  }
}

// Threads and sockets may take a moment to disappear, and the spare thread to start.
async function settled(before?: Figures): Promise<Figures> {
  const end = performance.now() + SETTLE_MS
  await sleep(2_000)
  for (;;) {
    const now = await figures()
    const isBack =
      before !== undefined &&
      now.descriptors <= before.descriptors &&
      now.mib <= before.mib &&
      now.ending === 0
    if (isBack || performance.now() > end) return now
    await sleep(200)
  }
}
