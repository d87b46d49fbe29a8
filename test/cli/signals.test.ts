// What ends the process, and the exit status that tells which.

import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Command, get } from './command.ts'

const STUCK = 'test/fixtures/cli/stuck.js'
const SLOW = 'test/fixtures/cli/slow.js'

describe('a signal', { timeout: 30_000 }, () => {
  it('drains: what is in flight is answered first', async () => {
    using command = new Command(['serve', SLOW, '--port', '0', '--threads', '1'])
    const answer = get(`${await command.url()}/?700`)
    await command.says('working')
    command.signal('SIGTERM')
    expect(await answer).toBe('in a thread')
    expect((await command.ended()).status).toBe(0)
  })

  it('cuts what does not end in time, and the status says so', async () => {
    const words = ['serve', STUCK, '--port', '0', '--timeout-graceful-shutdown', '0.2']
    using command = new Command(words)
    const answer = get(await command.url()).catch((error: unknown) => error)
    await command.says('asked')
    command.signal('SIGINT')
    const { status, stderr } = await command.ended()
    expect([status, await answer]).toEqual([1, expect.any(Error)])
    expect(stderr).toContain('connections were cut')
  })

  it('ends the process at once when a second one comes', async () => {
    using command = new Command(['serve', STUCK, '--port', '0'])
    get(await command.url()).catch(() => undefined)
    await command.says('asked')
    command.signal('SIGTERM')
    // The same signal within half a second may be an echo of the terminal's.
    await delay(700)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(128 + constants.signals.SIGTERM)
  })

  it('does not wait for a thread that never ends', async () => {
    const words = ['serve', SLOW, '--port', '0', '--threads', '1']
    using command = new Command([...words, '--timeout-graceful-shutdown', '0.2'])
    get(`${await command.url()}/?60000`).catch(() => undefined)
    await command.says('working')
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(1)
  })
})
