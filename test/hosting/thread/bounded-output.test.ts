import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { boundOutput } from '../../../src/hosting/thread/bounded-output.ts'
import type { Log } from '../../../src/contract/log.ts'

const MIB = 1024 * 1024
const SERVER = fileURLToPath(new URL('../../fixtures/threads/printing-server.ts', import.meta.url))

describe('the output of a thread', () => {
  it('is dropped and counted while 16 MiB wait, and goes on when they are read', async () => {
    const read: Array<() => void> = []
    const stream = new Writable({ write: (_chunk, _encoding, done) => void read.push(done) })
    const lines: unknown[] = []
    const skip = (): void => undefined
    const warn: Log['warn'] = (fields, message) => void lines.push([fields, message])
    boundOutput(stream, 'stdout', { debug: skip, info: skip, error: skip, warn })

    let called = 0
    for (let count = 0; count < 20; count += 1) stream.write(Buffer.alloc(MIB), () => (called += 1))
    expect(stream.writableLength).toBe(16 * MIB)
    await new Promise((resolve) => setImmediate(resolve))
    expect(called).toBe(4)
    for (let done = read.shift(); done; done = read.shift()) {
      done()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(stream.writableLength).toBe(0)
    expect(stream.write('more')).toBe(true)
    expect(lines).toEqual([
      [{ stream: 'stdout' }, 'the output of a thread is not read: it is dropped'],
      [{ stream: 'stdout', lost: 4 }, 'the output of a thread is read again'],
    ])
  })

  it('does not grow in a process whose output is not read', { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', SERVER], {
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    })
    try {
      const [url] = (await once(child, 'message', { signal: AbortSignal.timeout(30_000) })) as [
        string,
      ]
      const waiting: number[] = []
      for (let count = 0; count < 4; count += 1) {
        const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
        waiting.push(Number(await response.text()))
      }
      expect(Math.max(...waiting)).toBeGreaterThan(9 * MIB)
      expect(Math.max(...waiting)).toBeLessThan(17 * MIB)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
