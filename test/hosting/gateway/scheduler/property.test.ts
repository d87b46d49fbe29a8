// Random sequences of events, with the rules that hold after each event.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakePool } from './fake-hosts.ts'
import type { FakeHost, FakeRequest } from './fake-hosts.ts'

const index = fc.nat(4)
const limits = fc.record({
  min: fc.nat(2),
  max: fc.integer({ min: 2, max: 4 }),
  maxQueue: fc.nat(6),
  queueTimeoutMs: fc.constantFrom(100, 10_000),
  maxRequests: fc.constantFrom(2, 5, Infinity),
  timeoutMs: fc.constantFrom(40, 1_000),
  idleTimeoutMs: fc.constantFrom(0, 60, 10_000),
})
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('request' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('nested' as const), index }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('load' as const), index }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('begin' as const), index }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('finish' as const),
      index,
      tookMs: fc.constantFrom(0.01, 0.1, 3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 50) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash' as const), index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('worn' as const), index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('failToLoad' as const), index }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('inspected' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('stuck' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('gone' as const) }) },
)
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never

function at<Item>(items: readonly Item[], place: number): Item | undefined {
  return items[place % items.length]
}

/** Carries out one event. An event that has no subject at the moment has no effect. */
function apply(pool: FakePool, next: Event): void {
  if (next.type === 'request') return void pool.request()
  if (next.type === 'pass') return pool.pass(next.ms)
  if (next.type === 'inspected') return inspected(pool)
  if (next.type === 'stuck') return void (pool.isStuck = true)
  if (next.type === 'gone') {
    pool.isStuck = false
    return pool.settle()
  }
  if (next.type === 'leave') {
    const waiting = pool.requests.filter(({ isOver }) => !isOver)
    return at(waiting, next.index)?.fail(new Error('the client left'))
  }
  const host = at(pool.hosts, next.index)
  if (host) applyTo(pool, host, next)
}

type HostEvent = Extract<Event, { index: number }>

function applyTo(pool: FakePool, host: FakeHost, next: HostEvent): void {
  const isLoading = host.host.phase === 'loading'
  switch (next.type) {
    case 'load':
      return pool.scheduler.hostLoaded(host.host, false, pool.now)
    case 'failToLoad':
      if (!isLoading) return
      return pool.scheduler.hostFailedToLoad(host.host, new Error('no such table'), pool.now)
    case 'begin':
      return void begun(host)
    case 'finish':
      return finish(pool, host, next.tookMs)
    case 'crash':
      return pool.crash(host)
    case 'worn':
      if (isLoading) return
      return pool.scheduler.hostWorn(host.host, pool.now)
    case 'leave':
      return
    case 'nested':
      if (host.running) pool.request([{ pool: pool.scheduler, requestId: host.running.id }])
      return
  }
}

const begins = new Map<FakeRequest, number>()

function begun(host: FakeHost): FakeRequest | undefined {
  const before = host.running
  const request = host.begin()
  if (request && request !== before) begins.set(request, (begins.get(request) ?? 0) + 1)
  return request
}

// Nested requests end before their holder.
function finish(pool: FakePool, host: FakeHost, tookMs: number): void {
  begun(host)
  for (const { request } of host.nested.splice(0)) {
    request.isOver = true
    pool.scheduler.requestDone(host.host, request.id, tookMs, pool.now)
  }
  pool.finish(host, tookMs)
}

function inspected(pool: FakePool): void {
  for (const { host } of pool.inspected.splice(0)) {
    pool.scheduler.hostInspected(host, undefined, pool.now)
  }
}

/** The requests that `host` has, nested ones apart. */
function requestsOf(host: FakeHost): FakeRequest[] {
  const sent = host.sent.map(({ request }) => request)
  return host.running ? [host.running, ...sent] : sent
}

function check(pool: FakePool, max: number): void {
  const assigned = pool.hosts.flatMap(requestsOf)
  const nested = pool.hosts.flatMap((host) => host.nested.map(({ request }) => request))
  // One spare host, after a host has ended by itself.
  const most = pool.crashes > 0 ? max + 1 : max
  expect(pool.hosts.length + pool.ending.length).toBeLessThanOrEqual(most)
  expect(new Set(assigned).size).toBe(assigned.length)
  expect(nested.filter((request) => assigned.includes(request))).toEqual([])
  expect([...begins.values()].every((count) => count === 1)).toBe(true)
  const { inFlight, queued } = pool.scheduler.stats(pool.now)
  const pending = pool.requests.filter(({ isOver }) => !isOver)
  const waiting = pending.filter((one) => !assigned.includes(one) && !nested.includes(one))
  expect(queued).toBe(waiting.length)
  expect(inFlight).toBe(assigned.length + nested.length)
}

/** The ticker has ticked: no request waits for longer than the limit. */
function checkQueueTime(pool: FakePool, queueTimeoutMs: number): void {
  const assigned = new Set(pool.hosts.flatMap(requestsOf))
  const waiting = pool.requests.filter((one) => !one.isOver && !assigned.has(one))
  const late = waiting.filter(({ arrivedAt }) => pool.now - arrivedAt >= queueTimeoutMs)
  expect(late.filter(({ held }) => held.length === 0)).toEqual([])
}

/** Everything works again, and all clients wait: each request has to come to its end. */
function drain(pool: FakePool): void {
  pool.isStuck = false
  for (let round = 0; round < 500; round += 1) {
    pool.pass(50)
    inspected(pool)
    for (const host of pool.hosts.slice()) {
      pool.scheduler.hostLoaded(host.host, false, pool.now)
      finish(pool, host, 1)
    }
    if (pool.requests.every(({ isOver }) => isOver)) return
  }
}

describe('after any sequence of events', { timeout: 60_000 }, () => {
  it('a request has at most one host, none is lost, and the bounds hold', () => {
    const sequence = fc.array(event, { minLength: 10, maxLength: 120, size: 'max' })
    const property = fc.property(limits, sequence, (bounds, events) => {
      begins.clear()
      const pool = new FakePool(bounds)
      const assignedOnce = new Set<FakeRequest>()
      pool.onAssign = (request) => {
        // Its client has left: it would hold the host for nothing.
        expect(request.isOver).toBe(false)
        // The queue is first in, first out; a request that was taken back has had its turn already.
        const older = pool.requests.filter(
          (one) => one.id < request.id && !one.isOver && one.held.length === 0,
        )
        if (!assignedOnce.has(request)) {
          expect(older.filter((one) => !assignedOnce.has(one))).toEqual([])
        }
        expect(request.held).toEqual([])
        assignedOnce.add(request)
      }
      for (const next of events) {
        const before = pool.requests.length
        apply(pool, next)
        check(pool, bounds.max)
        if (next.type === 'pass') checkQueueTime(pool, bounds.queueTimeoutMs)
        const arrived = pool.requests[before]
        const isWaiting = arrived && !arrived.isOver && !assignedOnce.has(arrived)
        if (!isWaiting || arrived.held.length > 0) continue
        const { loading } = pool.scheduler.hosts
        expect(pool.scheduler.stats(pool.now).queued).toBeLessThanOrEqual(bounds.maxQueue + loading)
      }
      drain(pool)
      expect(pool.requests.filter(({ isOver }) => !isOver)).toEqual([])
    })
    fc.assert(property, { seed: 20261128, numRuns: 200 })
  })
})
