// A Python app of fixtures/ on a free port: hosted by isthmus, or by gunicorn and uvicorn (see is-reference.ts).

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RawClient } from '../raw/raw-client.ts'
import { isReference } from './is-reference.ts'
import { Journal } from './journal.ts'
import { startIsthmus } from './start-isthmus.ts'
import { startReference } from './start-reference.ts'
import type { HostedOptions } from './running.ts'

/** A hosted app. The test file that starts it also closes it. */
export interface Hosted {
  url: string
  journal: Journal
  /** The directory DATA of the app. */
  data: string
  output(): string
  /** The number of tracebacks that end with `line`. */
  tracebacks(line: string): number
  /** A client that speaks bytes, and whose waits end after `deadlineMs`, or eight seconds. */
  connect(deadlineMs?: number): Promise<RawClient>
  /** Ends the wait of the app for the file `name` (fixtures/journal.py). */
  release(name: string): Promise<void>
  close(): Promise<void>
  /** Removes the directory DATA. */
  forget(): Promise<void>
}

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url))

/** Hosts `spec`, a module of fixtures/ and an attribute. */
export async function hosted(spec: string, options: HostedOptions): Promise<Hosted> {
  const data = await mkdtemp(join(tmpdir(), 'isthmus-python-'))
  for (const [name, text] of Object.entries(options.files ?? {}))
    await writeFile(join(data, name), text)
  const env = { DATA: data, PYTHONDONTWRITEBYTECODE: '1' }
  if (options.prepare !== undefined) await prepare(options.python, options.prepare, env)

  const start = { ...options, cwd: FIXTURES, env }
  const running = await (isReference ? startReference(spec, start) : startIsthmus(spec, start))
  const forget = () => rm(data, { recursive: true, force: true })
  return {
    url: `http://127.0.0.1:${running.port}`,
    journal: new Journal(join(data, 'journal')),
    data,
    output: () => running.output(),
    tracebacks: (line) => countTracebacks(running.output(), line),
    connect: (deadlineMs) =>
      RawClient.connect({ host: '127.0.0.1', port: running.port }, deadlineMs),
    release: (name) => writeFile(join(data, name), ''),
    async close() {
      await running.close()
      if (options.keepData !== true) await forget()
    },
    forget,
  }
}

async function prepare(
  python: string,
  settings: string,
  env: Record<string, string>,
): Promise<void> {
  await promisify(execFile)(python, ['prepare_django.py', settings], {
    cwd: FIXTURES,
    env: { ...process.env, ...env },
    timeout: 60_000,
  })
}

// The text before the first traceback is none; a traceback goes up to the line that names its error.
function countTracebacks(output: string, line: string): number {
  const [, ...traces] = output.split('Traceback (most recent call last)')
  return traces.filter((trace) => trace.split('\n').some((row) => row.trim() === line)).length
}
