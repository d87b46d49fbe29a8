// Each failure: one line that names the thing and the remedy, and an exit status.

import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { run } from './command.ts'

const HELLO = 'test/fixtures/cli/hello.js'

async function failure(...words: string[]): Promise<{ status: number | null; line: string }> {
  const { status, stdout, stderr } = await run(words)
  const lines = stderr.trimEnd().split('\n')
  expect([stdout, lines.length]).toEqual(['', 1])
  return { status, line: lines[0] ?? '' }
}

describe('a wrong command line', { timeout: 30_000 }, () => {
  it('exits with 2 and names a file that is not there', async () => {
    const { status, line } = await failure('serve', 'missing.js')
    expect(status).toBe(2)
    expect(line).toMatch(/^isthmus: cannot load .*missing\.js: there is no such file/)
  })

  it('exits with 2 and lists the exports that there are', async () => {
    const { status, line } = await failure('serve', `${HELLO}#nope`)
    expect(status).toBe(2)
    expect(line).toContain('has no export "nope"; it exports default, feed, guess, number, table')
  })

  it('exits with 2 for an export that is no app, and shows the brands', async () => {
    expect((await failure('serve', `${HELLO}#number`)).line).toContain('is not an app')
    const { status, line } = await failure('serve', `${HELLO}#guess`)
    expect(status).toBe(2)
    expect(line).toContain('say which style it is: sync(')
  })

  it('exits with 2 for an unknown option, a bad value, no APP and an unknown command', async () => {
    for (const [words, says] of [
      [['serve', HELLO, '--prot', '1'], 'unknown argument "prot"'],
      [['serve', HELLO, '--port', 'http'], '--port must be a whole number from 0 to 65535'],
      [['serve', HELLO, '--threads', '-1'], '--threads must be a whole number'],
      [['serve'], 'no APP to serve'],
      [['server', HELLO], 'unknown'],
      [[], 'no command given'],
    ] as const) {
      const { status, line } = await failure(...words)
      expect([words, status, line]).toEqual([words, 2, expect.stringContaining(says)])
    }
  })
})

describe('a failure', { timeout: 30_000 }, () => {
  it('exits with 1 and shows where the app threw while it loaded', async () => {
    const { status, line } = await failure('serve', 'test/fixtures/cli/throws.js')
    expect(status).toBe(1)
    expect(line).toMatch(/TypeError: no database \(.*throws\.js:1/)
  })

  it('exits with 1 when the port is in use', async () => {
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
})

describe('--help and --version', { timeout: 30_000 }, () => {
  it('are printed, with the defaults, and exit with 0', async () => {
    const help = await run(['serve', '--help'])
    expect([help.status, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toMatch(/--timeout-keep-alive +Seconds .*\[default: 5\]/)
    expect(help.stdout).toContain('Exit status: 0 drained')
    expect((await run(['--version'])).stdout).toBe('0.1.0\n')
  })
})
