// Quantiles, medians and ratios.

import { describe, expect, it } from 'vitest'
import { acrossRounds, median, medianRatio, quantile } from '../../benchmarks/statistics.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index)

describe('quantile', () => {
  it('is the nearest rank, in any order of the values', () => {
    expect([0.5, 0.99, 1].map((share) => quantile(HUNDRED, share))).toEqual([50, 99, 100])
  })

  it('of one value is that value', () => {
    expect([0, 0.5, 1].map((share) => quantile([7], share))).toEqual([7, 7, 7])
  })

  it('of nothing is an error', () => {
    expect(() => quantile([], 0.5)).toThrow('nothing was measured')
  })
})

describe('acrossRounds', () => {
  it('takes the middle of each number by itself', () => {
    const rounds = [
      { p99Ms: 9, perSecond: 1 },
      { p99Ms: 1, perSecond: 3 },
      { p99Ms: 2, perSecond: 2 },
    ]
    expect(acrossRounds(rounds, median)).toEqual({ p99Ms: 2, perSecond: 2 })
  })

  it('of two rounds is their mean', () => {
    expect(acrossRounds([{ p99Ms: 1 }, { p99Ms: 2 }], median)).toEqual({ p99Ms: 1.5 })
  })
})

describe('medianRatio', () => {
  it('compares within a round, so that a slow round is no difference', () => {
    expect(medianRatio([10, 100, 11], [20, 200, 22])).toBe(0.5)
  })
})
