// The time for which a request holds the event loop, from the delays of a timer.

import { createHistogram } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { adviceFor } from '../../../src/cli/bench/advice.ts'
import { heldBy, standstillOf } from '../../../src/cli/bench/standstill.ts'
import type { Measured } from '../../../src/cli/bench/advice.ts'

const REQUESTS = 100

/** The standstill if each of the requests causes these delays, and the machine stops the process now and then. */
function standstill(...delaysMs: number[]): number {
  const histogram = createHistogram()
  for (let request = 0; request < REQUESTS; request += 1) {
    for (const delay of delaysMs) histogram.record(Math.round(delay * 1e6))
  }
  for (let pause = 0; pause < REQUESTS / 10; pause += 1) histogram.record(120e6)
  return standstillOf(histogram, REQUESTS)
}

describe('an app that awaits 30 ms', () => {
  const turning = Array.from({ length: 30 }, () => 1.08)

  it('does not hold the event loop, which turns meanwhile', () => {
    // The ticks of the timer itself, and pauses of the machine, keep the loop busy for 9 ms a request.
    expect(heldBy(9.1, standstill(...turning))).toBeLessThan(0.2)
  })

  it('may stay where it is', () => {
    const measured: Measured = {
      perSecond: 33,
      p50Ms: 30,
      p99Ms: 31,
      cpuMs: 1,
      heldMs: heldBy(9.1, standstill(...turning)),
      longestMs: 120,
      failures: '',
    }
    const place = { path: '/', mount: '/', style: 'events' } as const
    expect(adviceFor({ ...place, inline: measured, threads: measured })).toMatch(
      'leave it on the event loop',
    )
  })
})

describe('an app that blocks', () => {
  it('for 30 ms holds the event loop for this time, with CPU or without', () => {
    expect(heldBy(30.2, standstill(31))).toBeCloseTo(30, 0)
    // It awaits before and after it blocks.
    expect(heldBy(32, standstill(1.1, 1.1, 31, 1.1))).toBeCloseTo(30, 0)
  })

  it.each([1, 2, 3, 5, 10])(
    'shows also in %i requests, of which one delay is not seen',
    (requests) => {
      const histogram = createHistogram()
      for (let seen = Math.max(1, requests - 1); seen > 0; seen -= 1) histogram.record(41e6)
      for (let idle = 0; idle < 2 * requests; idle += 1) histogram.record(1.1e6)
      expect(standstillOf(histogram, requests)).toBeCloseTo(40, 0)
    },
  )

  it('for less than the timer can see has the time for which the loop is busy', () => {
    expect(standstillOf(createHistogram(), REQUESTS)).toBe(0)
    expect(heldBy(0.4, 0)).toBe(0.4)
  })
})
