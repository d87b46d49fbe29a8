// Signals before the server listens. The signals of a running server are in test/cli/signals.test.ts.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { Command } from './command.ts'

const STARTING = 'test/fixtures/cli/starting.js'
const WORDS = ['serve', STARTING, '--port', '0', '--timeout-graceful-shutdown', '0.5']
const PID_1 = ['--pid', '--fork', '--kill-child']

const canBePid1 = spawnSync('unshare', [...PID_1, 'true']).status === 0

describe('a signal before the server listens', { timeout: 60_000 }, () => {
  it('ends the process with status 0 while the app loads', async () => {
    using command = new Command(WORDS, { START: 'load' })
    await command.says('loading')
    command.signal('SIGTERM')
    const { status, signal, stderr } = await command.ended()
    expect([status, signal]).toEqual([0, null])
    expect(stderr).toContain('SIGTERM: draining')
  })

  it('is handled from the first line of the app on', async () => {
    using command = new Command(WORDS, { START: 'signal' })
    expect(await command.ended()).toMatchObject({ status: 0, signal: null })
  })

  it('waits for the startup of the app, and shuts the app down', async () => {
    using command = new Command([...WORDS, '--timeout-graceful-shutdown', '10'])
    await command.says('starting')
    command.signal('SIGINT')
    const { status, stdout } = await command.ended()
    expect([status, stdout]).toEqual([0, 'starting\nshut down\n'])
  })

  it('ends with status 1 if the startup does not end in the time to drain', async () => {
    using command = new Command(WORDS, { START: 'never' })
    await command.says('starting')
    command.signal('SIGTERM')
    const { status, stdout, stderr } = await command.ended()
    expect([status, stdout]).toEqual([1, 'starting\n'])
    expect(stderr).toContain('still starting when the time to stop was over')
  })

  it('ends the process at once if it is the second one', async () => {
    const words = [...WORDS, '--timeout-graceful-shutdown', '60']
    using command = new Command(words, { START: 'never' })
    await command.says('starting')
    command.signal('SIGTERM')
    await command.logs('draining')
    command.signal('SIGINT')
    expect((await command.ended()).status).toBe(128 + constants.signals.SIGINT)
  })

  it.skipIf(!canBePid1)('reaches process 1 of a container', async () => {
    const node = [process.execPath, 'dist/cli/main.js', ...WORDS]
    const env = { ...process.env, START: 'load' }
    const child = spawn('unshare', [...PID_1, ...node], { env })
    try {
      await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) })
      const { pid } = child
      const inner = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      process.kill(Number(inner), 'SIGTERM')
      const [status] = await once(child, 'exit', { signal: AbortSignal.timeout(30_000) })
      expect(status).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
