// Hosts that run requests side by side: room, standstill, replacement.

import { describe, expect, it } from 'vitest'
import { AppTimeoutError, UnavailableError } from '../../../../src/errors.ts'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost, FakeRequest } from './fake-hosts.ts'
import type { SchedulerLimits } from '../../../../src/hosting/gateway/scheduler/commands.ts'

function ready(limits: Partial<SchedulerLimits> = {}): { pool: FakePool; host: FakeHost } {
  const pool = new FakePool({ max: 1, ...limits })
  pool.isSideBySide = true
  pool.scheduler.start(pool.now)
  return { pool, host: pool.load() }
}

const sentTo = (host: FakeHost): FakeRequest[] => host.sent.map(({ request }) => request)

/** The host begins all requests that it was sent. */
function beginAll(host: FakeHost): FakeRequest[] {
  const begun = sentTo(host)
  host.reached += host.sent.length
  host.sent.length = 0
  return begun
}

function finish(pool: FakePool, host: FakeHost, request: FakeRequest): void {
  request.isOver = true
  pool.scheduler.requestDone(host.host, request.id, 1, pool.now)
  pool.settle()
}

describe('a host that runs requests side by side', () => {
  it('gets requests up to its concurrency; the next one waits for the end of one', () => {
    const { pool, host } = ready({ concurrency: 2 })
    const [first, second, third] = [pool.request(), pool.request(), pool.request()]
    expect(sentTo(host)).toEqual([first, second])
    beginAll(host)
    finish(pool, host, second)
    expect(sentTo(host)).toEqual([third])
  })

  it('gets a request in the place of one that waits for its client', () => {
    const { pool, host } = ready({ concurrency: 1 })
    const slow = pool.request()
    beginAll(host)
    const next = pool.request()
    expect(sentTo(host)).toEqual([])
    slow.waitsForClient = true
    pool.pass(50)
    expect(sentTo(host)).toEqual([next])
  })

  it('shares the load with the others', () => {
    const { pool, host } = ready({ min: 2, max: 2 })
    const other = pool.load(1)
    for (let count = 0; count < 4; count += 1) pool.request()
    expect([host.sent.length, other.sent.length]).toEqual([2, 2])
  })

  it('gets no request while its event loop stands still, and gets them when it turns', () => {
    const { pool, host } = ready()
    pool.request()
    beginAll(host)
    host.ask(pool.now)
    pool.now += 10
    const waiting = pool.request()
    expect(sentTo(host)).toEqual([])
    host.askedAt = undefined
    pool.pass(50)
    expect(sentTo(host)).toEqual([waiting])
  })

  it('loses requests that it has not begun to another host when it stands still', () => {
    const { pool, host } = ready({ max: 2 })
    const [begun] = [pool.request()]
    beginAll(host)
    const [second, third] = [pool.request(), pool.request()]
    host.ask(pool.now)
    pool.pass(10)
    const other = pool.load(1)
    expect(sentTo(other)).toEqual([second, third])
    expect(begun?.error).toBeUndefined()
  })

  it('is asked whether its event loop turns as long as it has a request', () => {
    const { pool, host } = ready()
    pool.pass(50)
    expect(host.askedAt).toBeUndefined()
    pool.request()
    pool.pass(50)
    expect(host.askedAt).toBe(pool.now)
  })

  it('is ended when it stands still for longer than the limit: its requests fail with 504', () => {
    const { pool, host } = ready({ timeoutMs: 1_000 })
    const request = pool.request()
    beginAll(host)
    host.ask(pool.now)
    pool.pass(1_000)
    expect(pool.inspected).toEqual([host])
    pool.scheduler.hostInspected(host.host, 'at loop', pool.now)
    expect(host.end).toEqual({ reason: 'timedOut', isIdle: false, sample: 'at loop' })
    expect(request.error).toBeInstanceOf(AppTimeoutError)
  })

  it('is not ended if it has turned meanwhile, and may be inspected again', () => {
    const { pool, host } = ready({ timeoutMs: 1_000 })
    pool.request()
    beginAll(host)
    host.ask(pool.now)
    pool.pass(1_000)
    host.askedAt = undefined
    pool.scheduler.hostInspected(host.host, 'at loop', pool.now)
    expect(host.end).toBeUndefined()
    host.ask(pool.now)
    pool.pass(1_000)
    expect(pool.inspected).toEqual([host, host])
  })

  it('has no limit for a request whose event loop turns', () => {
    const { pool, host } = ready({ timeoutMs: 1_000 })
    const request = pool.request()
    beginAll(host)
    for (let count = 0; count < 100; count += 1) {
      pool.pass(50)
      host.askedAt = undefined
    }
    expect([host.end, request.error, pool.inspected]).toEqual([undefined, undefined, []])
  })

  it('is replaced after `maxRequests` while its last requests run, and these are told', () => {
    const { pool, host } = ready({ maxRequests: 1 })
    const [long, short] = [pool.request(), pool.request()]
    beginAll(host)
    finish(pool, host, short)
    expect([long.warnings, host.end]).toEqual([1, undefined])
    const next = pool.request()
    const other = pool.load(1)
    expect(sentTo(other)).toEqual([next])
    finish(pool, host, long)
    expect(host.end).toEqual({ reason: 'maxRequests' })
  })

  it('is replaced one after the other', () => {
    const { pool, host } = ready({ maxRequests: 1 })
    const [, short] = [pool.request(), pool.request()]
    beginAll(host)
    finish(pool, host, short)
    pool.request()
    const other = pool.load(1)
    const [begun] = beginAll(other)
    pool.request()
    beginAll(other)
    finish(pool, other, begun as FakeRequest)
    expect(other.host.phase).toBe('ready')
  })

  it('ends after the time limit if its last requests do not', () => {
    const { pool, host } = ready({ maxRequests: 1, timeoutMs: 1_000 })
    const [long, short] = [pool.request(), pool.request()]
    beginAll(host)
    finish(pool, host, short)
    for (let count = 0; count < 20; count += 1) {
      pool.pass(50)
      host.askedAt = undefined
    }
    expect(long.error).toBeInstanceOf(UnavailableError)
    expect(host.end).toEqual({ reason: 'maxRequests' })
  })

  it('counts as busy from its first request to its last', () => {
    const { pool, host } = ready()
    const [first, second] = [pool.request(), pool.request()]
    beginAll(host)
    pool.now += 10
    finish(pool, host, first)
    pool.now += 10
    finish(pool, host, second)
    pool.now += 20
    expect(pool.scheduler.stats(pool.now).utilization).toBe(0.5)
  })
})
