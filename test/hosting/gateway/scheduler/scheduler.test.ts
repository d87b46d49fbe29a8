// The rules of the scheduler, one by one, without threads.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  AppTimeoutError,
  PoolFullError,
  UnavailableError,
  WouldDeadlockError,
} from '../../../../src/errors.ts'
import { WaitGraph } from '../../../../src/hosting/gateway/scheduler/wait-graph.ts'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost, FakeRequest } from './fake-hosts.ts'
import type { SchedulerLimits } from '../../../../src/hosting/gateway/scheduler/commands.ts'

const FOLDER = new URL('../../../../src/hosting/gateway/scheduler/', import.meta.url)

function hostAt(pool: FakePool, index: number): FakeHost {
  return pool.hosts[index] as FakeHost
}

function sentTo(host: FakeHost): FakeRequest[] {
  return host.sent.map(({ request }) => request)
}

/** Makes `host` one whose requests count as quick. */
function makeQuick(pool: FakePool, host: FakeHost): void {
  pool.request()
  pool.finish(host, 0.1)
}

describe('the files of the scheduler', () => {
  it('use no module of Node, no clock and no timer', () => {
    for (const name of readdirSync(FOLDER)) {
      const text = readFileSync(new URL(name, FOLDER), 'utf8').replaceAll(/\/\/.*|\/?\*.*/g, '')
      expect(text).not.toMatch(/node:|performance\.|Date\.|set(?:Timeout|Interval|Immediate)/)
      expect(text).not.toMatch(/Worker\b|MessagePort|Promise|await /)
    }
  })
})

describe('the choice of a host', () => {
  it('is the idle one that was busy last', () => {
    const pool = FakePool.ready({ min: 2 })
    const [first, second] = [hostAt(pool, 0), pool.load(1)]
    pool.request()
    pool.request()
    pool.now = 1
    pool.finish(second)
    pool.now = 2
    pool.finish(first)
    const request = pool.request()
    expect(sentTo(first)).toEqual([request])
  })

  it('is a busy one only if its requests are quick, and then the one with the fewest', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = hostAt(pool, 0)
    pool.request()
    pool.request()
    expect(host.sent.length).toBe(1)
    pool.finish(host, 0.1)
    pool.finish(host, 0.1)
    const ahead = [pool.request(), pool.request(), pool.request()]
    expect(sentTo(host)).toEqual(ahead)
  })

  it('gives a quick host at most 32 requests, and two milliseconds of work', () => {
    const pool = FakePool.ready({ max: 1, maxQueue: 100 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    for (let count = 0; count < 50; count += 1) pool.request()
    expect(host.sent.length).toBe(20)

    const quicker = FakePool.ready({ max: 1, maxQueue: 100 })
    const fast = hostAt(quicker, 0)
    quicker.request()
    quicker.finish(fast, 0.01)
    for (let count = 0; count < 50; count += 1) quicker.request()
    expect(fast.sent.length).toBe(32)
  })

  it('is none that loads: the request waits, and the first host that is ready gets it', () => {
    const pool = new FakePool()
    const request = pool.request()
    expect(pool.started).toBe(1)
    expect(sentTo(hostAt(pool, 0))).toEqual([])
    expect(sentTo(pool.load())).toEqual([request])
  })
})

describe('the queue', () => {
  it('hands out requests in their order, and skips those whose client has left', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = hostAt(pool, 0)
    const [first, second, third] = [pool.request(), pool.request(), pool.request()]
    second?.fail(new Error('the client left'))
    expect(pool.finish(host)).toBe(first)
    expect(pool.finish(host)).toBe(third)
  })

  it('refuses the last request when more than maxQueue wait; a host that loads adds one place', () => {
    const pool = FakePool.ready({ max: 1, maxQueue: 1 })
    const [running, waiting, refused] = [pool.request(), pool.request(), pool.request()]
    expect([running.isOver, waiting.isOver]).toEqual([false, false])
    expect(refused.error).toBeInstanceOf(PoolFullError)
    expect(String(refused.error)).toContain('1 requests wait for 1 host,')

    const loading = new FakePool({ max: 1, maxQueue: 1 })
    const answers = [loading.request(), loading.request(), loading.request()]
    expect(answers.map(({ isOver }) => isOver)).toEqual([false, false, true])
  })

  it('lets no request overtake it when a host becomes free without a message', () => {
    const pool = FakePool.ready({ min: 2 })
    const away = hostAt(pool, 0)
    makeQuick(pool, away)
    pool.request()
    const other = pool.load(1)
    // The host has not come to its request within 50 ms, so the request goes to the other host.
    pool.pass(50)
    other.begin()
    const first = pool.request()
    expect(sentTo(away)).toEqual([])
    away.reached += 1
    const second = pool.request()
    expect(sentTo(away)).toEqual([first, second])
  })
})

describe('requests that a host has ahead of time', () => {
  it('go to another host that has become idle', () => {
    const pool = FakePool.ready({ min: 2 })
    const first = hostAt(pool, 0)
    makeQuick(pool, first)
    const [running, moved] = [pool.request(), pool.request()]
    expect(first.begin()).toBe(running)
    const second = pool.load(1)
    expect(sentTo(second)).toEqual([moved])
    expect(sentTo(first)).toEqual([])
  })

  it('are taken back when the current one turns out slow, and keep their order at the front', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    pool.request()
    host.begin()
    const [second, third] = [pool.request(), pool.request()]
    pool.pass(50)
    expect(host.sent).toEqual([])
    const fourth = pool.request()
    expect([pool.finish(host), pool.finish(host)][1]).toBe(second)
    expect(pool.finish(host)).toBe(third)
    expect(pool.finish(host)).toBe(fourth)
  })

  it('stay as long as the next one in turn could begin nowhere else', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    const [next, later] = [pool.request(), pool.request()]
    // The system has not scheduled the host: it has begun none of them.
    pool.pass(50)
    expect(sentTo(host)).toEqual([next])
    expect(later?.isOver).toBe(false)
  })

  it('go on elsewhere when their host crashes; only the running one fails', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    const [running, next] = [pool.request(), pool.request()]
    host.begin()
    const crash = new Error('the heap is full')
    pool.crash(host, crash)
    expect(running?.error).toBe(crash)
    expect(next?.isOver).toBe(false)
    expect(sentTo(pool.load())).toEqual([next])
  })
})

describe('the number of hosts', () => {
  it('grows by the requests that wait, up to max', () => {
    const pool = FakePool.ready({ max: 3 })
    for (let count = 0; count < 10; count += 1) pool.request()
    expect(pool.started).toBe(3)
  })

  it('is min after the first host has loaded, and not before', () => {
    const pool = new FakePool({ min: 2 })
    pool.scheduler.start(0)
    expect(pool.started).toBe(1)
    pool.load()
    expect(pool.started).toBe(2)
  })

  it('falls to min when hosts are idle for idleTimeoutMs', () => {
    const pool = FakePool.ready({ min: 1, max: 2, idleTimeoutMs: 100 })
    pool.request()
    pool.request()
    pool.load(1)
    for (const host of pool.hosts.slice()) pool.finish(host)
    pool.pass(99)
    expect(pool.hosts.length).toBe(2)
    pool.pass(1)
    expect(pool.hosts.length).toBe(1)
    expect(pool.ended[0]?.end).toEqual({ reason: 'idle' })
  })

  it('stays while hosts crash, but after the second crash a pause comes first, twice as long each time', () => {
    const pool = FakePool.ready({ max: 1 })
    const crash = (): void => pool.crash(hostAt(pool, 0))
    crash()
    crash()
    expect(pool.hosts.length).toBe(1)
    crash()
    expect(pool.hosts.length).toBe(0)
    pool.pass(79)
    expect(pool.hosts.length).toBe(0)
    pool.pass(1)
    expect(pool.hosts.length).toBe(1)
    crash()
    pool.pass(159)
    expect(pool.hosts.length).toBe(0)
    pool.pass(1)
    expect(pool.hosts.length).toBe(1)
  })

  it('has no pause again once a request was finished', () => {
    const pool = FakePool.ready({ max: 1 })
    for (let round = 0; round < 5; round += 1) {
      pool.load()
      pool.request()
      pool.finish(hostAt(pool, 0))
      pool.crash(hostAt(pool, 0))
      expect(pool.hosts.length).toBe(1)
    }
  })
})

describe('a host is replaced', () => {
  it('after maxRequests', () => {
    const pool = FakePool.ready({ max: 1, maxRequests: 2 })
    const host = hostAt(pool, 0)
    for (let count = 0; count < 2; count += 1) {
      pool.request()
      pool.finish(host)
    }
    expect(host.end).toEqual({ reason: 'maxRequests' })
    expect(hostAt(pool, 0)).not.toBe(host)
  })

  it('when it is worn: at once if it is idle, else after the current request', () => {
    const pool = FakePool.ready({ max: 1 })
    const idle = hostAt(pool, 0)
    pool.scheduler.hostWorn(idle.host, pool.now)
    expect(idle.end).toEqual({ reason: 'worn' })

    const busy = pool.load()
    pool.request()
    pool.scheduler.hostWorn(busy.host, pool.now)
    expect(busy.end).toBeUndefined()
    pool.finish(busy)
    expect(busy.end).toEqual({ reason: 'worn' })
  })

  it('takes no request while it retires', () => {
    const pool = FakePool.ready({ max: 1, maxRequests: 1 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    expect(host.end).toEqual({ reason: 'maxRequests' })
    const next = pool.request()
    expect(sentTo(host)).toEqual([])
    expect(sentTo(pool.load())).toEqual([next])
  })
})

describe('the time limit', () => {
  it('ends the host of a request that exceeds it, once the shell has looked at the host', () => {
    const pool = FakePool.ready({ max: 1, timeoutMs: 100 })
    const host = hostAt(pool, 0)
    const request = pool.request()
    host.begin()
    pool.pass(99)
    expect(pool.inspected).toEqual([])
    pool.pass(1)
    pool.pass(50)
    expect(pool.inspected).toEqual([host])
    pool.scheduler.hostInspected(host.host, 'at loop', pool.now)
    expect(request.error).toBeInstanceOf(AppTimeoutError)
    expect(host.end).toEqual({ reason: 'timedOut', isIdle: false, sample: 'at loop' })
    pool.settle()
    expect(pool.hosts.length).toBe(1)
  })

  it('has no effect if the request ended during the look', () => {
    const pool = FakePool.ready({ max: 1, timeoutMs: 100 })
    const host = hostAt(pool, 0)
    pool.request()
    host.begin()
    pool.pass(100)
    pool.finish(host)
    pool.scheduler.hostInspected(host.host, undefined, pool.now)
    expect(host.end).toBeUndefined()
  })

  it('ends an idle host that does not pass requests that were taken back', () => {
    const pool = FakePool.ready({ min: 2, timeoutMs: 100 })
    const away = hostAt(pool, 0)
    makeQuick(pool, away)
    const request = pool.request()
    expect(sentTo(away)).toEqual([request])
    const other = pool.load(1)
    pool.pass(50)
    expect(sentTo(other)).toEqual([request])
    pool.finish(other)
    pool.pass(60)
    pool.scheduler.hostInspected(away.host, undefined, pool.now)
    expect(away.end).toEqual({ reason: 'timedOut', isIdle: true, sample: undefined })
  })

  it('for loading is a minute; then the waiting requests fail if no host is there', () => {
    const pool = new FakePool({ max: 1 })
    const request = pool.request()
    pool.pass(59_999)
    expect(request.isOver).toBe(false)
    pool.pass(1)
    expect(String(request.error)).toContain('longer than 60000 ms to load')
    expect(pool.ended[0]?.end?.reason).toBe('loadFailed')
  })
})

describe('an app that does not load', () => {
  it('fails the requests that wait, and those that come later, as long as no host is there', () => {
    const pool = new FakePool({ max: 1 })
    const first = pool.request()
    const error = new Error('no such table')
    for (let count = 0; count < 3; count += 1) {
      pool.scheduler.hostFailedToLoad(hostAt(pool, 0).host, error, pool.now)
      pool.settle()
    }
    expect(first.error).toBe(error)
    expect(pool.loadErrors).toEqual([error, error, error])
    expect(pool.request().error).toBe(error)
  })

  it('is the same as a system that has no host to give', () => {
    const pool = new FakePool({ max: 1 })
    pool.refuseToStart = new Error('out of threads')
    expect(pool.request().error).toBe(pool.refuseToStart)
    pool.refuseToStart = undefined
    pool.pass(80)
    const later = pool.request()
    expect(sentTo(pool.load())).toEqual([later])
  })
})

describe('a request of code that holds a slot', () => {
  it('runs in that slot if it is one of the same pool, even if all hosts are busy', () => {
    const pool = FakePool.ready({ max: 1, maxQueue: 0 })
    const holder = pool.request()
    const host = hostAt(pool, 0)
    host.begin()
    const nested = pool.request([{ pool: pool.scheduler, requestId: holder.id }])
    expect(host.nested).toEqual([{ request: nested, holder: holder.id }])
    expect(host.sent).toEqual([])
  })

  it('fails if the holder is over', () => {
    const pool = FakePool.ready()
    const nested = pool.request([{ pool: pool.scheduler, requestId: 99 }])
    expect(nested.error).toBeInstanceOf(UnavailableError)
  })

  it('fails at once if all slots wait for the pool of the holder', () => {
    const waits = new WaitGraph()
    const [left, right] = [
      FakePool.ready({ max: 1 }, waits),
      FakePool.ready({ max: 1 }, waits),
    ] as const
    const [inLeft, inRight] = [left.request(), right.request()]
    const first = right.request([{ pool: left.scheduler, requestId: inLeft.id }])
    expect(first.isOver).toBe(false)
    const second = left.request([{ pool: right.scheduler, requestId: inRight.id }])
    expect(second.error).toBeInstanceOf(WouldDeadlockError)

    right.scheduler.requestEnded(first)
    const third = left.request([{ pool: right.scheduler, requestId: inRight.id }])
    expect(third.isOver).toBe(false)
  })
})

describe('a nested request that ends after its holder', () => {
  // The message of the holder's end is still on its way when the nested request is sent.
  function lateNested(limits: Partial<SchedulerLimits>): { pool: FakePool; end: () => void } {
    const pool = FakePool.ready({ max: 1, ...limits })
    const host = hostAt(pool, 0)
    const holder = pool.request()
    host.begin()
    const nested = pool.request([{ pool: pool.scheduler, requestId: holder.id }])
    pool.finish(host)
    return { pool, end: () => pool.scheduler.requestDone(host.host, nested.id, 1, pool.now) }
  }

  it('lets a host that retires end, so that another one takes its place', () => {
    const { pool, end } = lateNested({ maxRequests: 1 })
    const waiting = pool.request()
    end()
    expect(pool.ended[0]?.end).toEqual({ reason: 'maxRequests' })
    expect(sentTo(pool.load())).toEqual([waiting])
  })

  it('frees the host for a request that waits', () => {
    const { pool, end } = lateNested({})
    const waiting = pool.request()
    expect(sentTo(hostAt(pool, 0))).toEqual([])
    end()
    expect(sentTo(hostAt(pool, 0))).toEqual([waiting])
  })
})

describe('the process', () => {
  it('is kept while a request waits or a host loads, and released when all are idle', () => {
    const pool = new FakePool({ max: 1 })
    pool.request()
    expect(pool.keepsProcess).toBe(true)
    pool.load()
    pool.pass(1)
    expect(pool.keepsProcess).toBe(true)
    pool.finish(hostAt(pool, 0))
    pool.pass(1)
    expect(pool.keepsProcess).toBe(false)
  })
})

describe('the end of a pool', () => {
  it('fails waiting requests at once, running ones when their host is gone, and later ones', () => {
    const pool = FakePool.ready({ max: 1 })
    const [running, waiting] = [pool.request(), pool.request()]
    const host = hostAt(pool, 0)
    host.begin()
    pool.scheduler.close()
    expect(host.end).toEqual({ reason: 'closed' })
    expect(waiting?.error).toBeInstanceOf(UnavailableError)
    expect(running?.isOver).toBe(false)
    pool.scheduler.hostGone(host.host, undefined, pool.now)
    expect(running?.error).toBeInstanceOf(UnavailableError)
    expect(pool.request().error).toBeInstanceOf(UnavailableError)
    expect(pool.started).toBe(1)
  })
})

describe('the stats', () => {
  it('count requests, waits and runs', () => {
    const pool = FakePool.ready({ max: 1, maxQueue: 1 })
    const host = hostAt(pool, 0)
    pool.request()
    pool.request()
    pool.request()
    const others = { loading: 0, retiring: 0, ending: 0, spare: 0 }
    expect(pool.scheduler.hosts).toEqual({ ready: 1, ...others })
    expect(pool.scheduler.stats(0)).toMatchObject({ inFlight: 1, queued: 1, refused: 1 })
    pool.now = 10
    pool.finish(host, 10)
    pool.now = 20
    pool.finish(host, 10)
    const stats = pool.scheduler.stats(40)
    expect(stats).toMatchObject({ inFlight: 0, queued: 0, completed: 2, crashes: 0, timedOut: 0 })
    expect(stats.utilization).toBe(0.5)
    expect(stats.runMs.mean).toBe(10)
    expect(stats.runMs.p50).toBeGreaterThan(9.3)
    expect(stats.runMs.p99).toBeLessThan(10.7)
    expect(stats.waitMs.mean).toBe(5)
  })

  it('keep the times and the crashes of hosts that are gone', () => {
    const pool = FakePool.ready({ max: 1, timeoutMs: 100 })
    const host = hostAt(pool, 0)
    pool.request()
    host.begin()
    pool.pass(100)
    pool.scheduler.hostInspected(host.host, undefined, pool.now)
    pool.settle()
    pool.crash(hostAt(pool, 0))
    const stats = pool.scheduler.stats(100)
    expect(stats).toMatchObject({ timedOut: 1, crashes: 1, utilization: 1 })
  })

  it('count a request once if it timed out and its host reports its end afterwards', () => {
    const pool = FakePool.ready({ max: 1, timeoutMs: 100 })
    const host = hostAt(pool, 0)
    const request = pool.request()
    host.begin()
    pool.pass(100)
    pool.scheduler.hostInspected(host.host, undefined, pool.now)
    pool.scheduler.requestDone(host.host, request.id, 100, pool.now)
    expect(pool.scheduler.stats(100)).toMatchObject({ timedOut: 1, completed: 0 })
  })
})
