// Processes of Python that are replaced, and those that end in order.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { notedLog } from './noted-log.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import type { PythonServer } from './serving.ts'

const DEADLINE = 40_000
const SERVER = fileURLToPath(new URL('../fixtures/python/serve.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'isthmus-renewal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pidOf = async (server: PythonServer): Promise<string> => {
  const { status, body } = await server.ask('/pid')
  if (status !== 200) throw new Error(`the request failed: ${status} ${body}`)
  return body
}

/** Whether a process runs: one that has ended may wait for its parent. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  if (existsSync('/proc/self/stat')) return existsSync(file) && !isZombie(file)
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function isZombie(file: string): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(file, 'utf8'))
  } catch {
    return true
  }
}

describe.skipIf(NO_PYTHON !== undefined)(
  `a process of Python is replaced${SKIPPED}`,
  { timeout: DEADLINE },
  () => {
    it.each(['life:app', 'life:asgi'])(
      'after maxRequests, and no request fails: %s',
      async (spec) => {
        await using server = await serving(spec, { maxRequests: 3 })
        const pids: string[] = []
        for (let count = 0; count < 10; count += 1) pids.push(await pidOf(server))
        expect(new Set(pids).size).toBeGreaterThanOrEqual(3)
        for (const pid of new Set(pids))
          expect(pids.filter((each) => each === pid).length).toBeLessThan(4)
      },
    )

    it.each(['life:app', 'life:asgi'])('above maxMemoryBytes: %s', async (spec) => {
      const { log, lineWith } = notedLog()
      await using server = await serving(spec, { maxMemoryBytes: 150_000_000 }, { log })
      const before = await pidOf(server)
      // The host looks once in a second.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      expect((await server.ask('/hoards')).body).toBe(before)
      const { fields } = await lineWith('above maxMemoryBytes')
      expect(fields['left']).toEqual({ memoryBytes: expect.any(Number) })
      await eventually(async () => (await pidOf(server)) !== before)
      await eventually(() => !isRunning(Number(before)))
    })

    it('by reload(), with a new version of its file and without a failed request', async () => {
      const file = join(folder, 'versions.py')
      const version = (text: string): void =>
        writeFileSync(
          file,
          `def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'${text}']\n`,
        )
      version('old')
      await using server = await serving('versions:app', { cwd: folder, processes: 2 })
      const answers: string[] = []
      const clock = { isOver: false }
      const client = async (): Promise<void> => {
        while (!clock.isOver) {
          const { status, body } = await server.ask('/')
          answers.push(`${status} ${body}`)
        }
      }
      const clients = [client(), client(), client()]
      await eventually(() => answers.length > 20)
      version('and new')
      await server.app.reload()
      const reloadedAt = answers.length
      await eventually(() => answers.length > reloadedAt + 20)
      clock.isOver = true
      await Promise.all(clients)
      expect(new Set(answers)).toEqual(new Set(['200 old', '200 and new']))
      // The requests that were open may be old ones.
      expect(new Set(answers.slice(reloadedAt + clients.length))).toEqual(new Set(['200 and new']))

      writeFileSync(file, 'app = 7\n')
      await expect(server.app.reload()).rejects.toThrow('is an int, which is not callable')
      expect((await server.ask('/')).body).toBe('and new')
    })
  },
)

describe.skipIf(NO_PYTHON !== undefined)(
  `a process of Python that ends in order${SKIPPED}`,
  { timeout: DEADLINE },
  () => {
    it.each([
      ['life:app', ['info: atexit ran']],
      ['life:asgi', ['info: lifespan.startup', 'info: lifespan.shutdown', 'info: atexit ran']],
    ])('runs the lifespan and the functions of atexit: %s', async (spec, expected) => {
      const server = await serving(spec)
      const pid = Number(await pidOf(server))
      await server[Symbol.asyncDispose]()
      expect(server.lines).toEqual(expected)
      await eventually(() => !isRunning(pid))
    })

    it('has its output in the log, line by line, with a level and its number', async () => {
      const { log, lines, lineWith } = notedLog()
      await using server = await serving('life:app', {}, { log })
      const pid = Number(await pidOf(server))
      await server.ask('/prints')
      await lineWith('a printed error')
      await lineWith('a line on stdout')
      expect(lines).toContainEqual({
        level: 'info',
        message: 'a line on stdout',
        fields: { pid },
      })
      expect(lines).toContainEqual({
        level: 'warn',
        message: 'a line on stderr',
        fields: { pid },
      })
      const { message, level } = await lineWith('Traceback')
      expect(message).toMatch(/^Traceback[^]*in prints\n[^]*\nValueError: a printed error$/)
      expect(level).toBe('warn')
    })

    it.each(['pid', 'backtracks'])('does not outlive a server that is killed: %s', async (deed) => {
      const server = fork(SERVER, { execArgv: ['--import', 'tsx'], stdio: 'ignore' })
      try {
        const [url] = (await once(server, 'message', {
          signal: AbortSignal.timeout(30_000),
        })) as [string]
        const response = await fetch(`${url}/pid`, { signal: AbortSignal.timeout(30_000) })
        const pid = Number(await response.text())
        expect(isRunning(pid)).toBe(true)
        // The code in C holds the lock of the interpreter.
        if (deed === 'backtracks') {
          fetch(`${url}/backtracks`, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
          await new Promise((resolve) => setTimeout(resolve, 500))
        }
        server.kill('SIGKILL')
        await eventually(() => !isRunning(pid))
      } finally {
        server.kill('SIGKILL')
      }
    })
  },
)
