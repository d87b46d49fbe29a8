import { afterEach, describe, expect, it, vi } from 'vitest'
import { guardedLog } from '../src/guarded-log.ts'
import type { Log } from '../src/contract/log.ts'

const written: string[] = []

afterEach(() => {
  written.length = 0
  vi.restoreAllMocks()
})

function captureStderr(): void {
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
}

function logOf(line: (fields: Record<string, unknown>, message: string) => void): Log {
  return { debug: line, info: line, warn: line, error: line }
}

describe('guardedLog()', () => {
  it('passes lines on', () => {
    const lines: unknown[] = []
    guardedLog(logOf((...line) => void lines.push(line))).info({ a: 1 }, 'hello')
    expect(lines).toEqual([[{ a: 1 }, 'hello']])
  })

  it('reports a log that throws, once', () => {
    captureStderr()
    const log = guardedLog(
      logOf(() => {
        throw new Error('disk full')
      }),
    )
    log.error({ err: new Error('first') }, 'one')
    log.warn({}, 'two')
    expect(written).toEqual([
      expect.stringMatching(/^isthmus: the log of the server fails: Error: disk full/),
    ])
  })

  it('reports a log whose promise is rejected', async () => {
    captureStderr()
    const log = guardedLog(logOf(() => Promise.reject(new Error('gone')) as unknown as undefined))
    log.info({}, 'one')
    await new Promise((resolve) => setImmediate(resolve))
    expect(written).toHaveLength(1)
  })

  it('describes an error that the log cannot take, and reports nothing', () => {
    captureStderr()
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const lines: Array<Record<string, unknown>> = []
    const log = logOf(
      (fields) => void lines.push({ ...fields, text: (fields['err'] as Error).message.length }),
    )
    guardedLog(log).error({ err: proxy, path: '/' }, 'the app failed')
    expect(lines).toMatchObject([{ path: '/', err: { message: '<Revoked Proxy>' } }])
    expect(written).toEqual([])
  })
})
