// Processes of Python that do not start, that end, and that stand still.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mount, python, websocket } from 'isthmus'
import { testClient } from 'isthmus/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { notedLog } from './noted-log.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import { FIXTURE } from './shared-pool.ts'

const DEADLINE = 40_000
const folder = mkdtempSync(join(tmpdir(), 'isthmus-life-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A request that is held until the test lets it go. */
class Held {
  readonly file: string = join(folder, String(files++))
  readonly target: string = `/hold?${this.file}`

  /** The process that has begun it. */
  async pid(): Promise<number> {
    await eventually(() => existsSync(`${this.file}.pid`))
    return Number(readFileSync(`${this.file}.pid`, 'utf8'))
  }

  release(): void {
    writeFileSync(this.file, '')
  }
}

describe.skipIf(NO_PYTHON !== undefined)(
  `an app of Python that cannot be loaded${SKIPPED}`,
  { timeout: DEADLINE },
  () => {
    it.each([
      ['shop_of_nobody:app', "there is no module 'shop_of_nobody' in"],
      [
        'imports_missing:app',
        "the module imports_missing imports 'shop_of_nobody', which is not there",
      ],
      ['raises_at_import', 'cannot be imported: ConnectionRefusedError: the database is away'],
      ['life:ap', "has no attribute 'ap'; these look like apps: app, asgi"],
      ['life', 'these look like apps'],
      ['life:hoard', 'is a list, which is not callable'],
      ['life:nap()', 'life:nap() has failed: TypeError'],
    ])('makes the server fail, and says why: %s', async (spec, message) => {
      if (spec === 'life') return expect((await startOf('life')).message).toBe('it has started')
      return expect((await startOf(spec)).message).toContain(message)
    })

    it('shows the traceback of the app, without the host', async () => {
      const { cause } = await startOf('raises_at_import')
      const { stack } = cause as Error
      expect(stack).toMatch(/Traceback[^]*raises_at_import\.py", line 5[^]*in connect/)
      expect(stack).not.toContain('isthmus_host.py')
    })

    it('because there is no such program names the option', async () => {
      const error = await startOf('life:app', { python: join(folder, 'python3') })
      expect(error.message).toMatch(
        /python3 cannot be started: .*ENOENT.* in the option python \(--python\)$/,
      )
    })

    async function startOf(spec: string, options = {}): Promise<Error> {
      try {
        await using server = await serving(spec, options)
        return new Error(`it has started${server.lines.join()}`)
      } catch (error) {
        return error as Error
      }
    }
  },
)

describe.skipIf(NO_PYTHON !== undefined)(
  `a process of Python that ends${SKIPPED}`,
  { timeout: DEADLINE },
  () => {
    it('by SIGKILL fails its request with 502, and harms nothing else', async () => {
      const { log, lineWith } = notedLog()
      const echo = websocket(async (socket) => {
        for await (const message of socket) await socket.send(message)
      })
      const app = python('life:app', { ...FIXTURE, processes: 2 })
      const options = { log, deadlineMs: 14_000, raiseAppErrors: false }
      await using client = await testClient(mount({ '/live': echo, '/': app }), options)
      await using socket = await client.websocket('/live')
      await eventually(() => app.stats().processes.ready === 2)

      const [victim, other] = [new Held(), new Held()]
      const requests = [client.get(victim.target), client.get(other.target)]
      const [pid] = await Promise.all([victim.pid(), other.pid()])
      process.kill(pid, 'SIGKILL')
      expect((await requests[0])?.status).toBe(502)
      await socket.send('still here')
      expect(await socket.receive()).toBe('still here')
      other.release()
      expect((await requests[1])?.status).toBe(200)

      const { fields } = await lineWith('a process ended by itself')
      expect(String(fields['err'])).toContain('SIGKILL')
      await eventually(() => app.stats().processes.ready === 2)
      expect((await client.get('/pid')).status).toBe(200)
    })

    it.each([
      ['/exits', 'its status was 3'],
      ['/crashes', 'SIGSEGV'],
    ])('by its own fault fails its request with 502, and is replaced: %s', async (path, end) => {
      const { log, lines, lineWith } = notedLog()
      await using server = await serving('life:app', {}, { log })
      const before = (await server.ask('/pid')).body
      expect((await server.ask(path)).status).toBe(502)
      expect(String((await lineWith('ended by itself')).fields['err'])).toContain(end)
      const after = await server.ask('/pid')
      expect(after.status).toBe(200)
      expect(after.body).not.toBe(before)
      if (path === '/exits') return
      // The stack of the code in C.
      await lineWith('Fatal Python error: Segmentation fault')
      await lineWith('in crashes')
      expect(lines.every(({ level }) => level !== 'info')).toBe(true)
    })
  },
)

describe.skipIf(NO_PYTHON !== undefined)(
  `a process of Python that stands still${SKIPPED}`,
  { timeout: DEADLINE },
  () => {
    it.each([
      ['life:app', '/sleeps', 'a request took longer than timeoutMs'],
      ['life:app', '/backtracks', 'a request took longer than timeoutMs'],
      ['life:asgi', '/sleeps', 'the event loop of a process stood still'],
      ['life:asgi', '/backtracks', 'the event loop of a process stood still'],
    ])('is ended, with its stack in the log: %s %s', async (spec, path, message) => {
      const { log, lineWith } = notedLog()
      await using server = await serving(spec, { timeoutMs: 1_000 }, { log })
      const before = (await server.ask('/pid')).body
      expect((await server.ask(path)).status).toBe(504)
      const { level, fields } = await lineWith(message)
      expect(level).toBe('error')
      expect(fields['stack']).toMatch(new RegExp(`life\\.py", line \\d+ in ${path.slice(1)}`))
      const after = await server.ask('/pid')
      expect(after.status).toBe(200)
      expect(after.body).not.toBe(before)
    })

    it('serves the requests in its other threads to their end', async () => {
      await using server = await serving('life:app', { threads: 2, timeoutMs: 4_000 })
      const stuck = server.ask('/sleeps')
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      // This one begins before the end of the time of the stuck one, and ends after it.
      const other = server.ask('/nap?2500')
      expect((await stuck).status).toBe(504)
      expect(await other).toMatchObject({ status: 200, body: 'napped' })
    })

    it('gets no request of others meanwhile: another process answers them', async () => {
      await using server = await serving('life:app', { processes: 2 })
      await eventually(() => server.app.stats().processes.ready === 2)
      const held = new Held()
      const slow = server.ask(held.target)
      const others = Array.from({ length: 40 }, () => server.ask('/pid'))
      const pid = String(await held.pid())
      const bodies = (await Promise.all(others)).map(({ body }) => body)
      // Those before the slow one may have been in its process.
      expect(bodies.filter((body) => body !== pid).length).toBeGreaterThan(0)
      held.release()
      expect((await slow).body).toBe(pid)
    })

    it('leaves the clients of an ASGI app that waits alone', async () => {
      await using server = await serving('life:asgi', { timeoutMs: 300 })
      expect((await server.ask('/waits?900')).body).toBe('waited')
    })
  },
)
