import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settlesWithin } from '../../src/waiting/settles-within.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('settlesWithin()', () => {
  it('returns true for work that ended in time, and leaves no timer', async () => {
    expect(await settlesWithin(Promise.resolve('done'), 10)).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('returns false after the time is over', async () => {
    const waited = settlesWithin(new Promise(() => undefined), 10)
    await vi.advanceTimersByTimeAsync(10)
    expect(await waited).toBe(false)
  })

  it('rejects as the work does, and leaves no timer', async () => {
    await expect(settlesWithin(Promise.reject(new Error('broken')), 10)).rejects.toThrow('broken')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits on if the time is longer than a timer can run', async () => {
    for (const forever of [Infinity, 2 ** 31]) {
      let settled = false
      const waited = settlesWithin(new Promise(() => undefined), forever).finally(() => {
        settled = true
      })
      await vi.advanceTimersByTimeAsync(86_400_000)
      expect(settled).toBe(false)
      await vi.runAllTimersAsync()
      expect(await waited).toBe(false)
    }
  })
})
