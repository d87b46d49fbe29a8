import { describe, expect, it } from 'vitest'
import { deferred, harmless, rejected } from '../../src/waiting/deferred.ts'

describe('deferred()', () => {
  it('settles by its functions', async () => {
    const resolved = deferred<number>()
    resolved.resolve(1)
    await expect(resolved.promise).resolves.toBe(1)

    const failed = deferred()
    failed.reject(new Error('boom'))
    await expect(failed.promise).rejects.toThrow('boom')
  })
})

describe('a rejection without a handler', () => {
  it('does not reach the process', async () => {
    const seen: unknown[] = []
    const listener = (error: unknown): void => void seen.push(error)
    process.on('unhandledRejection', listener)
    deferred().reject(new Error('from deferred'))
    void rejected(new Error('from rejected'))
    void harmless(Promise.reject(new Error('from harmless')))
    // Node reports unhandled rejections before the next immediate.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listener)
    expect(seen).toEqual([])
  })

  it('stays a rejection for code that awaits it', async () => {
    await expect(rejected(new Error('boom'))).rejects.toThrow('boom')
    await expect(harmless(Promise.reject(new Error('boom')))).rejects.toThrow('boom')
  })
})
