// The numbers that stand for many.

import { describe, expect, it } from 'vitest'
import { medians, quantile } from '../../benchmarks/statistics.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index)

describe('quantile', () => {
  it('is the nearest rank, whatever the order', () => {
    expect([0.5, 0.99, 1].map((share) => quantile(HUNDRED, share))).toEqual([50, 99, 100])
  })

  it('of one value is that value', () => {
    expect([0, 0.5, 1].map((share) => quantile([7], share))).toEqual([7, 7, 7])
  })

  it('of nothing is an error', () => {
    expect(() => quantile([], 0.5)).toThrow('nothing was measured')
  })
})

describe('medians', () => {
  it('takes the middle of each number by itself', () => {
    const rounds = [
      { p99Ms: 9, perSecond: 1 },
      { p99Ms: 1, perSecond: 3 },
      { p99Ms: 2, perSecond: 2 },
    ]
    expect(medians(rounds)).toEqual({ p99Ms: 2, perSecond: 2 })
  })

  it('of two rounds is their mean', () => {
    expect(medians([{ p99Ms: 1 }, { p99Ms: 2 }])).toEqual({ p99Ms: 1.5 })
  })
})
