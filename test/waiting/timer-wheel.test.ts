import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Timer, TimerWheel } from '../../src/waiting/timer-wheel.ts'

/** A timer that records the times at which it expires, in ms since the start of the test. */
function recorded(wheel: TimerWheel): { timer: Timer; expired: number[] } {
  const expired: number[] = []
  const startedAt = Date.now()
  return { timer: new Timer(wheel, () => expired.push(Date.now() - startedAt)), expired }
}

describe('a timer of the wheel', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('expires once, never early, and at most two ticks late', () => {
    const wheel = new TimerWheel()
    for (const ms of [0, 1, 99, 100, 101, 5_000, 12_700, 12_800, 12_900, 60_000]) {
      const { timer, expired } = recorded(wheel)
      timer.arm(ms)
      vi.advanceTimersByTime(ms + 200)
      expect(expired).toHaveLength(1)
      expect(expired[0]).toBeGreaterThanOrEqual(ms)
      vi.advanceTimersByTime(30_000)
      expect(expired).toHaveLength(1)
    }
  })

  it('expires at the time that was set last, even if that is earlier', () => {
    const wheel = new TimerWheel()
    const later = recorded(wheel)
    const earlier = recorded(wheel)
    later.timer.arm(1_000)
    later.timer.arm(5_000)
    earlier.timer.arm(5_000)
    earlier.timer.arm(1_000)
    vi.advanceTimersByTime(20_000)
    expect(later.expired).toEqual([5_100])
    expect(earlier.expired).toEqual([1_100])
  })

  it('does not expire once it is disarmed, cancelled, or armed with Infinity', () => {
    const wheel = new TimerWheel()
    const timers = [recorded(wheel), recorded(wheel), recorded(wheel)]
    for (const { timer } of timers) timer.arm(1_000)
    timers[0]?.timer.disarm()
    timers[1]?.timer.cancel()
    timers[2]?.timer.arm(Infinity)
    expect(timers.map(({ timer }) => timer.armed)).toEqual([false, false, false])
    vi.advanceTimersByTime(60_000)
    expect(timers.map(({ expired }) => expired)).toEqual([[], [], []])
  })

  it('may be armed again by its own callback', () => {
    const wheel = new TimerWheel()
    let calls = 0
    const timer = new Timer(wheel, () => {
      calls += 1
      if (calls < 3) timer.arm(0)
    })
    timer.arm(0)
    vi.advanceTimersByTime(1_000)
    expect(calls).toBe(3)
  })

  it('leaves no interval when no timer is armed', () => {
    const wheel = new TimerWheel()
    const { timer } = recorded(wheel)
    timer.arm(1_000)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(2_000)
    expect(vi.getTimerCount()).toBe(0)
    timer.arm(1_000)
    timer.cancel()
    vi.advanceTimersByTime(200)
    expect(vi.getTimerCount()).toBe(0)
  })
})
