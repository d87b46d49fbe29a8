// The limits after which a worker is replaced.

import { describe, expect, it } from 'vitest'
import { WorkerLimits } from '../../../src/cli/master/worker-limits.ts'
import { WORKERS_DEFAULTS } from '../../../src/cli/workers-options.ts'
import type { Beat } from '../../../src/cli/worker-messages.ts'

const BEAT: Beat = {
  type: 'isthmus.worker.beat',
  requests: 100,
  connections: 1,
  rssBytes: 100 * 2 ** 20,
  loopDelayMs: 0,
}

describe('the limits of a worker', () => {
  it('are none by default', () => {
    expect(new WorkerLimits(WORKERS_DEFAULTS).exceededBy(BEAT, 1e12)).toBe(undefined)
  })

  it.each([
    [{ maxRequests: 100 }, 'it has served 100 requests'],
    [{ maxRequests: 101 }, undefined],
    [{ maxRssBytes: 100 * 2 ** 20 - 1 }, 'it uses 100 MiB'],
    [{ maxRssBytes: 100 * 2 ** 20 }, undefined],
    [{ workerLifetimeMs: 60_000 }, 'it is 60 s old'],
    [{ workerLifetimeMs: 60_001 }, undefined],
  ])('%o', (flags, reason) => {
    const limits = new WorkerLimits({ ...WORKERS_DEFAULTS, ...flags }, () => 0)
    expect(limits.exceededBy(BEAT, 60_000)).toBe(reason)
  })

  it('differ from worker to worker', () => {
    const flags = {
      ...WORKERS_DEFAULTS,
      maxRequests: 100,
      maxRequestsJitter: 10,
      workerLifetimeMs: 1_000,
    }
    const first = new WorkerLimits(flags, () => 0)
    const last = (): WorkerLimits => new WorkerLimits(flags, () => 0.999)
    expect(first.exceededBy({ ...BEAT, requests: 100 }, 0)).toBeDefined()
    expect(last().exceededBy({ ...BEAT, requests: 109 }, 0)).toBe(undefined)
    expect(last().exceededBy({ ...BEAT, requests: 110 }, 0)).toBeDefined()
    expect(last().exceededBy({ ...BEAT, requests: 0 }, 900)).toBe(undefined)
    expect(last().exceededBy({ ...BEAT, requests: 0 }, 902)).toBeDefined()
  })

  it('are told once', () => {
    const limits = new WorkerLimits({ ...WORKERS_DEFAULTS, maxRequests: 100 }, () => 0)
    expect(limits.exceededBy({ ...BEAT, requests: 99 }, 0)).toBe(undefined)
    expect(limits.exceededBy(BEAT, 0)).toBeDefined()
    expect(limits.exceededBy(BEAT, 0)).toBe(undefined)
  })
})
