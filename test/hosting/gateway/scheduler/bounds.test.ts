// The bounds of a pool when hosts end in bad ways, and when clients leave, without threads.

import { describe, expect, it } from 'vitest'
import { PoolFullError } from '../../../../src/errors.ts'
import { WaitGraph } from '../../../../src/hosting/gateway/scheduler/wait-graph.ts'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost, FakeRequest } from './fake-hosts.ts'

function hostAt(pool: FakePool, index: number): FakeHost {
  return pool.hosts[index] as FakeHost
}

function sentTo(host: FakeHost | undefined): FakeRequest[] {
  return host?.sent.map(({ request }) => request) ?? []
}

function makeQuick(pool: FakePool, host: FakeHost): void {
  pool.request()
  pool.finish(host, 0.1)
}

/** A request begins in the host, and ends it. */
function crashByRequest(pool: FakePool, host: FakeHost): FakeRequest {
  const request = pool.request()
  host.begin()
  pool.crash(host)
  return request
}

describe('a request that ends its host, again and again', () => {
  it('causes no pause: a host that has loaded is replaced at once', () => {
    const pool = FakePool.ready({ max: 1 })
    for (let round = 0; round < 10; round += 1) {
      const request = crashByRequest(pool, hostAt(pool, 0))
      expect(request.error).toBeInstanceOf(Error)
      expect(pool.hosts.length).toBe(1)
      pool.load()
    }
  })

  it('has a spare host beside max, which takes the place at once; it goes after a minute without a crash', () => {
    const pool = FakePool.ready({ max: 1 })
    expect(pool.started).toBe(1)
    crashByRequest(pool, hostAt(pool, 0))
    const second = pool.load()
    pool.pass(1)
    const spare = pool.load(1)
    expect(pool.scheduler.hosts).toMatchObject({ ready: 1, spare: 1 })

    crashByRequest(pool, second)
    const innocent = pool.request()
    expect(sentTo(spare)).toEqual([innocent])
    pool.finish(spare)
    pool.pass(1)
    pool.load(1)
    pool.pass(60_001)
    pool.settle()
    expect(pool.hosts).toEqual([spare])
    expect(pool.scheduler.hosts).toMatchObject({ ready: 1, spare: 0, ending: 0 })
  })

  it('gives the place to the spare host also if that one still loads', () => {
    const pool = FakePool.ready({ max: 1 })
    crashByRequest(pool, hostAt(pool, 0))
    const second = pool.load()
    pool.pass(1)
    const spare = hostAt(pool, 1)
    const started = pool.started
    crashByRequest(pool, second)
    const innocent = pool.request()
    expect(pool.started).toBe(started)
    pool.load(pool.hosts.indexOf(spare))
    expect(sentTo(spare)).toEqual([innocent])
  })
})

describe('a module that loads and then dies', () => {
  it('backs off like one that does not load, and fails the requests that wait', () => {
    const pool = new FakePool({ max: 1 })
    const request = pool.request()
    for (let round = 0; round < 3; round += 1) {
      pool.load()
      pool.crash(hostAt(pool, 0))
    }
    expect(pool.hosts).toEqual([])
    expect(request.error).toBeInstanceOf(Error)
    expect(pool.request().isOver).toBe(true)
    pool.pass(80)
    expect(pool.hosts.length).toBe(1)
  })

  it('has worked if it lived for a second', () => {
    const pool = new FakePool({ max: 1 })
    pool.scheduler.start(pool.now)
    for (let round = 0; round < 10; round += 1) {
      const ready = pool.hosts.find((one) => one.host.phase === 'ready') ?? pool.load()
      pool.now += 1_000
      pool.crash(ready)
      expect(pool.hosts.length).toBeGreaterThan(0)
    }
  })
})

describe('max', () => {
  it('counts hosts that were told to end and are not gone', () => {
    const pool = FakePool.ready({ max: 2, timeoutMs: 100 })
    pool.isStuck = true
    for (let round = 0; round < 20; round += 1) {
      pool.request()
      for (const host of pool.hosts) {
        pool.scheduler.hostLoaded(host.host, false, pool.now)
        host.begin()
      }
      pool.pass(100)
      for (const { host } of pool.inspected.splice(0)) {
        pool.scheduler.hostInspected(host, undefined, pool.now)
      }
    }
    expect(pool.started).toBe(2)
    expect(pool.scheduler.hosts).toMatchObject({ ready: 0, ending: 2 })
    const [first] = pool.requests.filter(({ isOver }) => !isOver)
    pool.isStuck = false
    pool.settle()
    expect(sentTo(pool.load())).toEqual([first])
  })

  it('takes no wait for a deadlock if a host is on its way out', () => {
    const waits = new WaitGraph()
    const left = FakePool.ready({ max: 1, timeoutMs: 100 }, waits)
    const right = FakePool.ready({ max: 1 }, waits)
    const inRight = right.request()
    hostAt(right, 0).begin()
    left.request()
    hostAt(left, 0).begin()
    left.pass(100)
    left.scheduler.hostInspected(hostAt(left, 0).host, undefined, left.now)
    const request = left.request([{ pool: right.scheduler, requestId: inRight.id }])
    expect(request.isOver).toBe(false)
  })
})

describe('the time in the queue', () => {
  it('ends after queueTimeoutMs, with the error of a full pool, and counts as refused', () => {
    const pool = FakePool.ready({ max: 1, queueTimeoutMs: 200 })
    pool.request()
    hostAt(pool, 0).begin()
    const early = pool.request()
    pool.pass(100)
    const late = pool.request()
    pool.pass(100)
    expect(early.error).toBeInstanceOf(PoolFullError)
    expect(String(early.error)).toContain('has waited 200 ms for a host')
    expect(late.isOver).toBe(false)
    expect(pool.scheduler.stats(pool.now)).toMatchObject({ refused: 1, queued: 1 })
    pool.pass(100)
    expect(late.isOver).toBe(true)
  })

  it('goes on for a request that a host had ahead of time', () => {
    const pool = FakePool.ready({ max: 1, queueTimeoutMs: 200 })
    const host = hostAt(pool, 0)
    makeQuick(pool, host)
    pool.request()
    host.begin()
    const second = pool.request()
    pool.pass(150)
    expect(host.sent).toEqual([])
    expect(second.isOver).toBe(false)
    pool.pass(50)
    expect(second.error).toBeInstanceOf(PoolFullError)
  })
})

describe('a request whose client has left', () => {
  it('is not started if it left before it came to the pool', () => {
    const pool = FakePool.ready({ max: 1 })
    const request = pool.request()
    pool.finish(hostAt(pool, 0))
    pool.scheduler.request(request, [], pool.now)
    expect(sentTo(hostAt(pool, 0))).toEqual([])
  })

  it('does not go to another host that has become idle', () => {
    const pool = FakePool.ready({ min: 2 })
    const first = hostAt(pool, 0)
    makeQuick(pool, first)
    const [, stays, leaves] = [pool.request(), pool.request(), pool.request()]
    first.begin()
    leaves?.fail(new Error('the client left'))
    const second = pool.load(1)
    expect(sentTo(second)).toEqual([stays])
  })

  it('does not start a host', () => {
    const pool = FakePool.ready({ max: 2 })
    pool.refuseToStart = new Error('not yet')
    pool.request()
    hostAt(pool, 0).begin()
    const leaves = pool.request()
    leaves.fail(new Error('the client left'))
    pool.refuseToStart = undefined
    pool.pass(10_000)
    expect(pool.started).toBe(1)
  })
})
