import { afterEach, expect, it, vi } from 'vitest'
import { makeIdentity } from '../../src/server/identity.ts'

afterEach(() => void vi.useRealTimers())

it('[3a.42] gives the date, and the next date when the second is over', async () => {
  vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 0, 900))
  const identity = makeIdentity('x', true)
  // Another test may have asked for the date a moment ago, before the clock of this test said 2030.
  await vi.waitFor(() => expect(identity.date()).toBe('Tue, 01 Jan 2030 00:00:00 GMT'), 30_000)
  vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 1))
  await vi.waitFor(() => expect(identity.date()).toBe('Tue, 01 Jan 2030 00:00:01 GMT'), 30_000)
})

it('gives a date after another test has faked the timers', async () => {
  vi.useFakeTimers({ now: Date.UTC(2031, 0, 1, 0, 0, 0, 900) })
  const identity = makeIdentity('x', true)
  await vi.waitFor(() => expect(identity.date()).toContain('2031'), 30_000)
  vi.useRealTimers()
  const year = String(new Date().getUTCFullYear())
  await vi.waitFor(() => expect(identity.date()).toContain(year), 30_000)
})

it('leaves out the fields that the options switch off', () => {
  expect(makeIdentity(null, false)).toMatchObject({ server: null })
  expect(makeIdentity(null, false).date()).toBeNull()
})
