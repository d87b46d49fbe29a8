// Durations in buckets: exact quantiles, also of the durations of several processes together.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countsOf, DurationBuckets } from '../../src/figures/duration-buckets.ts'
import type { BucketCounts } from '../../src/figures/duration-buckets.ts'

const ms = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.nat(2_000_000))

function bucketsOf(durations: readonly number[]): DurationBuckets {
  const buckets = new DurationBuckets()
  for (const duration of durations) buckets.record(duration)
  return buckets
}

function passed(counts: BucketCounts | undefined): BucketCounts {
  return JSON.parse(JSON.stringify(counts)) as BucketCounts
}

describe('durations in buckets', () => {
  it('are all 0 before the first one', () => {
    expect(new DurationBuckets().durations()).toEqual({ mean: 0, p50: 0, p99: 0, max: 0 })
    expect(new DurationBuckets().stats()).toEqual({ mean: 0, p50: 0, p99: 0 })
  })

  it('have quantiles to 0.8 %, and to half a microsecond', () => {
    const property = fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (durations) => {
      const sorted = durations.toSorted((a, b) => a - b)
      const { p50, p99, mean, max } = bucketsOf(durations).durations()
      for (const [share, found] of [[0.5, p50] as const, [0.99, p99] as const]) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1] as number
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.008 + 0.001)
      }
      expect(mean).toBeCloseTo(durations.reduce((sum, one) => sum + one, 0) / durations.length, 5)
      expect(max).toBeCloseTo(sorted.at(-1) as number, 2)
    })
    fc.assert(property, { seed: 7, numRuns: 300 })
  })

  it('take a clock that has gone back, and durations above their bounds', () => {
    const { p50, p99 } = bucketsOf([-1, 1e9, Infinity]).stats()
    expect(bucketsOf([-1]).stats().p50).toBe(0.001)
    expect(p50).toBeGreaterThan(3_590_000)
    expect(p99).toBe(3_600_000)
  })

  it('of several processes give the summary that one process has of all of them', () => {
    const parts = fc.array(fc.array(ms, { maxLength: 60 }), { minLength: 1, maxLength: 4 })
    const property = fc.property(parts, (durations) => {
      const merged = new DurationBuckets()
      for (const part of durations) merged.add(passed(countsOf(bucketsOf(part).durations())))
      const whole = bucketsOf(durations.flat()).durations()
      const found = merged.durations()
      expect([found.p50, found.p99, found.max]).toEqual([whole.p50, whole.p99, whole.max])
      expect(found.mean).toBeCloseTo(whole.mean, 6)
    })
    fc.assert(property, { seed: 8, numRuns: 200 })
  })

  it('show their counts neither in JSON nor in a comparison', () => {
    const summary = bucketsOf([5]).stats()
    expect(JSON.parse(JSON.stringify(summary))).toEqual({ mean: 5, p50: summary.p50, p99: 5 })
    expect(countsOf(summary)?.pairs).toHaveLength(2)
    expect(countsOf({ ...summary })).toBeUndefined()
  })
})
