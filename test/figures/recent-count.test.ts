// The rate of the last minute, with a clock of the test.

import { describe, expect, it } from 'vitest'
import { RecentCount } from '../../src/figures/recent-count.ts'

describe('a recent count', () => {
  it('tells the rate since its start, and one second at least', () => {
    const count = new RecentCount(2_000)
    for (let i = 0; i < 30; i += 1) count.add(2_100)
    expect(count.perSecond(2_100)).toBe(30)
    expect(count.perSecond(5_000)).toBe(10)
  })

  it('forgets events that are older than a minute', () => {
    const count = new RecentCount(0)
    for (let i = 0; i < 500; i += 1) count.add(5_000)
    for (let i = 0; i < 50; i += 1) count.add(60_000)
    expect(count.perSecond(60_000)).toBe(1)
    expect(count.perSecond(200_000)).toBe(0)
  })
})
