// systemd: the socket that it passes, and the news that it gets. A fake manager in Python receives the datagrams.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ServiceManager, takeListenFd, takeServiceManager } from '../../src/cli/service-manager.ts'
import { freePort } from '../raw/free-port.ts'
import { get } from './command.ts'
import type { ChildProcess } from 'node:child_process'

const DEADLINE_MS = 30_000
const HELLO = 'test/fixtures/cli/hello.js'
const SERVE = ['dist/cli/main.js', 'serve', HELLO, '--threads', '0']

// Descriptors that come with a message are closed, as systemd does with the barrier of systemd-notify.
const FAKE = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
  message = s.recv(4096).decode().replace('\\n', ' ').strip()
  if message != 'BARRIER=1': print(message, flush=True)
`

function has(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('takeListenFd()', () => {
  it.each([
    [{ LISTEN_PID: '7', LISTEN_FDS: '1' }, 3],
    [{ LISTEN_PID: '8', LISTEN_FDS: '1' }, null],
    [{ LISTEN_PID: '7', LISTEN_FDS: '0' }, null],
    [{ LISTEN_PID: '7' }, null],
    [{}, null],
  ])('of %j is %s, and removes the variables', (given, fd) => {
    const env: Record<string, string | undefined> = { ...given, HOME: '/' }
    expect(takeListenFd(env, 7, false)).toBe(fd)
    expect(env).toEqual({ HOME: '/' })
  })

  it('refuses several sockets, unless the command line names its place', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:c' }
    expect(() => takeListenFd({ ...env }, 7, false)).toThrow(
      'systemd has passed 3 sockets, and a server takes one: name it, --fd 3 to --fd 5',
    )
    expect(takeListenFd(env, 7, true)).toBe(3)
    expect(env).toEqual({})
  })
})

describe('a service manager', () => {
  it('gets the messages in order, and one that cannot be sent is logged once', async () => {
    const sent: string[] = []
    const warned: string[] = []
    const manager = new ServiceManager(async (assignments) => {
      sent.push(assignments[0] ?? '')
      if (sent.length > 1) throw new Error('gone')
    }, 0)
    const silent = (): void => undefined
    const warn = (_fields: object, message: string): void => void warned.push(message)
    manager.log = { debug: silent, info: silent, warn, error: silent }
    manager.ready()
    manager.reloading()
    manager.stopping()
    await manager.sent()
    expect(sent).toEqual(['READY=1', 'RELOADING=1', 'STOPPING=1'])
    expect(warned).toEqual(['the service manager could not be told the state'])
  })

  it('gets no further sign of life before it has taken the last one', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const sent: string[] = []
    const ends: Array<() => void> = []
    const manager = new ServiceManager((assignments) => {
      sent.push(assignments[0] ?? '')
      return new Promise((resolve) => ends.push(resolve))
    }, 1_000)
    manager.ready()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(sent).toEqual(['READY=1'])
    ends[0]?.()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(sent).toEqual(['READY=1', 'WATCHDOG=1'])
    manager.stopping()
    ends[1]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['READY=1', 'WATCHDOG=1', 'STOPPING=1'])
  })

  it('is not there without NOTIFY_SOCKET; its variables are removed in any case', async () => {
    const env: Record<string, string | undefined> = { WATCHDOG_USEC: '1', WATCHDOG_PID: '7' }
    const manager = takeServiceManager(env, 7)
    expect(env).toEqual({})
    manager.stopping()
    await manager.sent()
  })
})

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

describe.skipIf(!has('systemd-notify'))('isthmus serve under systemd', { timeout: 60_000 }, () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isthmus-notify-'))
  })
  afterEach(() => {
    // Each child leads a group: systemd-socket-activate has the server as its own child.
    children.splice(0).forEach(endGroup)
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['a process', []],
    ['a master', ['--workers', '1']],
  ])(
    '%s tells that it serves, that it is alive, that it reloads, and that it drains',
    async (_who, words) => {
      const port = await freePort()
      const socket = join(folder, 'notify')
      const fake = spawn('python3', ['-c', FAKE, socket], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      })
      children.push(fake)
      const lines = createInterface(fake.stdout)[Symbol.asyncIterator]()
      const next = async (): Promise<string> => String((await lines.next()).value)
      expect(await next()).toBe('bound')
      const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '2000000' }
      const place = ['--port', String(port), '--health-ready', '/ready']
      const server = spawn(process.execPath, [...SERVE, ...place, ...words], {
        env,
        stdio: 'ignore',
        detached: true,
      })
      children.push(server)
      const ended = once(server, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) })
      ended.catch(() => undefined)
      expect(await next()).toBe('READY=1 STATUS=serving')
      expect(await get(`http://127.0.0.1:${port}/ready`)).toBe('ok\n')
      expect(await next()).toBe('WATCHDOG=1')
      server.kill('SIGHUP')
      const after = async (word: string): Promise<string> => {
        const line = await next()
        return line.startsWith(word) ? line : after(word)
      }
      expect(await after('RELOADING')).toMatch(/^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=reloading$/)
      expect(await after('READY')).toBe('READY=1 STATUS=serving')
      server.kill('SIGTERM')
      expect(await after('STOPPING')).toBe('STOPPING=1 STATUS=draining')
      expect(await ended).toEqual([0, null])
    },
  )

  it.skipIf(!has('systemd-socket-activate'))('serves on the socket that it passes', async () => {
    const port = await freePort()
    const child = spawn(
      'systemd-socket-activate',
      ['-l', `127.0.0.1:${port}`, process.execPath, ...SERVE, '--no-access-log'],
      { stdio: ['ignore', 'pipe', 'ignore'], detached: true },
    )
    children.push(child)
    const lines = createInterface(child.stdout)
    const ready = once(lines, 'line', { signal: AbortSignal.timeout(DEADLINE_MS) })
    // The program is started by the first connection.
    const until = performance.now() + DEADLINE_MS
    let body = ''
    while (body === '' && performance.now() < until) {
      body = await get(`http://127.0.0.1:${port}/x`).catch(() => '')
    }
    expect(body).toBe('hello |/x|')
    expect(String(await ready)).toBe(`isthmus listening on http://127.0.0.1:${port}`)
  })
})
