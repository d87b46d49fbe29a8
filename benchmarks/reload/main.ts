// npm run bench:reload: the time from a save of a file until its new code is served, for the ticket desk under --reload.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SAVES = 10
const DEADLINE_MS = 60_000
/** A person reads the page before the next save; the spare process is warm by then. */
const READING_MS = 3_000
const LOOK_MS = 10

// Inside of the project, because the example imports its packages.
const folder = mkdtempSync(join(ROOT, '.bench-reload-'))
try {
  cpSync(join(ROOT, 'examples/ticket-desk'), folder, { recursive: true })
  const words = [join(ROOT, 'dist/cli/main.js'), 'serve', 'app.ts', '--reload', '--port', '0']
  const server = spawn(process.execPath, [...words, '--no-access-log'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'close')
  const tookMs = await measure(server, join(folder, 'desk.ts')).finally(() =>
    server.kill('SIGTERM'),
  )
  await ended
  const sorted = tookMs.toSorted((a, b) => a - b)
  const result = {
    what: 'ms from the save of examples/ticket-desk/desk.ts until its page is served',
    node: process.version,
    cpus: cpus().length,
    load: loadavg()[0],
    median: Math.round((sorted[SAVES / 2 - 1]! + sorted[SAVES / 2]!) / 2),
    tookMs,
  }
  writeFileSync(
    join(ROOT, 'benchmarks/results/reload.json'),
    `${JSON.stringify(result, null, 2)}\n`,
  )
  process.stdout.write(`${tookMs.join(' ')} ms; median ${result.median} ms\n`)
} finally {
  rmSync(folder, { recursive: true })
}

async function measure(server: ChildProcess, file: string): Promise<number[]> {
  const url = await urlOf(server)
  const source = readFileSync(file, 'utf8')
  const tookMs: number[] = []
  for (let save = 0; save < SAVES; save += 1) {
    await pause(READING_MS)
    const mark = `save-${save}`
    const since = performance.now()
    writeFileSync(file, source.replace("title: 'Tickets'", `title: 'Tickets ${mark}'`))
    await served(url, mark, since)
    tookMs.push(Math.round(performance.now() - since))
  }
  return tookMs
}

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface(stdout!)) {
    const [, url] = /^isthmus listening on (\S+)$/.exec(line) ?? []
    if (url !== undefined) return url
  }
  throw new Error('the server did not start')
}

async function served(url: string, mark: string, since: number): Promise<void> {
  for (;;) {
    const response = await fetch(url, { headers: { connection: 'close' } }).catch(() => null)
    if ((await response?.text())?.includes(mark)) return
    if (performance.now() - since > DEADLINE_MS) throw new Error(`${mark} is never served`)
    await pause(LOOK_MS)
  }
}
