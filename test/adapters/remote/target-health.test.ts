// The health of a target, with a clock in the hand of the test.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TargetHealth } from '../../../src/adapters/remote/target-health.ts'

const SETTINGS = {
  maxFailures: 3,
  downMs: 1_000,
  path: undefined as string | undefined,
  slowStartMs: 2_000,
}

function down(settings: Partial<typeof SETTINGS> = {}): TargetHealth {
  const health = new TargetHealth({ ...SETTINGS, ...settings })
  for (let failure = 0; failure < 3; failure += 1) health.fails(0)
  return health
}

describe('a target', () => {
  it('goes down with the last of its failures in a row', () => {
    const health = new TargetHealth(SETTINGS)
    expect([health.fails(0), health.fails(0), health.succeeds(0)]).toEqual([false, false, false])
    expect([health.fails(0), health.fails(0), health.fails(0)]).toEqual([false, false, true])
    expect(health.state(0)).toBe('down')
    expect(health.takes(999)).toBe(false)
  })

  it('that is down gets one request at a time after downMs', () => {
    const health = down()
    expect(health.takes(1_000)).toBe(true)
    health.begins()
    expect(health.takes(1_000)).toBe(false)
    health.endsUnknown()
    expect(health.takes(1_000)).toBe(true)
    health.begins()
    health.fails(1_000)
    expect([health.takes(1_999), health.takes(2_000)]).toEqual([false, true])
  })

  it('that answers again returns with a small share, which grows to the whole', () => {
    const health = down()
    health.begins()
    expect(health.succeeds(1_000)).toBe(true)
    expect([health.state(1_000), health.share(1_000)]).toEqual(['returning', 0.1])
    expect(health.share(2_000)).toBe(0.5)
    expect([health.share(3_000), health.state(3_000)]).toEqual([1, 'up'])
  })

  it('that fails while it returns is down again at once', () => {
    const health = down()
    health.succeeds(1_000)
    expect(health.fails(1_500)).toBe(true)
    expect(health.state(1_500)).toBe('down')
  })

  it('returns with its whole share if slowStartMs is 0', () => {
    const health = down({ slowStartMs: 0 })
    health.succeeds(1_000)
    expect([health.state(1_000), health.share(1_000)]).toEqual(['up', 1])
  })

  it('with checks gets no request until a check succeeds', () => {
    const health = down({ path: '/healthz' })
    expect(health.takes(1e9)).toBe(false)
    health.succeeds(2_000)
    expect(health.takes(2_000)).toBe(true)
  })

  it('always has a share above 0 and at most 1, and takes requests unless it is down', () => {
    const step = fc.record({ ok: fc.boolean(), after: fc.integer({ min: 0, max: 3_000 }) })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const health = new TargetHealth(SETTINGS)
        let now = 0
        for (const { ok, after } of steps) {
          now += after
          health.begins()
          if (ok) health.succeeds(now)
          else health.fails(now)
          const share = health.share(now)
          expect(share > 0 && share <= 1).toBe(true)
          expect(health.takes(now)).toBe(health.state(now) !== 'down')
        }
      }),
    )
  })
})
