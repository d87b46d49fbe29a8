// Each small example starts by the command that examples/README.md shows, and does its work.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ChildProcess } from 'node:child_process'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 60_000
const COMMANDS = commandsOf(readFileSync(`${ROOT}/examples/README.md`, 'utf8'))

interface Started extends AsyncDisposable {
  url: string
}

describe('the example', { timeout: 2 * DEADLINE_MS }, () => {
  it('hello-sync.ts greets the path', async () => {
    await using example = await start('hello-sync.ts')
    expect(await get(`${example.url}/world`)).toBe('Hello, /world\n')
  })

  it('hello-iterable.ts greets the path', async () => {
    await using example = await start('hello-iterable.ts')
    expect(await get(`${example.url}/world`)).toBe('Hello, /world\n')
  })

  it('hello-events.ts greets the path', async () => {
    await using example = await start('hello-events.ts')
    expect(await get(`${example.url}/world`)).toBe('Hello, /world\n')
  })

  it('websocket.ts returns a message in upper case', async () => {
    await using example = await start('websocket.ts')
    const socket = new WebSocket(example.url.replace('http:', 'ws:'))
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    expect(String(message)).toBe('HELLO')
    socket.close()
    await once(socket, 'close')
  })

  it('threads.ts answers on the event loop while a thread computes', async () => {
    await using example = await start('threads.ts')
    const report = get(`${example.url}/`)
    const first = await Promise.race([report, get(`${example.url}/now`)])
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect(await report).toMatch(/^The sum of many random numbers: \d+\n$/)
  })

  it('testing.ts passes', async () => {
    const child = run('testing.ts', [])
    let output = ''
    child.stdout?.on('data', (chunk) => (output += String(chunk)))
    const [status] = await once(child, 'close')
    expect([status, output]).toEqual([0, expect.stringMatching(/^# pass 1$|ℹ pass 1$/m)])
  })
})

it('has a command in the README, and a test here, for each example', () => {
  const programs = readdirSync(`${ROOT}/examples`).filter((name) => name.endsWith('.ts'))
  const modules = ['threads-report.ts']
  const tests = readFileSync(fileURLToPath(import.meta.url), 'utf8')
  const apps = programs.filter((name) => !modules.includes(name))
  expect([...COMMANDS.keys()].toSorted()).toEqual(apps.toSorted())
  expect(apps.filter((name) => !tests.includes(`it('${name} `))).toEqual([])
})

/** The commands of the table, by example. */
function commandsOf(page: string): Map<string, string> {
  const rows = page.matchAll(/^\| \[([\w-]+\.ts)\]\(\1\) \| `([^`]+)` \|/gm)
  return new Map([...rows].map(([, name = '', command = '']) => [name, command]))
}

// Port 0 keeps the tests apart; a reader leaves it out.
async function start(name: string): Promise<Started> {
  const child = run(name, ['--port', '0'])
  let complaints = ''
  child.stderr?.on('data', (chunk) => (complaints += String(chunk)))
  const lines = createInterface(child.stdout!)
  for await (const line of lines) {
    const url = /listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, [Symbol.asyncDispose]: () => end(child) }
  }
  throw new Error(`${name} ended before it listened: ${complaints}`)
}

function run(name: string, words: readonly string[]): ChildProcess {
  const [command = '', ...args] = (COMMANDS.get(name) ?? '').split(' ')
  const options = command === 'npx' ? words : []
  return spawn(command, [...args, ...options], {
    cwd: ROOT,
    // A group of its own, because npx starts the command in a child.
    detached: true,
    env: { ...process.env, PORT: '0' },
    timeout: DEADLINE_MS,
  })
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  process.kill(-child.pid!, 'SIGTERM')
  await closed
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
  return response.text()
}
