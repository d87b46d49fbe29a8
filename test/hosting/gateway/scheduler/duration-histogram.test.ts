import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DurationHistogram } from '../../../../src/hosting/gateway/scheduler/duration-histogram.ts'

describe('a histogram of durations', () => {
  it('is zero when it is empty', () => {
    expect(new DurationHistogram().stats()).toEqual({ mean: 0, p50: 0, p99: 0 })
  })

  it('finds quantiles to about 6 %, and to half a microsecond', () => {
    const ms = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.nat(2_000_000))
    const property = fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (durations) => {
      const histogram = new DurationHistogram()
      for (const duration of durations) histogram.record(duration)
      const sorted = durations.toSorted((a, b) => a - b)
      const { p50, p99, mean } = histogram.stats()
      for (const [share, found] of [[0.5, p50] as const, [0.99, p99] as const]) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1] as number
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.0667 + 0.001)
      }
      expect(mean).toBeCloseTo(durations.reduce((sum, one) => sum + one, 0) / durations.length, 5)
    })
    fc.assert(property, { seed: 7, numRuns: 300 })
  })

  it('takes a clock that has gone back, and durations above its bounds', () => {
    const histogram = new DurationHistogram()
    histogram.record(-1)
    histogram.record(1e9)
    const { p50, p99 } = histogram.stats()
    expect(p50).toBeLessThan(0.001)
    expect(p99).toBeGreaterThan(2_000_000)
  })
})
