import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pings } from '../../../src/server/websocket/pings.ts'
import type { Pulse } from '../../../src/server/websocket/pings.ts'

const SETTINGS = { pingIntervalMs: 2000, pongTimeoutMs: 1000 }

function recordedPulse(): Pulse & {
  bytesRead: number
  backlog: number
  paused: boolean
  calls: string[]
} {
  const calls: string[] = []
  return {
    bytesRead: 0,
    backlog: 0,
    paused: false,
    calls,
    ping: () => calls.push('ping'),
    expire: () => calls.push('expire'),
  }
}

describe('Pings', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('[3b.49] pings at every interval, also on a busy connection', () => {
    const pulse = recordedPulse()
    new Pings(SETTINGS).watch(pulse)
    for (let at = 0; at < 60; at++) {
      vi.advanceTimersByTime(100)
      pulse.bytesRead += 1
    }
    expect(pulse.calls).toEqual(['ping', 'ping', 'ping'])
  })

  it('[3b.49] expires a peer that answers nothing within the timeout', () => {
    const pulse = recordedPulse()
    new Pings(SETTINGS).watch(pulse)
    vi.advanceTimersByTime(2900)
    expect(pulse.calls).toEqual(['ping'])
    vi.advanceTimersByTime(100)
    expect(pulse.calls).toEqual(['ping', 'expire'])
  })

  it('[3b.49] takes any inbound byte for a sign of life', () => {
    const pulse = recordedPulse()
    new Pings(SETTINGS).watch(pulse)
    vi.advanceTimersByTime(2500)
    pulse.bytesRead = 1
    vi.advanceTimersByTime(2000)
    expect(pulse.calls).toEqual(['ping', 'ping'])
  })

  it('[3b.49] takes a shrinking backlog for a sign of life, and a growing backlog for no sign', () => {
    const slow = recordedPulse()
    const dead = recordedPulse()
    const pings = new Pings(SETTINGS)
    slow.backlog = 1e9
    pings.watch(slow)
    pings.watch(dead)
    for (let at = 0; at < 40; at++) {
      vi.advanceTimersByTime(100)
      slow.backlog -= 1
      dead.backlog += 1
    }
    expect(slow.calls).toEqual(['ping', 'ping'])
    expect(dead.calls).toContain('expire')
  })

  it('[3b.49] does not expire a silent peer while the server does not read from it', () => {
    const pulse = recordedPulse()
    pulse.paused = true
    new Pings(SETTINGS).watch(pulse)
    vi.advanceTimersByTime(60_000)
    expect(pulse.calls).not.toContain('expire')
  })

  it('[3b.49] does not drop peers after a blocked event loop', () => {
    const pulse = recordedPulse()
    new Pings(SETTINGS).watch(pulse)
    vi.advanceTimersByTime(2000)
    vi.setSystemTime(Date.now() + 60_000)
    vi.advanceTimersToNextTimer()
    expect(pulse.calls).toEqual(['ping'])
  })

  it('waits for the whole timeout, even if it is longer than the interval', () => {
    const pulse = recordedPulse()
    new Pings({ pingIntervalMs: 1000, pongTimeoutMs: 5000 }).watch(pulse)
    vi.advanceTimersByTime(5900)
    expect(pulse.calls).not.toContain('expire')
    vi.advanceTimersByTime(200)
    expect(pulse.calls).toContain('expire')
  })

  it('never pings with an interval of 0', () => {
    new Pings({ ...SETTINGS, pingIntervalMs: 0 }).watch(recordedPulse())
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has one timer for all connections, and none without connections', () => {
    const [a, b] = [recordedPulse(), recordedPulse()]
    const pings = new Pings(SETTINGS)
    pings.watch(a)
    pings.watch(b)
    expect(vi.getTimerCount()).toBe(1)
    pings.unwatch(a)
    expect(vi.getTimerCount()).toBe(1)
    pings.unwatch(b)
    expect(vi.getTimerCount()).toBe(0)
  })
})
