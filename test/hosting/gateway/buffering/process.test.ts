// The buffers of a server in a process of its own: many slow clients, and a kill.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../behaviour-host.ts'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import type { threads, ThreadOptions } from 'isthmus'

const SERVER = fileURLToPath(
  new URL('../../../fixtures/threads/buffering-server.js', import.meta.url),
)
const MIB = 1024 * 1024

type Stats = ReturnType<ReturnType<typeof threads>['stats']> & { rss: number }

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'buffering-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

interface Child {
  process: ChildProcess
  url: URL
}

async function start(buffering: ThreadOptions['buffering']): Promise<Child> {
  const options = JSON.stringify({ min: 2, max: 2, buffering })
  const child = fork(SERVER, [options], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [url] = (await once(child, 'message', { signal: AbortSignal.timeout(30_000) })) as [string]
  return { process: child, url: new URL(url) }
}

async function ask({ url }: Child, path: string): Promise<string> {
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(30_000) })
  return response.text()
}

async function statsOf(child: Child): Promise<Stats> {
  return JSON.parse(await ask(child, '/stats')) as Stats
}

/** A client that has sent `bytes`, and reads nothing. */
async function slowClient({ url }: Child, bytes: string): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname).pause()
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect', { signal: AbortSignal.timeout(30_000) })
  socket.write(bytes)
  return socket
}

const sending = (sent: number): string =>
  `POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n${'x'.repeat(sent)}`
const reading = (mib: number): string => `GET /blocks?${mib} HTTP/1.1\r\nhost: x\r\n\r\n`

describe('a process', { timeout: 60_000 }, () => {
  it('that is killed leaves no temporary file behind', async () => {
    const child = await start({ directory })
    await slowClient(child, sending(4 * MIB))
    await slowClient(child, reading(32))
    await eventually(async () => {
      const { buffering, completed } = await statsOf(child)
      return completed === 1 && buffering.requests === 1 && buffering.fileBytes > 4 * MIB
    })
    expect(readdirSync(directory)).toEqual([])
    child.process.kill('SIGKILL')
    await once(child.process, 'exit')
    expect(readdirSync(directory)).toEqual([])
  })

  it('has the memory that the buffers are allowed, for 200 slow senders and 200 slow readers', async () => {
    const maxMemoryBytes = 65_536
    const child = await start({
      directory,
      maxRequestMemoryBytes: maxMemoryBytes,
      maxResponseMemoryBytes: maxMemoryBytes,
    })
    for (let round = 0; round < 50; round += 1) await ask(child, '/blocks?8')
    const { rss, completed } = await statsOf(child)
    for (let at = 0; at < 200; at += 1) {
      await slowClient(child, sending(1))
      await slowClient(child, reading(8))
    }
    // Two gigabytes go through two threads.
    await vi.waitFor(async () => expect((await statsOf(child)).completed).toBe(completed + 200), {
      timeout: 40_000,
      interval: 100,
    })
    for (let round = 0; round < 50; round += 1) expect(await ask(child, '/')).toBe('fresh')
    const full = await statsOf(child)
    expect(full).toMatchObject({ inFlight: 0, queued: 0, buffering: { requests: 200 } })
    expect(full.buffering.memoryBytes).toBeLessThanOrEqual(200 + 200 * maxMemoryBytes)
    // The garbage of the transfers goes with the next collections.
    const allowed = 64 * MIB + 400 * maxMemoryBytes
    await eventually(async () => (await statsOf(child)).rss - rss < allowed)
  })
})
