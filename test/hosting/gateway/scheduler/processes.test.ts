// The rules that hosts at a socket need: threads in a host, and requests that a host gives back.

import { describe, expect, it } from 'vitest'
import { AppTimeoutError } from '../../../../src/errors.ts'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost, FakeRequest } from './fake-hosts.ts'

const sentTo = (host: FakeHost): FakeRequest[] => host.sent.map(({ request }) => request)

/** The host at which `request` is. */
function hostOf(pool: FakePool, request: FakeRequest): FakeHost | undefined {
  return pool.hosts.find((host) => sentTo(host).includes(request))
}

describe('a host with several threads', () => {
  /** The threads begin each request at once, so no request can be taken back. */
  function withSlots(slots: number): FakePool {
    const pool = FakePool.ready({ max: 1, slots })
    for (const host of pool.hosts) host.takeBack = () => false
    return pool
  }

  it('gets as many requests as it has threads', () => {
    const pool = withSlots(2)
    const [host] = pool.hosts as [FakeHost]
    const [first, second, third] = [pool.request(), pool.request(), pool.request()]
    expect(sentTo(host)).toEqual([first, second])
    pool.finish(host)
    expect(sentTo(host)).toEqual([second, third])
  })

  it('fails only the request that takes too long, and ends when the others have ended', () => {
    const pool = withSlots(2)
    const [host] = pool.hosts as [FakeHost]
    const stuck = pool.request()
    pool.pass(600)
    const other = pool.request()
    pool.pass(400)
    expect(pool.inspected).toEqual([host])
    pool.scheduler.hostInspected(host.host, 'the stack', pool.now)
    expect(stuck.error).toBeInstanceOf(AppTimeoutError)
    expect([other.isOver, host.end]).toEqual([false, undefined])

    other.isOver = true
    pool.scheduler.requestDone(host.host, other.id, 1, pool.now)
    expect(host.end).toEqual({ reason: 'timedOut', isIdle: false, sample: 'the stack' })
  })

  it('ends when the other requests take too long too', () => {
    const pool = withSlots(2)
    const [host] = pool.hosts as [FakeHost]
    pool.request()
    pool.pass(600)
    const other = pool.request()
    pool.pass(400)
    pool.scheduler.hostInspected(host.host, 'first', pool.now)
    pool.pass(600)
    pool.scheduler.hostInspected(host.host, 'second', pool.now)
    expect(other.error).toBeInstanceOf(AppTimeoutError)
    expect(host.end).toMatchObject({ reason: 'timedOut', sample: 'second' })
  })

  it('gets no further request after one took too long', () => {
    const pool = withSlots(3)
    const [host] = pool.hosts as [FakeHost]
    pool.request()
    pool.pass(600)
    pool.request()
    pool.pass(400)
    pool.scheduler.hostInspected(host.host, undefined, pool.now)
    const late = pool.request()
    expect(sentTo(host)).not.toContain(late)
  })
})

describe('a request that its host gives back', () => {
  /** Two hosts; the first has learnt that its requests are quick. */
  function quick(): { pool: FakePool; host: FakeHost } {
    const pool = FakePool.ready({ max: 1 })
    const [host] = pool.hosts as [FakeHost]
    pool.request()
    pool.finish(host, 0.01)
    return { pool, host }
  }

  it('goes to another host, before requests that came later', () => {
    const pool = FakePool.ready({ max: 2, min: 2 })
    const [host] = pool.hosts as [FakeHost]
    pool.request()
    pool.finish(host, 0.01)
    pool.request()
    const ahead = pool.request()
    expect(sentTo(host)).toContain(ahead)
    pool.pass(6)
    pool.scheduler.requestGivenBack(host.host, ahead.id, pool.now)
    const other = pool.load(1)
    expect(sentTo(other)).toEqual([ahead])
  })

  it('does not go to the same host while that one is slow', () => {
    const { pool, host } = quick()
    const [slow, ahead] = [pool.request(), pool.request()]
    pool.pass(6)
    host.sent.splice(1)
    pool.scheduler.requestGivenBack(host.host, ahead.id, pool.now)
    expect(hostOf(pool, ahead)).toBeUndefined()
    host.begin()
    expect(host.running).toBe(slow)
    pool.finish(host)
    expect(sentTo(host)).toEqual([ahead])
  })

  it('is dropped if it is over, or unknown', () => {
    const { pool, host } = quick()
    const [, ahead] = [pool.request(), pool.request()]
    pool.pass(6)
    ahead.isOver = true
    pool.scheduler.requestGivenBack(host.host, ahead.id, pool.now)
    pool.scheduler.requestGivenBack(host.host, 99, pool.now)
    expect(pool.scheduler.stats(pool.now).queued).toBe(0)
  })
})
