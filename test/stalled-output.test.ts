// Processes whose stdout and stderr are not read: they answer, their memory is bounded, and they end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Pipe } from './pipe.ts'
import type { ChildProcess } from 'node:child_process'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MIB = 1024 * 1024
const REQUESTS = 250
// Text of 4 MiB may wait, and the rest of the pieces that are partly written.
const MOST_BYTES = 12 * MIB
const DEADLINE_MS = 30_000
const END_MS = 8_000
const SERVER = ['test/fixtures/logs/noisy-server.ts']
const APP = 'test/fixtures/logs/noisy-app.ts'
const COMMAND = ['src/cli/main.ts', 'serve', APP, '--port', '0']

/** A process of the test, which kills it in the end. */
class Running implements Disposable {
  readonly child: ChildProcess

  constructor(words: string[], stdout: number | 'pipe' | 'ignore', stderr: number | 'pipe') {
    const stdio = ['ignore', stdout, stderr, 'ipc'] as const
    const args = ['--expose-gc', '--import', 'tsx', ...words]
    this.child = spawn(process.execPath, args, { cwd: ROOT, stdio: [...stdio] })
  }

  async status(): Promise<number | null | 'it runs still'> {
    const { child } = this
    const signal = AbortSignal.timeout(END_MS)
    if (child.exitCode === null) await once(child, 'exit', { signal }).catch(() => undefined)
    const hasEnded = child.exitCode !== null || child.signalCode !== null
    return hasEnded ? child.exitCode : 'it runs still'
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL')
  }
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
  return response.text()
}

/** Makes the process write 16 MiB or more, and returns the growth of its memory in bytes. */
async function growth(url: string, path: string): Promise<number> {
  for (let count = 0; count < 10; count += 1) await get(`${url}/memory`)
  const before = Number(await get(`${url}/memory`))
  for (let count = 0; count < REQUESTS; count += 1) await get(url + path)
  return Number(await get(`${url}/memory`)) - before
}

async function urlOfServer({ child }: Running): Promise<string> {
  const [url] = (await once(child, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [
    string,
  ]
  return url
}

const readyLine = (text: string): string | undefined => /listening on (\S+)\n/.exec(text)?.[1]

describe('serve() with its own log', { timeout: 120_000 }, () => {
  it('answers, stays small and ends by a signal while a pipe for stderr is not read', async () => {
    await using pipe = await Pipe.make()
    using server = new Running(SERVER, 'ignore', pipe.fd)
    expect(await growth(await urlOfServer(server), '/log')).toBeLessThan(MOST_BYTES)
    server.child.kill('SIGTERM')
    expect(await server.status()).toBe(0)
  })

  it('answers, stays small and ends by a signal while a socket for stderr is not read', async () => {
    using server = new Running(SERVER, 'ignore', 'pipe')
    expect(await growth(await urlOfServer(server), '/log')).toBeLessThan(MOST_BYTES)
    server.child.kill('SIGTERM')
    expect(await server.status()).toBe(0)
  })

  it('says how many lines were dropped when stderr is read again, and goes on', async () => {
    await using pipe = await Pipe.make()
    using server = new Running(SERVER, 'ignore', pipe.fd)
    const url = await urlOfServer(server)
    for (let count = 0; count < 100; count += 1) await get(`${url}/log`)
    const text = await pipe.read((read) => read.includes('dropped'))
    const lines = text.trimEnd().split('\n')
    const failures = lines.filter((line) => line.includes('"level":50')).length
    const told = JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>
    expect(told).toMatchObject({ level: 40, lost: 100 - failures })
    expect(lines).toHaveLength(failures + 1)

    await get(`${url}/log`)
    expect(await pipe.read((read) => read.endsWith('}\n'))).toContain('"level":50')
  })

  it('writes the lines that wait when the process ends, and their count, if stderr is read', async () => {
    await using pipe = await Pipe.make()
    using server = new Running(SERVER, 'ignore', pipe.fd)
    const url = await urlOfServer(server)
    for (let count = 0; count < 100; count += 1) await get(`${url}/log`)
    server.child.kill('SIGTERM')
    const text = await pipe.read((read) => read.includes('dropped'))
    expect(text.trimEnd().split('\n').at(-1)).toContain('"lost":')
    expect(await server.status()).toBe(0)
  })
})

describe('isthmus serve', { timeout: 120_000 }, () => {
  it.each(['json', 'pretty'])(
    'answers and ends while neither stream is read: %s',
    async (format) => {
      await using out = await Pipe.make()
      await using error = await Pipe.make()
      const words = [...COMMAND, '--threads', '0', '--log-format', format]
      using command = new Running(words, out.fd, error.fd)
      const url = readyLine(await out.read((text) => readyLine(text) !== undefined)) ?? ''
      expect(await growth(url, '/log')).toBeLessThan(MOST_BYTES)
      command.child.kill('SIGTERM')
      expect(await command.status()).toBe(0)
    },
  )

  it('serves an app in threads that writes to wsgi.errors while stderr is not read', async () => {
    await using out = await Pipe.make()
    await using error = await Pipe.make()
    using command = new Running([...COMMAND, '--threads', '1'], out.fd, error.fd)
    const url = readyLine(await out.read((text) => readyLine(text) !== undefined)) ?? ''
    expect(await growth(url, '/errors')).toBeLessThan(MOST_BYTES)
    command.child.kill('SIGTERM')
    expect(await command.status()).toBe(0)
  })

  it('writes an access log to stdout that is not read', async () => {
    await using out = await Pipe.make()
    const words = ['src/cli/main.ts', 'serve', `${APP}#printing`, '--port', '0', '--threads', '0']
    using command = new Running(words, out.fd, 'pipe')
    const url = readyLine(await out.read((text) => readyLine(text) !== undefined)) ?? ''
    expect(await growth(url, `/${'x'.repeat(7_000)}`)).toBeLessThan(MOST_BYTES)
    command.child.kill('SIGTERM')
    expect(await command.status()).toBe(0)
  })
})
