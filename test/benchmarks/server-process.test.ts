// Servers as benchmarks start them, and their CPU time.

import { describe, expect, it } from 'vitest'
import { parseCpuMs, startServer } from '../../benchmarks/server-process.ts'

const HONEST = "console.log('http://x'); process.stdin.resume()"

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

describe('startServer', () => {
  it('gives the URL that the server prints, and ends it with its stdin', async () => {
    const server = await startServer(node(HONEST), null)
    expect(server.url).toBe('http://x')
    await expect(server.stop()).resolves.toBeUndefined()
  })

  it('ends a server that ignores its stdin', async () => {
    const server = await startServer(node(`${HONEST}; setInterval(() => {}, 1000)`), null)
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
