// The failures of the command: each is one line that names the reason and the remedy, and an exit status.

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../raw/free-port.ts'
import { linesWith, run } from './command.ts'

const HELLO = 'test/fixtures/cli/hello.js'
const LISTENS = 'test/fixtures/cli/listens.cjs'
const MOODY = 'test/fixtures/cli/moody.js'

async function failure(...words: string[]): Promise<{ status: number | null; line: string }> {
  const { status, stdout, stderr } = await run(words)
  const lines = stderr.trimEnd().split('\n')
  expect([stdout, lines.length]).toEqual(['', 1])
  return { status, line: lines[0] ?? '' }
}

/** The failure of an app in this mood: the exit status, the line of the command, and the log. */
async function mood(MOOD: string, ...words: string[]) {
  const command = ['serve', MOODY, '--port', '0', '--log-format', 'json', ...words]
  const { status, stdout, stderr } = await run(command, { MOOD })
  const lines = stderr.split('\n').filter((line) => line.startsWith('isthmus: '))
  expect([stdout, lines.length]).toEqual(['', 1])
  const logged = linesWith('', stderr).map(({ msg }) => msg)
  return { status, line: lines[0], logged }
}

describe('a wrong command line', { timeout: 60_000 }, () => {
  it('exits with 2 and names a missing file', async () => {
    const { status, line } = await failure('serve', 'missing.js')
    expect(status).toBe(2)
    expect(line).toMatch(/^isthmus: cannot load .*missing\.js: there is no such file/)
  })

  it('exits with 2 for a missing export, and lists the exports', async () => {
    const { status, line } = await failure('serve', `${HELLO}#nope`)
    expect(status).toBe(2)
    expect(line).toContain('has no export "nope"; it exports default, feed, guess, number, table')
  })

  it('exits with 2 for an export that is no app, and shows the brands', async () => {
    const { status, line } = await failure('serve', `${HELLO}#guess`)
    expect(status).toBe(2)
    expect(line).toContain('say which style it is: sync(')
  })

  it('exits with 2 for an unknown option, and for an empty command line', async () => {
    const unknown = await failure('serve', HELLO, '--prot', '1')
    const help = 'see "isthmus serve --help"'
    expect(unknown).toEqual({
      status: 2,
      line: `isthmus: unknown argument "prot", did you mean --port; ${help}`,
    })
    expect(await failure()).toEqual({ status: 2, line: `isthmus: no command given; ${help}` })
  })

  it('exits with 2 for a wrong mount, with the same messages', async () => {
    const { status, line } = await failure('serve', HELLO, '--mount', '/x=missing.js')
    expect(status).toBe(2)
    expect(line).toMatch(/missing\.js: there is no such file/)
  })
})

describe('a failure', { timeout: 60_000 }, () => {
  it('exits with 1 and shows the place where the app threw while it loaded', async () => {
    const { status, stderr } = await run(['serve', 'test/fixtures/cli/throws.js'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^isthmus: cannot load .*TypeError: no database \(.*throws\.js:1\)\n/)
  })

  it('shows the stack of the error that the app threw, and no frame of the loader', async () => {
    const { stderr } = await run(['serve', 'test/fixtures/cli/throws.js'])
    const [, ...stack] = stderr.trimEnd().split('\n')
    expect(stack).toEqual([
      'TypeError: no database',
      expect.stringMatching(/^ +at .*throws\.js:1:7$/),
    ])
    const env = { MOOD: 'throws in threads' }
    const thread = await run(['serve', MOODY, '--threads', '1', '--log-level', 'silent'], env)
    expect(thread.stderr).toMatch(
      /^isthmus: .*\nError: no thread, please\n +at .*moody\.js:\d+:\d+\n$/,
    )
  })

  it('has the stack after it at the log level debug', async () => {
    const words = ['serve', 'test/fixtures/cli/throws.js', '--log-level', 'debug']
    const { status, stderr } = await run(words)
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^isthmus: cannot load .*\nAppLoadError: .*TypeError: no database\n +at /s,
    )
  })

  it('exits with 1 and shows the place of a syntax error', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-syntax-'))
    try {
      const file = join(folder, 'app.ts')
      await writeFile(file, 'export default\nfunction ( {\n')
      const { status, line } = await failure('serve', file)
      expect([status, line]).toEqual([1, expect.stringContaining(`${file}:3`)])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('exits with 1 if the port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { status, line } = await failure('serve', HELLO, '--port', String(port), '--threads', '0')
    taken.close()
    expect(status).toBe(1)
    expect(line).toBe(
      `isthmus: 127.0.0.1:${port} is in use; choose another --port, or 0 for a free one`,
    )
  })

  it('exits with 1 if the app itself takes the port, and names the line and the remedy', async () => {
    const port = String(await freePort())
    const env = { TEST_PORT: port }
    const { status, stderr } = await run(['serve', `node:${LISTENS}`, '--port', port], env)
    const [warning, failed, ...more] = stderr.trimEnd().split('\n')
    expect([status, more]).toEqual([1, []])
    expect(failed).toMatch(
      new RegExp(
        `^isthmus: the app listens on port ${port} itself \\(\\S+listens\\.cjs:9\\), and `,
      ),
    )
    expect(linesWith(`the app listens on port ${port} itself`, String(warning))).toHaveLength(1)
  })

  it('exits with the status of the event loop if an app in threads does not load', async () => {
    const threaded = (...words: string[]) =>
      run(['serve', ...words, '--threads', '1', '--log-level', 'silent'])
    const threw = await threaded('threads:test/fixtures/cli/throws.js')
    expect(threw.status).toBe(1)
    expect(threw.stderr).toMatch(
      /^isthmus: cannot load \S+throws\.js: TypeError: no database \(\S+throws\.js:1\)\nTypeError: no database\n +at \S+throws\.js:1:7\n$/,
    )
    const wrong = await threaded(HELLO, '--mount', `/x=threads:${HELLO}#nope`)
    expect(wrong).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `isthmus: ${HELLO} has no export "nope"; it exports default, feed, guess, number, table: choose with FILE#export\n`,
    })
  })

  it('exits with 1 if the machine does not have the address, or the socket cannot be made', async () => {
    const host = await failure('serve', HELLO, '--threads', '0', '--host', '192.0.2.1')
    expect(host).toEqual({
      status: 1,
      line: 'isthmus: 192.0.2.1:8000 is no address of this machine; choose another --host',
    })
    const socket = await failure('serve', HELLO, '--threads', '0', '--uds', '/nowhere/app.sock')
    expect(socket.status).toBe(1)
    expect(socket.line).toContain('/nowhere/app.sock cannot be made')
  })

  it('exits with 1 if the app does not finish loading, or throws an uncaught exception meanwhile', async () => {
    expect(await mood('waits for ever')).toEqual({
      status: 1,
      line: 'isthmus: the app did not finish loading: a promise that it awaits at top level never settles',
      logged: [],
    })
    expect(await mood('throws later')).toEqual({
      status: 1,
      line: 'isthmus: an uncaught exception was thrown while the app loaded: Error: late',
      logged: [],
    })
  })

  it('exits with 1 if only the threads fail to load, and the log has the stack', async () => {
    expect(await mood('throws in threads', '--threads', '1')).toEqual({
      status: 1,
      line: expect.stringMatching(/^isthmus: the app did not start: .*no thread, please/),
      logged: ['a thread could not load its app'],
    })
    expect(await mood('exits in threads', '--threads', '1')).toEqual({
      status: 1,
      line: expect.stringMatching(/^isthmus: the app did not start: .*status 3/),
      logged: ['a thread ended by itself'],
    })
  })

  it('exits with 1 if the lifespan of the app fails', async () => {
    const { status, line } = await failure('serve', `${MOODY}#live`, '--port', '0')
    expect([status, line]).toEqual([1, 'isthmus: the app did not start: no database'])
  })
})

describe('--help and --version', { timeout: 60_000 }, () => {
  it('are printed, with the defaults, and exit with 0', async () => {
    const help = await run(['serve', '--help'])
    expect([help.status, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toMatch(/--timeout-keep-alive +Seconds .*\[default: 5\]/)
    expect(help.stdout).toContain('Exit status: 0 drained')
    expect((await run(['--version'])).stdout).toBe('0.1.0\n')
  })
})
