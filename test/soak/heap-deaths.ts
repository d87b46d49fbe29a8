// Fills the heap of a thread in many ways, each in a process of its own, and prints which ways end the process too: V8 ends
// the process if a single step needs more memory than is left, so no limit of a thread is sure.
//
//   npm run soak:heap -- [--mib 32]

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startServer } from '../../benchmarks/server-process.ts'
import { WAYS } from './heap-app.js'

const DEADLINE_MS = 40_000
const { values } = parseArgs({ options: { mib: { type: 'string', default: '32' } } })
const path = fileURLToPath(new URL('heap-server.js', import.meta.url))

const rows: Record<string, { answer: string; process: string }> = {}
for (const way of Object.keys(WAYS)) {
  const server = await startServer([process.execPath, path, values.mib], null)
  const answer = await ask(`${server.url}/${encodeURIComponent(way)}`)
  const isAlive = (await ask(server.url)) === '200'
  rows[way] = { answer, process: isAlive ? 'goes on' : 'ended' }
  await server.stop()
}
console.log(`node ${process.version}, maxOldGenerationSizeMb: ${values.mib}`)
console.table(rows)

async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
    await response.text()
    return String(response.status)
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'none in time' : 'cut'
  }
}
