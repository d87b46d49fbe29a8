import { afterEach, expect, it, vi } from 'vitest'
import { makeIdentity } from '../../src/server/identity.ts'

afterEach(() => void vi.useRealTimers())

it('[3a.42] says the date, and another one when its second is over', async () => {
  vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 0, 900))
  const identity = makeIdentity('x', true)
  // Somebody may have asked a moment ago, when it was not 2030 yet.
  await vi.waitFor(() => expect(identity.date()).toBe('Tue, 01 Jan 2030 00:00:00 GMT'), 5_000)
  vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 1))
  await vi.waitFor(() => expect(identity.date()).toBe('Tue, 01 Jan 2030 00:00:01 GMT'), 5_000)
})

it('goes on when the timers of a test were faked in between', async () => {
  vi.useFakeTimers({ now: Date.UTC(2031, 0, 1, 0, 0, 0, 900) })
  const identity = makeIdentity('x', true)
  await vi.waitFor(() => expect(identity.date()).toContain('2031'), 5_000)
  vi.useRealTimers()
  const year = String(new Date().getUTCFullYear())
  await vi.waitFor(() => expect(identity.date()).toContain(year), 5_000)
})

it('leaves out what is not wanted', () => {
  expect(makeIdentity(null, false)).toMatchObject({ server: null })
  expect(makeIdentity(null, false).date()).toBeNull()
})
