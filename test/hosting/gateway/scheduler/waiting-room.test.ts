// The bounds of the requests that wait for a host.

import { describe, expect, it } from 'vitest'
import { PoolFullError } from '../../../../src/errors.ts'
import { WaitingRoom } from '../../../../src/hosting/gateway/scheduler/waiting-room.ts'
import { FakeRequest } from './fake-hosts.ts'
import type { SchedulerLimits } from '../../../../src/hosting/gateway/scheduler/commands.ts'

const LIMITS: SchedulerLimits = {
  hostName: 'process',
  flags: '--python',
  slots: 1,
  min: 1,
  max: 1,
  maxQueue: 2,
  queueTimeoutMs: 100,
  maxRequests: Infinity,
  maxWebSockets: 1,
  concurrency: 1,
  timeoutMs: 1_000,
  idleTimeoutMs: Infinity,
}

/** A room with requests that arrived at these times. */
function roomWith(...times: number[]): { room: WaitingRoom<FakeRequest>; requests: FakeRequest[] } {
  const room = new WaitingRoom<FakeRequest>(LIMITS)
  const requests = times.map((time, at) => new FakeRequest(at + 1, time, []))
  for (const request of requests) room.push(request)
  return { room, requests }
}

describe('a waiting room', () => {
  it('has no room when maxQueue requests wait', () => {
    expect(roomWith(0).room.hasNoRoom).toBe(false)
    expect(roomWith(0, 0).room.hasNoRoom).toBe(true)
  })

  it('has room in place of a request that is over', () => {
    const { room, requests } = roomWith(0, 0)
    requests[0]?.fail(new Error('the client left'))
    expect(room.hasNoRoom).toBe(false)
  })

  it('refuses with the kind of the hosts and the flag, and counts', () => {
    const { room } = roomWith(0, 0)
    const error = room.refuse(3)
    expect(error).toBeInstanceOf(PoolFullError)
    expect(error.message).toBe(
      '2 requests wait for 3 processes, as many as maxQueue (--python-queue) allows',
    )
    expect(room.refuse(1).message).toContain('for 1 process,')
    expect(room.refused).toBe(2)
  })

  it('refuses the last request if it is too much, and lends a place to each host that loads', () => {
    const { room, requests } = roomWith(0, 0, 0)
    room.bound(1, 1)
    expect(requests.map(({ isOver }) => isOver)).toEqual([false, false, false])
    room.bound(1, 0)
    expect(requests.map(({ isOver }) => isOver)).toEqual([false, false, true])
    expect(requests[2]?.error).toBeInstanceOf(PoolFullError)
    expect(room.length).toBe(2)
  })

  it('refuses the requests that have waited too long, and no others', () => {
    const { room, requests } = roomWith(0, 50)
    room.endLongWaits(99)
    expect(room.refused).toBe(0)
    room.endLongWaits(100)
    expect(requests.map(({ isOver }) => isOver)).toEqual([true, false])
    expect(String(requests[0]?.error)).toContain('has waited 100 ms for a process')
    expect(room.next()).toBe(requests[1])
  })
})
