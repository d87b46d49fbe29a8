import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { makeIdentity } from '../../src/server/identity.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1, 0, 0, 0, 250) }))
afterEach(() => void vi.useRealTimers())

it('[3a.42] says the date of this second, and of the next one from its beginning', () => {
  const identity = makeIdentity('x', true)
  const date = (): string | null => identity.date()
  expect(date()).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  vi.advanceTimersByTime(749)
  expect(date()).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  vi.advanceTimersByTime(1)
  expect(date()).toBe('Tue, 01 Jan 2030 00:00:01 GMT')
  vi.advanceTimersByTime(60_000)
  expect(date()).toBe('Tue, 01 Jan 2030 00:01:01 GMT')
})

it('leaves out what is not wanted', () => {
  expect(makeIdentity(null, false)).toMatchObject({ server: null })
  expect(makeIdentity(null, false).date()).toBeNull()
})
