// Hosts that WebSockets of sync apps hold, without threads.

import { describe, expect, it } from 'vitest'
import { AppTimeoutError, PoolFullError, UnavailableError } from '../../../../src/errors.ts'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost } from './fake-hosts.ts'

/** A pool whose only host runs a WebSocket. */
function heldPool(limits = {}): { pool: FakePool; host: FakeHost } {
  const pool = FakePool.ready({ max: 1, maxWebSockets: 1, ...limits })
  const host = pool.hosts[0] as FakeHost
  pool.hold()
  host.begin()
  return { pool, host }
}

/** The shell has looked where the host is. */
function inspect(pool: FakePool, host: FakeHost): void {
  pool.scheduler.hostInspected(host.host, undefined, pool.now)
}

describe('a host that a WebSocket holds', () => {
  it('gets no request ahead of time, however quick its requests are', () => {
    const pool = FakePool.ready({ max: 1 })
    const host = pool.hosts[0] as FakeHost
    pool.request()
    pool.finish(host, 0.01)
    pool.hold()
    pool.request()
    expect([host.sent.length, pool.scheduler.stats(pool.now).queued]).toEqual([1, 1])
    pool.finish(host)
    expect(host.sent.length).toBe(1)
  })

  it('is not ended while the socket waits for its client', () => {
    const { pool, host } = heldPool()
    host.steps = 1
    for (let tick = 0; tick < 100; tick += 1) pool.pass(100)
    expect(pool.inspected).toEqual([])
  })

  it('is not ended while the socket makes calls', () => {
    const { pool, host } = heldPool()
    for (let tick = 0; tick < 100; tick += 1) {
      host.steps += 2
      pool.pass(900)
    }
    expect(pool.inspected).toEqual([])
  })

  it('is ended when the time since the last call is over, as after a wait', () => {
    const { pool, host } = heldPool()
    host.steps = 1
    pool.pass(5_000)
    host.steps = 2
    pool.pass(50)
    pool.pass(999)
    expect(pool.inspected).toEqual([])
    pool.pass(1)
    expect(pool.inspected).toEqual([host])
    inspect(pool, host)
    expect(host.end).toMatchObject({ reason: 'timedOut' })
    expect(pool.requests[0]?.error).toBeInstanceOf(AppTimeoutError)
  })

  it('stays if the socket has gone on while the shell has looked', () => {
    const { pool, host } = heldPool()
    pool.pass(1_000)
    expect(pool.inspected).toEqual([host])
    host.steps = 2
    inspect(pool, host)
    expect(host.end).toBeUndefined()
  })

  it('gives a request its whole time after the socket', () => {
    const { pool, host } = heldPool()
    host.steps = 1
    pool.pass(5_000)
    host.steps = 2
    pool.finish(host)
    pool.pass(50)
    pool.request()
    host.begin()
    pool.pass(999)
    expect(pool.inspected).toEqual([])
    pool.pass(1)
    expect(pool.inspected).toEqual([host])
  })

  it('warns the socket at a reload, and is replaced when it ends, or after timeoutMs', () => {
    for (const ends of [true, false]) {
      const { pool, host } = heldPool()
      pool.scheduler.population.reload()
      pool.pass(1)
      pool.load(1)
      host.steps = 1
      pool.pass(1)
      expect(pool.requests[0]?.warnings).toBe(1)
      if (ends) pool.finish(host)
      else pool.pass(1_000)
      expect(host.end).toBeDefined()
      if (!ends) expect(pool.requests[0]?.error).toBeInstanceOf(UnavailableError)
    }
  })
})

describe('the bound of held hosts', () => {
  it('refuses further WebSockets, and no requests', () => {
    const { pool } = heldPool({ max: 3, maxWebSockets: 2 })
    pool.hold()
    const refused = pool.hold()
    expect(refused.error).toBeInstanceOf(PoolFullError)
    expect(String(refused.error)).toContain('WebSockets hold 2 hosts, as many as maxWebSockets')
    expect(pool.request().error).toBeUndefined()
    expect(pool.scheduler.stats(pool.now)).toMatchObject({ webSockets: 2, refused: 1 })
  })

  it('lets one wait for the place of a socket whose client has left', () => {
    const { pool, host } = heldPool()
    const [first] = pool.requests
    if (first) first.isEnding = true
    const next = pool.hold()
    expect(next.error).toBeUndefined()
    expect(pool.hold().error).toBeInstanceOf(PoolFullError)
    pool.finish(host)
    expect(host.begin()).toBe(next)
    expect(pool.scheduler.stats(pool.now).webSockets).toBe(1)
  })
})
