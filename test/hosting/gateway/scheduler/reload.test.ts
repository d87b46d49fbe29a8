// A reload: every host is replaced by one that has loaded the app anew.

import { describe, expect, it } from 'vitest'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost } from './fake-hosts.ts'
import type { SchedulerLimits } from '../../../../src/hosting/gateway/scheduler/commands.ts'

const ROUNDS = 20

/** A pool whose two hosts have loaded the app. */
function pair(limits: Partial<SchedulerLimits> = {}): FakePool {
  const pool = FakePool.ready({ min: 2, ...limits })
  pool.load(1)
  return pool
}

function loading(pool: FakePool): FakeHost | undefined {
  return pool.hosts.find(({ host }) => host.phase === 'loading')
}

/** Time passes and hosts load, until all are replaced. */
function goOn(pool: FakePool): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    pool.pass(50)
    const host = loading(pool)
    if (host) pool.load(pool.hosts.indexOf(host))
  }
  pool.settle()
}

function ready(pool: FakePool): FakeHost[] {
  return pool.hosts.filter(({ host }) => host.phase === 'ready')
}

describe('a reload', () => {
  it('replaces one host after the other, when a new one has loaded the app', () => {
    const pool = pair()
    const [first, second] = ready(pool)
    pool.scheduler.population.reload()
    pool.pass(50)
    expect([pool.hosts.length, pool.ended]).toEqual([3, []])
    pool.pass(50)
    expect([pool.started, pool.ended]).toEqual([3, []])
    pool.load(2)
    pool.pass(50)
    expect(pool.ended).toEqual([first])
    expect(first?.end).toEqual({ reason: 'reload' })
    goOn(pool)
    expect([pool.ended, pool.scheduler.population.isReloading]).toEqual([[first, second], false])
    expect([ready(pool).length, pool.started]).toEqual([2, 4])
  })

  it('lets a host finish its request, and fails none', () => {
    const pool = pair()
    const [first, second] = ready(pool) as [FakeHost, FakeHost]
    const requests = [pool.request(), pool.request(), pool.request()]
    first.begin()
    second.begin()
    pool.scheduler.population.reload()
    for (let round = 0; round < ROUNDS; round += 1) {
      goOn(pool)
      for (const host of pool.hosts.slice()) pool.finish(host)
    }
    expect(requests.map(({ isOver, error }) => [isOver, error])).toEqual(
      requests.map(() => [true, undefined]),
    )
    expect([pool.ended, ready(pool).length]).toEqual([expect.arrayContaining([first, second]), 2])
  })

  it('keeps the old hosts if a new one cannot load the app', () => {
    const pool = pair()
    const old = ready(pool)
    pool.scheduler.population.reload()
    pool.pass(50)
    const error = new Error('no such module')
    pool.scheduler.hostFailedToLoad((loading(pool) as FakeHost).host, error, pool.now)
    goOn(pool)
    expect([pool.loadErrors, pool.scheduler.population.isReloading]).toEqual([[error], false])
    expect([ready(pool), pool.started]).toEqual([old, 3])
    const request = pool.request()
    expect(request.error).toBeUndefined()
  })

  it('starts over for hosts that are new already if it is ordered again', () => {
    const pool = pair()
    pool.scheduler.population.reload()
    pool.pass(50)
    pool.load(2)
    pool.pass(50)
    pool.settle()
    const [, replaced] = ready(pool)
    pool.scheduler.population.reload()
    goOn(pool)
    expect(pool.ended).toContain(replaced)
    expect(pool.scheduler.population.isReloading).toBe(false)
  })

  it('gives the place of a host with WebSockets to the new one at once, and tells their app', () => {
    const pool = new FakePool({ min: 1, max: 1 })
    pool.isSideBySide = true
    pool.scheduler.start(pool.now)
    const old = pool.load()
    const open = pool.request()
    old.begin()
    pool.scheduler.population.reload()
    pool.pass(50)
    const next = pool.load(1)
    pool.pass(50)
    expect([next.host.phase, old.host.phase, open.warnings]).toEqual(['ready', 'retiring', 1])
    expect(pool.scheduler.population.isReloading).toBe(true)
    pool.finish(old)
    expect([pool.scheduler.population.isReloading, open.error]).toEqual([false, undefined])
  })
})
