// isthmus serve --workers, as a user runs it.

import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { Command, get, linesWith, run } from '../command.ts'

const CREW = 'test/fixtures/cli/crew.js'
const WORDS = ['--port', '0', '--no-access-log']
const WAIT = { timeout: 20_000, interval: 50 }

/** Each process that has answered, with the number of its answers. */
async function answers(url: string, count: number): Promise<Map<string, number>> {
  const pids = new Map<string, number>()
  for (let number = 0; number < count; number += 1) {
    const pid = await get(url, { connection: 'close' })
    pids.set(pid, (pids.get(pid) ?? 0) + 1)
  }
  return pids
}

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0)
    return true
  } catch {
    return false
  }
}

/** Waits until none of the processes is there any more. */
async function endOf(processes: Iterable<string>): Promise<void> {
  const pids = [...processes]
  await vi.waitUntil(() => !pids.some(isAlive), WAIT)
}

function appFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-crew-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'app.mjs')
  copyFileSync(CREW, file)
  return file
}

describe('workers', { timeout: 60_000 }, () => {
  it('share the connections, have one ready line, and drain with their master', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '2'], { CREW_SAYS: '1' })
    const url = await command.url()
    const pids = await answers(url, 8)
    expect([...pids.values()]).toEqual([4, 4])
    const slow = get(`${url}/slow`)
    await vi.waitFor(async () => expect(await get(url)).toBeTruthy(), WAIT)
    command.signal('SIGTERM')
    expect([...pids.keys()]).toContain(await slow)
    const { status, stdout } = await command.ended()
    expect([status, stdout.match(/listening/g)?.length]).toEqual([0, 1])
    expect(stdout.match(/shut down/g)).toHaveLength(2)
    await endOf(pids.keys())
  })

  it('are replaced if they crash, or get a signal; others come and go by SIGTTIN and SIGTTOU', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '2'])
    const url = await command.url()
    const [crashed = '', signalled = ''] = (await answers(url, 2)).keys()
    await get(`${url}/crash`, { connection: 'close' }).catch(() => undefined)
    process.kill(Number(signalled), 'SIGTERM')
    await endOf([crashed, signalled])
    await vi.waitFor(async () => expect((await answers(url, 4)).size).toBe(2), WAIT)

    command.signal('SIGTTIN')
    await vi.waitFor(async () => expect((await answers(url, 6)).size).toBe(3), WAIT)
    command.signal('SIGTTOU')
    await vi.waitFor(async () => expect((await answers(url, 6)).size).toBe(2), WAIT)
    command.signal('SIGINT')
    const { status, stderr } = await command.ended()
    expect([status, linesWith('a new one starts', stderr)]).toMatchObject([
      0,
      [{ status: 7, signal: null, crashes: 1 }],
    ])
    expect(linesWith('it has got SIGTERM', stderr)).toHaveLength(1)
  })

  it('end if their master is killed', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '2'])
    const pids = [...(await answers(await command.url(), 2)).keys()]
    expect(pids.filter(isAlive)).toHaveLength(2)
    command.signal('SIGKILL')
    await endOf(pids)
  })

  it('share their channels', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '2'])
    const url = (await command.url()).replace('http', 'ws')
    const sockets = [new WebSocket(url), new WebSocket(url)] as const
    const texts = sockets.map(async (socket) => {
      await once(socket, 'open')
      return String((await once(socket, 'message'))[0])
    })
    await Promise.all(sockets.map((socket) => once(socket, 'open')))
    sockets[0].send('hello')
    const [own = '', other] = await Promise.all(texts)
    expect(own).toMatch(/^\d+ hello$/)
    expect(other).toBe(own)
    for (const socket of sockets) socket.terminate()
  })
})

describe('a start of workers that fails', { timeout: 60_000 }, () => {
  it('ends the command with one failure, and its exit status', async () => {
    const words = ['serve', CREW, ...WORDS, '--workers', '3', '--lifespan', 'on']
    const [failed, missing] = await Promise.all([
      run(words, { CREW_FAILS: '1' }),
      run(['serve', 'none.js', ...WORDS, '--workers', '2']),
    ])
    expect([failed.status, failed.stderr.match(/^isthmus: /gm)]).toEqual([1, ['isthmus: ']])
    expect(failed.stderr).toContain('the crew is on strike')
    expect([missing.status, missing.stderr.match(/^isthmus: .*no such file/gm)?.length]).toEqual([
      2, 1,
    ])
  })

  it('says which port is in use, and leaves no worker', async () => {
    using first = new Command(['serve', CREW, ...WORDS, '--workers', '1'])
    const { port } = new URL(await first.url())
    const second = await run(['serve', CREW, '--port', port, '--workers', '1'])
    expect([second.status, second.stderr]).toEqual([1, expect.stringContaining('is in use')])
  })
})

describe('SIGHUP to a master', { timeout: 60_000 }, () => {
  it('brings new code with no failed request, and tells long connections; broken code changes nothing', async () => {
    const file = appFile()
    using command = new Command(['serve', file, ...WORDS, '--workers', '2'])
    const url = await command.url()
    const old = await answers(url, 2)
    const socket = new WebSocket(url.replace('http', 'ws'))
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const slow = get(`${url}/slow`)

    writeFileSync(file, readFileSync(file, 'utf8').replace('String(process.pid)', '"new"'))
    command.signal('SIGHUP')
    await command.logs('"reloaded"')
    expect([...(await answers(url, 4)).keys()]).toEqual(['new'])
    expect(old.has(await slow)).toBe(true)
    expect(Number((await closed)[0])).toBe(1001)
    await endOf(old.keys())

    writeFileSync(file, 'export default nothing\n')
    command.signal('SIGHUP')
    const logged = await command.logs('the old workers stay')
    expect(linesWith('the old workers stay', logged)).toMatchObject([
      { msg: expect.stringContaining('nothing is not defined') },
    ])
    expect([...(await answers(url, 4)).keys()]).toEqual(['new'])
  })
})

describe('the limits of a worker', { timeout: 60_000 }, () => {
  it('end a worker whose event loop stands still, with its stack in the log; the others get its connections', async () => {
    const words = ['--workers', '2', '--timeout-worker', '4']
    using command = new Command(['serve', CREW, ...WORDS, ...words])
    const url = await command.url()
    const cut = get(`${url}/spin`).catch(() => 'cut')
    await command.logs('gets no connection')
    expect([...(await answers(url, 4)).values()]).toEqual([4])
    const logged = await command.logs('a new one starts')
    expect(linesWith('stands still for 4 s', logged)).toMatchObject([
      { worker: expect.any(Number), err: { stack: expect.stringContaining('spinForEver') } },
    ])
    expect(await cut).toBe('cut')
  })

  it('replace a worker after its requests, with no failed request', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '1', '--max-requests', '5'])
    const url = await command.url()
    const [[first = ''] = []] = await answers(url, 6)
    await vi.waitFor(async () => expect(await get(url)).not.toBe(first), WAIT)
    await endOf([first])
    expect(await command.logs('is replaced')).toMatch(/it has served \d+ requests/)
  })
})
