// The end of the process, and the exit status that tells the reason.

import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Command, get, linesWith } from './command.ts'

const BLOCKED = 'test/fixtures/cli/blocked.js'
const HELLO = 'test/fixtures/cli/hello.js'
const LOOSE_ENDS = 'test/fixtures/cli/loose-ends.js'
const STUCK = 'test/fixtures/cli/stuck.js'
const SLOW = 'test/fixtures/cli/slow.js'

describe('a signal', { timeout: 60_000 }, () => {
  it('drains: requests in flight are answered first', async () => {
    using command = new Command(['serve', SLOW, '--port', '0', '--threads', '1'])
    const answer = get(`${await command.url()}/?700`)
    await command.says('working')
    command.signal('SIGTERM')
    expect(await answer).toBe('in a thread')
    expect((await command.ended()).status).toBe(0)
  })

  it('cuts requests that do not end in time, and the exit status is 1', async () => {
    const words = ['serve', STUCK, '--port', '0', '--timeout-graceful-shutdown', '0.2']
    using command = new Command(words)
    const answer = get(await command.url()).catch((error: unknown) => error)
    await command.says('asked')
    command.signal('SIGINT')
    const { status, stderr } = await command.ended()
    expect([status, await answer]).toEqual([1, expect.any(Error)])
    expect(stderr).toContain('connections were cut')
  })

  it('ends the process at once when a second signal comes', async () => {
    using command = new Command(['serve', STUCK, '--port', '0'])
    get(await command.url()).catch(() => undefined)
    await command.says('asked')
    command.signal('SIGTERM')
    // The same signal within half a second may be an echo of the first.
    await delay(700)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(128 + constants.signals.SIGTERM)
  })

  it('does not end the process at once for an echo of the first signal, as npm sends it', async () => {
    using command = new Command(['serve', SLOW, '--port', '0', '--threads', '1'])
    const answer = get(`${await command.url()}/?700`)
    await command.says('working')
    command.signal('SIGINT')
    command.signal('SIGINT')
    expect(await answer).toBe('in a thread')
    expect((await command.ended()).status).toBe(0)
  })

  it('ends the process at once if the second signal is another one', async () => {
    using command = new Command(['serve', STUCK, '--port', '0'])
    get(await command.url()).catch(() => undefined)
    await command.says('asked')
    command.signal('SIGTERM')
    await command.logs('draining')
    command.signal('SIGINT')
    expect((await command.ended()).status).toBe(128 + constants.signals.SIGINT)
  })

  it('does not wait for a thread that never ends', async () => {
    const words = ['serve', SLOW, '--port', '0', '--threads', '1']
    using command = new Command([...words, '--timeout-graceful-shutdown', '0.2'])
    get(`${await command.url()}/?60000`).catch(() => undefined)
    await command.says('working')
    command.signal('SIGTERM')
    const { status, stderr } = await command.ended()
    expect(status).toBe(1)
    expect(linesWith('a thread ended by itself', stderr)).toEqual([])
    expect(linesWith('GET / - aborted', stderr)).toHaveLength(1)
  })

  it('leaves no thread alive that is inside an uninterruptible call', async () => {
    const words = ['serve', BLOCKED, '--port', '0', '--threads', '1']
    using drained = new Command([...words, '--timeout-graceful-shutdown', '0.1'])
    using forced = new Command([...words, '--lifespan', 'off'])
    for (const command of [drained, forced]) {
      get(await command.url()).catch(() => undefined)
      await command.says('blocked')
      command.signal('SIGTERM')
    }
    await forced.logs('draining')
    forced.signal('SIGINT')
    expect(await drained.ended()).toMatchObject({ status: null, signal: 'SIGKILL' })
    const { signal, stderr } = await forced.ended()
    expect(signal).toBe('SIGKILL')
    expect(linesWith('a thread ended by itself', stderr)).toEqual([])
  })

  it('closes WebSockets, and the access log has the close code', async () => {
    using command = new Command(['serve', 'test/fixtures/cli/echo.ts', '--port', '0'])
    const socket = new WebSocket((await command.url()).replace('http', 'ws'))
    socket.on('open', () => socket.send('x'))
    expect(String(await once(socket, 'message'))).toBe('x,false')
    const closed = once(socket, 'close')
    command.signal('SIGTERM')
    expect(Number((await closed)[0])).toBe(1001)
    const { status, stderr } = await command.ended()
    const says = linesWith('WEBSOCKET', stderr).map(({ msg }) => msg)
    expect([status, says]).toEqual([0, ['WEBSOCKET / 101 accepted', 'WEBSOCKET / closed 1001']])
  })
})

describe('an unhandled error', { timeout: 60_000 }, () => {
  it('is logged and survived if it is a rejection', async () => {
    using command = new Command(['serve', LOOSE_ENDS, '--port', '0'])
    const url = await command.url()
    await get(`${url}/rejection`)
    const logged = await command.logs('without a handler')
    expect(linesWith('a promise was rejected', logged)).toMatchObject([
      { level: 50, err: { message: 'lost' } },
    ])
    expect(await get(url)).toBe('done')
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })

  it('is logged and drains the server if it is an exception, and the exit status is 1', async () => {
    using command = new Command(['serve', LOOSE_ENDS, '--port', '0'])
    await get(`${await command.url()}/exception`)
    const { status, stderr } = await command.ended()
    expect(status).toBe(1)
    expect(linesWith('an exception was thrown', stderr)).toMatchObject([
      { level: 50, err: { message: 'dropped' } },
    ])
  })
})

describe('a closed output', { timeout: 60_000 }, () => {
  it('does not stop the server', async () => {
    using command = new Command(['serve', HELLO, '--port', '0'])
    const url = await command.url()
    command.leaveUnread()
    for (const path of ['/a', '/b', '/c']) expect(await get(url + path)).toBe(`hello |${path}|`)
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })
})
