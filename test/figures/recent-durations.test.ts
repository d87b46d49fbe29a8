// The durations of the last minute, with a clock of the test.

import { describe, expect, it } from 'vitest'
import { RecentDurations } from '../../src/figures/recent-durations.ts'

describe('recent durations', () => {
  it('are all 0 before the first one', () => {
    expect(new RecentDurations().stats()).toEqual({ mean: 0, p50: 0, p99: 0, max: 0 })
  })

  it.each([0.05, 3, 42, 900, 65_000])('tell %d ms to 1 %%', (ms) => {
    const durations = new RecentDurations()
    durations.record(ms)
    for (const value of Object.values(durations.stats())) {
      expect(Math.abs(value - ms) / ms).toBeLessThan(0.01)
    }
  })

  it('tell the median and the slow end of a thousand', () => {
    const durations = new RecentDurations()
    for (let ms = 1; ms <= 1_000; ms += 1) durations.record(ms)
    const { mean, p50, p99, max } = durations.stats()
    expect(Math.abs(mean - 500.5)).toBeLessThan(5)
    expect(Math.abs(p50 - 500)).toBeLessThan(5)
    expect(Math.abs(p99 - 990)).toBeLessThan(10)
    expect(Math.abs(max - 1_000)).toBeLessThan(10)
  })

  it('forget durations that are older than a minute', () => {
    let now = 5_000
    const durations = new RecentDurations(() => now)
    durations.record(1_000)
    now = 58_000
    durations.record(10)
    expect(durations.stats().max).toBeGreaterThan(990)
    now = 61_000
    expect(durations.stats().max).toBeLessThan(11)
    now = 200_000
    expect(durations.stats().max).toBe(0)
  })

  it('take nothing, a negative time and a time without end', () => {
    const durations = new RecentDurations()
    durations.record(0)
    durations.record(-5)
    durations.record(Infinity)
    expect(durations.stats().p50).toBe(0.001)
    expect(durations.stats().max).toBeGreaterThan(3_590_000)
  })
})
