// Servers as benchmarks start them, and their CPU time.

import { describe, expect, it } from 'vitest'
import { cpuMs, parseCpuMs } from '../../benchmarks/cpu-time.ts'
import { startServer } from '../../benchmarks/server-process.ts'

const HONEST = "console.log('ready on http://x:1'); process.stdin.resume()"

function node(script: string): string[] {
  return [process.execPath, '--eval', script]
}

describe('parseCpuMs', () => {
  it('adds user and system time', () => {
    const stat = '4711 (node) S 1 4711 1 34816 4711 4194304 900 0 0 0 123 45 6 7 20 0 11 0 8 9 10'
    expect(parseCpuMs(stat)).toBe(1_680)
  })

  it('is not misled by the name of the process', () => {
    const stat = '4711 (a) b (c) S 1 4711 1 34816 4711 4194304 900 0 0 0 1 2 6 7 20 0 11 0 8 9 10'
    expect(parseCpuMs(stat)).toBe(30)
  })
})

describe.runIf(process.platform === 'linux')('cpuMs', () => {
  it('counts the CPU time of a process', () => {
    const before = cpuMs(process.pid) ?? NaN
    const used = process.cpuUsage()
    const isDone = (): boolean => process.cpuUsage(used).user > 100_000
    while (!isDone());
    // Kernels that count in ticks of 10 ms may leave two of them out.
    expect((cpuMs(process.pid) ?? NaN) - before).toBeGreaterThan(70)
  })

  it('of no process is undefined', () => {
    expect(cpuMs(2 ** 30)).toBeUndefined()
  })
})

describe('startServer', () => {
  it('gives the URL in the line that the server prints, and how long that took', async () => {
    const server = await startServer(node(HONEST), null)
    expect(server.url).toBe('http://x:1')
    expect(server.readyMs).toBeGreaterThan(0)
    await expect(server.stop()).resolves.toBeUndefined()
  })

  it('ends a server that ignores its stdin and its signal', async () => {
    const stubborn = `process.on('SIGTERM', () => {}); ${HONEST}; setInterval(() => {}, 1000)`
    const server = await startServer(node(stubborn), null)
    await expect(server.stop()).resolves.toBeUndefined()
  })

  it('says so when the server ends before it listens', async () => {
    await expect(startServer(node('process.exit(3)'), null)).rejects.toThrow(
      'ended before it listened',
    )
  })

  it('says so when there is no such command', async () => {
    await expect(startServer(['/does/not/exist'], null)).rejects.toThrow('ENOENT')
  })
})
