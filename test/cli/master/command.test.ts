// isthmus serve --workers, as a user runs it.

import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { Command, get, linesWith, run } from '../command.ts'
import { listening } from '../listening-socket.ts'

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

/** Waits until so many workers take connections. */
async function crewOf(url: string, size: number): Promise<string[]> {
  return vi.waitFor(async () => {
    const pids = [...(await answers(url, size * 2)).keys()]
    expect(pids).toHaveLength(size)
    return pids
  }, WAIT)
}

// A start costs more than most of these tests, so they share a server.
describe('workers', { timeout: 60_000 }, () => {
  let command: Command
  let url: string

  beforeAll(async () => {
    const words = ['--workers', '2', '--timeout-worker', '3']
    command = new Command(['serve', CREW, ...WORDS, ...words])
    url = await command.url()
  }, 60_000)

  afterAll(() => command[Symbol.dispose]())

  it('share the connections, and have one ready line', async () => {
    await crewOf(url, 2)
    expect([...(await answers(url, 8)).values()]).toEqual([4, 4])
    expect((await command.says('listening')).match(/listening/g)).toHaveLength(1)
  })

  it('are replaced if they crash, and if they get a signal', async () => {
    const [crashed = '', signalled = ''] = await crewOf(url, 2)
    while ((await get(url, { connection: 'close' })) !== signalled);
    await get(`${url}/crash`, { connection: 'close' }).catch(() => undefined)
    process.kill(Number(signalled), 'SIGTERM')
    await endOf([crashed, signalled])
    const pids = await crewOf(url, 2)
    expect(pids.filter((pid) => pid === crashed || pid === signalled)).toEqual([])
    const logged = await command.logs('it has got SIGTERM')
    expect(linesWith('has ended with exit status 7; a new one starts', logged)).toMatchObject([
      { status: 7, signal: null },
    ])
  })

  it('are ended if their event loop stands still, with the stack in the log; the others get the connections', async () => {
    await crewOf(url, 2)
    const cut = get(`${url}/spin`).catch(() => 'cut')
    const logged = await command.logs('stands still for 3 s')
    expect(linesWith('stands still for 3 s', logged)).toMatchObject([
      { worker: expect.any(Number), err: { stack: expect.stringContaining('spinForEver') } },
    ])
    expect(logged).toContain('gets no connection')
    expect(await cut).toBe('cut')
    await crewOf(url, 2)
  })

  it('share their channels', async () => {
    await crewOf(url, 2)
    const place = url.replace('http', 'ws')
    const sockets = [new WebSocket(place), new WebSocket(place)] as const
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

describe('one worker', { timeout: 60_000 }, () => {
  it('is replaced after its requests; others come and go by SIGTTIN and SIGTTOU; all end with a killed master', async () => {
    using command = new Command(['serve', CREW, ...WORDS, '--workers', '1', '--max-requests', '5'])
    const url = await command.url()
    const [[first = ''] = []] = await answers(url, 6)
    await endOf([first])
    expect(await command.logs('is replaced')).toMatch(/it has served \d+ requests/)
    command.signal('SIGTTIN')
    const pids = await crewOf(url, 2)
    command.signal('SIGTTOU')
    await command.logs('the number of workers is 1 now')
    command.signal('SIGKILL')
    await endOf(pids)
    expect(pids).not.toContain(first)
  })
})

describe('a worker whose app loops while it loads', { timeout: 60_000 }, () => {
  it('is ended if the master was killed', async () => {
    const words = ['serve', CREW, ...WORDS, '--workers', '1', '--timeout-worker', '1']
    using command = new Command(words, { CREW_SPINS: '1' })
    const [, pid = ''] = /spins: (\d+)/.exec(await command.says('spins: ')) ?? []
    onTestFinished(() => void (isAlive(pid) && process.kill(Number(pid), 'SIGKILL')))
    command.signal('SIGKILL')
    // The worker holds the pipe, so that its log is complete here.
    const { stderr } = await command.ended()
    expect(linesWith('stands still for 1 s', stderr)).toMatchObject([
      { worker: 1, err: { stack: expect.stringContaining('spinForEver') } },
    ])
    await endOf([pid])
  })
})

describe('a start of workers that fails', { timeout: 60_000 }, () => {
  it('ends the command with one failure, and its exit status', async () => {
    const words = ['serve', CREW, ...WORDS, '--workers', '2', '--lifespan', 'on']
    const failed = await run(words, { CREW_FAILS: '1' })
    expect([failed.status, failed.stderr.match(/^isthmus: /gm)]).toEqual([1, ['isthmus: ']])
    expect(failed.stderr).toContain('the crew is on strike')
    const missing = await run(['serve', 'none.js', ...WORDS, '--workers', '1'])
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('no such file')])
  })

  it('does not begin in a worker of node:cluster: an app that starts a cluster would start masters without an end', async () => {
    // Node makes a process with this variable a worker.
    const env = { NODE_UNIQUE_ID: '1' }
    const { status, stderr } = await run(['serve', CREW, ...WORDS, '--workers', '1'], env)
    expect([status, stderr]).toEqual([2, expect.stringContaining('in a worker of node:cluster')])
  })

  it('says which port is in use, and leaves no worker', async () => {
    const { server, port } = await listening()
    onTestFinished(() => void server.close())
    const words = ['serve', CREW, '--port', String(port), '--workers', '1']
    const { status, stdout, stderr } = await run(words, { CREW_SAYS: '1' })
    expect([status, stderr]).toEqual([1, expect.stringContaining('is in use')])
    expect(stdout).toBe('shut down\n')
  })
})

describe('SIGHUP to a master', { timeout: 60_000 }, () => {
  it('brings new code with no failed request, and tells long connections; broken code changes nothing', async () => {
    const file = appFile()
    using command = new Command(['serve', file, ...WORDS, '--workers', '2'], { CREW_SAYS: '1' })
    const url = await command.url()
    const old = await crewOf(url, 2)
    const socket = new WebSocket(url.replace('http', 'ws'))
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const slow = get(`${url}/slow`, { connection: 'close' })

    writeFileSync(file, readFileSync(file, 'utf8').replace('String(process.pid)', '"new"'))
    command.signal('SIGHUP')
    await command.logs('"reloaded"')
    expect([...(await answers(url, 4)).keys()]).toEqual(['new'])
    expect(old).toContain(await slow)
    expect(Number((await closed)[0])).toBe(1001)
    await endOf(old)

    writeFileSync(file, 'export default nothing\n')
    command.signal('SIGHUP')
    const logged = await command.logs('the old workers stay')
    expect(linesWith('the old workers stay', logged)).toMatchObject([
      { msg: expect.stringContaining('nothing is not defined') },
    ])
    const last = get(`${url}/slow`, { connection: 'close' })
    expect([...(await answers(url, 4)).keys()]).toEqual(['new'])
    command.signal('SIGTERM')
    expect(await last).toBe('new')
    const { status, stdout } = await command.ended()
    expect([status, stdout.match(/shut down/g)?.length]).toEqual([0, 4])
  })
})
