// Durations since the start in fixed buckets.

import { describe, expect, it } from 'vitest'
import { DurationTotals } from '../../src/figures/duration-totals.ts'

describe('the totals of durations', () => {
  it('count each duration at its bound and at all above', () => {
    const totals = new DurationTotals()
    for (const ms of [0, 0.4, 1, 1.01, 80, 10_000, 10_001]) totals.record(ms)
    const { count, sumMs, upTo } = totals.report()
    expect(count).toBe(7)
    expect(sumMs).toBeCloseTo(20_083.41)
    expect(upTo.slice(0, 2)).toEqual([
      { ms: 1, count: 3 },
      { ms: 2.5, count: 4 },
    ])
    expect(upTo.find(({ ms }) => ms === 75)?.count).toBe(4)
    expect(upTo.find(({ ms }) => ms === 100)?.count).toBe(5)
    expect(upTo.at(-1)).toEqual({ ms: 10_000, count: 6 })
  })

  it('are 0 before the first one', () => {
    const { count, sumMs, upTo } = new DurationTotals().report()
    expect([count, sumMs, upTo.every((bound) => bound.count === 0)]).toEqual([0, 0, true])
  })
})
