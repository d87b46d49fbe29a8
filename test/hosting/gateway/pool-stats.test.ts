// The figures that a pool gives to its user, and the events of its threads.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { threads } from 'isthmus'
import { describe, expect, it, onTestFinished } from 'vitest'
import { served } from '../../raw/served.ts'
import { eventually } from '../behaviour-host.ts'
import type { ThreadEnd, ThreadOptions, ThreadStart } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const APP = new URL('../../fixtures/threads/pool-app.js', import.meta.url)

async function statusOf({ server }: Served, path: string): Promise<number> {
  const response = await fetch(server.url + path, { signal: AbortSignal.timeout(30_000) })
  await response.text()
  return response.status
}

describe('stats()', { timeout: 60_000 }, () => {
  it('tells the load while requests run, and the totals afterwards', async () => {
    const app = threads(APP, { max: 1, maxQueue: 1 })
    await using server = await served(app, { lifespan: 'on', graceMs: 5_000 })
    expect(app.stats()).toMatchObject({ threads: { ready: 1 }, inFlight: 0, completed: 0 })
    const burning = [1, 2, 3].map(() => statusOf(server, '/burn/400'))
    await eventually(() => app.stats().refused === 1)
    expect(app.stats()).toMatchObject({ inFlight: 1, queued: 1 })
    expect((await Promise.all(burning)).toSorted((a, b) => a - b)).toEqual([200, 200, 503])
    await eventually(() => app.stats().completed === 2)
    const { inFlight, queued, runMs, waitMs, utilization } = app.stats()
    expect([inFlight, queued]).toEqual([0, 0])
    expect(runMs.mean).toBeGreaterThanOrEqual(399)
    expect(runMs.p99).toBeGreaterThanOrEqual(370)
    expect(waitMs.p99).toBeGreaterThanOrEqual(370)
    expect(utilization).toBeGreaterThan(0)
    expect(utilization).toBeLessThanOrEqual(1)
  })

  it('counts requests that timed out, and threads that crashed', async () => {
    const app = threads(APP, { max: 1, timeoutMs: 300 })
    await using server = await served(app, { lifespan: 'on', graceMs: 5_000 })
    expect(await statusOf(server, '/loop')).toBe(504)
    expect(await statusOf(server, '/exit/3')).toBe(500)
    expect(app.stats()).toMatchObject({ timedOut: 1, crashes: 1 })
  })

  it('is zero before the start and after the end', async () => {
    const app = threads(APP, { max: 1 })
    const zero = app.stats()
    expect(zero).toMatchObject({ threads: { loading: 0, ready: 0, retiring: 0 }, completed: 0 })
    await using server = await served(app, { lifespan: 'on' })
    expect(await statusOf(server, '/')).toBe(200)
    await server[Symbol.asyncDispose]()
    expect(app.stats()).toEqual(zero)
  })
})

describe('the channels isthmus:thread:start and isthmus:thread:end', { timeout: 60_000 }, () => {
  it.each<[reason: string, options: ThreadOptions, paths: string[]]>([
    ['closed', {}, ['/']],
    ['crashed', {}, ['/exit/3']],
    ['maxRequests', { maxRequests: 1 }, ['/']],
    ['timedOut', { timeoutMs: 300 }, ['/loop']],
    ['idle', { min: 0, idleTimeoutMs: 50 }, ['/']],
  ])('tell of a thread that is %s', async (reason, options, paths) => {
    const { starts, ends } = listen()
    const server = await served(threads(APP, { max: 1, ...options }), { lifespan: 'on' })
    for (const path of paths) await statusOf(server, path)
    const start = starts[0]
    const endOf = (): ThreadEnd | undefined => ends.find((end) => end.threadId === start?.threadId)
    if (reason !== 'closed') await eventually(() => endOf() !== undefined)
    await server[Symbol.asyncDispose]()
    await eventually(() => endOf() !== undefined)
    const end = endOf()
    expect(start).toEqual({ threadId: expect.any(Number), url: APP.href, export: 'default' })
    expect(end).toEqual({ ...start, reason, error: end?.error })
    expect(end?.error instanceof Error).toBe(reason === 'crashed')
  })

  it('tell of a thread that cannot load its app', async () => {
    const { ends } = listen()
    const broken = new URL('../../fixtures/threads/pool-broken.js', import.meta.url)
    await expect(served(threads(broken, { max: 1 }), { lifespan: 'on' })).rejects.toThrow(
      'no such table',
    )
    const end = (): ThreadEnd | undefined => ends.find(({ url }) => url === broken.href)
    await eventually(() => end() !== undefined)
    expect(end()?.reason).toBe('loadFailed')
    expect(end()?.error?.message).toContain('no such table')
  })
})

function listen(): { starts: ThreadStart[]; ends: ThreadEnd[] } {
  const [starts, ends] = [[] as ThreadStart[], [] as ThreadEnd[]]
  const onStart = (message: unknown): void => void starts.push(message as ThreadStart)
  const onEnd = (message: unknown): void => void ends.push(message as ThreadEnd)
  subscribe('isthmus:thread:start', onStart)
  subscribe('isthmus:thread:end', onEnd)
  onTestFinished(() => {
    unsubscribe('isthmus:thread:start', onStart)
    unsubscribe('isthmus:thread:end', onEnd)
  })
  return { starts, ends }
}
