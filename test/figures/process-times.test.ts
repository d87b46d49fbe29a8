// The judgement of a gap between two moments of the event loop.

import { describe, expect, it } from 'vitest'
import { heldMs } from '../../src/figures/process-times.ts'
import type { ProcessTimes } from '../../src/figures/process-times.ts'

const BEFORE: ProcessTimes = { at: 1_000, idleMs: 500, cpuMs: 300, preemptions: 7 }

function after(parts: Partial<ProcessTimes>): ProcessTimes {
  return { ...BEFORE, at: 1_040, ...parts }
}

describe('a gap', () => {
  it('is held by code that computes', () => {
    expect(heldMs(40, BEFORE, after({ cpuMs: 339 }))).toBe(40)
  })

  it('is held by code that waits for a file or a child process', () => {
    expect(heldMs(40, BEFORE, after({ cpuMs: 301 }))).toBe(40)
  })

  it('is not held while the loop waits for events, also if the system wakes it late', () => {
    expect(heldMs(40, BEFORE, after({ idleMs: 538 }))).toBe(2)
  })

  it('is held for the CPU time alone if the system took the processor away', () => {
    expect(heldMs(40, BEFORE, after({ cpuMs: 310, preemptions: 9 }))).toBe(10)
    expect(heldMs(40, BEFORE, after({ cpuMs: 390, preemptions: 9 }))).toBe(40)
  })

  it('is never longer than itself', () => {
    expect(heldMs(30, BEFORE, after({ cpuMs: 340 }))).toBe(30)
  })
})
