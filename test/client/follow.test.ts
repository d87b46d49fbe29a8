// The client for browsers, with a network that the test plays.

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { follow } from '../../src/client/follow.js'
import { fakeNetwork, FakeSource, network } from './fake-network.ts'
import type { Following, FollowOptions } from '../../src/client/follow.d.ts'

let page: EventTarget & { visibilityState: string }
let live: Following | undefined
let told: unknown[]

beforeEach(() => {
  page = fakeNetwork().page
  told = []
})
afterEach(() => {
  live?.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const message = (offset: number, epoch = 'e'): object => ({
  group: 'board',
  message: offset,
  epoch,
  offset,
})
const joined = (offset: number, recovered: number | null = null): object => ({
  group: 'board',
  joined: true,
  recovered,
  epoch: 'e',
  offset,
})

describe('a page that follows', () => {
  it('opens a WebSocket at the place of the feed, from the base of the page', () => {
    start()
    expect(network.last.url.href).toBe('wss://desk.example/box/live')
    expect(live?.state).toBe('connecting')
    network.last.open()
    expect(live?.state).toBe('live')
  })

  it('gets messages, bytes, gaps, joins, and texts of other kinds', () => {
    start()
    network.last.open()
    const bytes = { group: 'files', bytes: btoa('\0\xff') }
    const gap = { group: 'board', gap: 'slow', lost: 3 }
    network.last.say(joined(0), message(1), bytes, gap, { pong: 7 }, 'no JSON')
    expect(told).toEqual([
      'live',
      { group: 'board', recovered: null, isReturn: false },
      1,
      Uint8Array.of(0, 255),
      { group: 'board', reason: 'slow', lost: 3 },
      '{"pong":7}',
      'no JSON',
    ])
  })

  it('asks after a cut for the messages that it has missed, and tells their number', () => {
    start()
    network.last.open()
    network.last.say(joined(3), message(4), { group: 'a b&', message: 1, epoch: 'x-1', offset: 9 })
    network.last.end()
    vi.advanceTimersByTime(1000)
    expect(network.last.since).toBe('board=e.4&a+b%26=x-1.9')
    network.last.open()
    network.last.say(message(5), message(6), joined(6, 2))
    expect(told.slice(-3)).toEqual([5, 6, { group: 'board', recovered: 2, isReturn: true }])
    expect(live?.positions).toBe('board=e.6&a+b%26=x-1.9')
  })

  it('begins at the positions of an earlier page', () => {
    start({ since: 'board=e.4' })
    expect(network.last.since).toBe('board=e.4')
  })

  it('drops messages that it has already', () => {
    start()
    network.last.open()
    network.last.say(message(1), message(2), message(2), message(1), message(3))
    expect(told).toEqual(['live', 1, 2, 3])
  })

  it('takes the place after a gap, and the messages of another epoch', () => {
    start()
    network.last.open()
    const gap = { group: 'board', gap: 'epoch', lost: null, epoch: 'f', offset: 1 }
    network.last.say(message(7), gap, message(2, 'f'), { group: 'board', gap: 'slow', lost: 1 })
    expect(told.filter((event) => typeof event === 'number')).toEqual([7, 2])
    expect(live?.positions).toBe('board=f.2')
  })

  it('sends texts while the WebSocket is open', () => {
    start()
    expect(live?.send('early')).toBe(false)
    network.last.open()
    expect(live?.send('7')).toBe(true)
    expect(network.last.sent).toEqual(['7'])
  })
})

describe('the wait before it comes back', () => {
  it('doubles with each failure, up to 30 s, with a random part', () => {
    start()
    const waits = Array.from({ length: 7 }, () => {
      network.last.end()
      return timeToNext()
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  })

  it('is short again only after a connection that has lasted', () => {
    start()
    const waitAfter = (ms: number): number => {
      network.last.open()
      vi.advanceTimersByTime(ms)
      network.last.end()
      return timeToNext()
    }
    expect([5, 5, 5].map(waitAfter)).toEqual([1000, 2000, 4000])
    expect(waitAfter(11_000)).toBe(500)
  })

  it('is longer if the server says that it has no room', () => {
    start()
    network.last.open()
    network.last.end(1013)
    expect(timeToNext()).toBe(8000)
  })

  it('ends at once when the network is back, or the page is visible', () => {
    const online = vi.fn<(name: string, wake: () => void) => void>()
    vi.stubGlobal('addEventListener', online)
    start()
    network.last.end()
    online.mock.calls[0]?.[1]()
    expect(network.sockets.length).toBe(2)

    network.last.end()
    page.visibilityState = 'hidden'
    page.dispatchEvent(new Event('visibilitychange'))
    expect(network.sockets.length).toBe(2)
    page.visibilityState = 'visible'
    page.dispatchEvent(new Event('visibilitychange'))
    expect(network.sockets.length).toBe(3)
  })

  it('begins for a connection that is silent for two heartbeats and a half', () => {
    start()
    network.last.open()
    network.last.say({ heartbeat: 1000 })
    expect(told).toEqual(['live'])
    vi.advanceTimersByTime(2000)
    network.last.say(message(1))
    vi.advanceTimersByTime(2400)
    expect(live?.state).toBe('live')
    vi.advanceTimersByTime(101)
    expect(live?.state).toBe('waiting')
    expect(timeToNext()).toBeGreaterThan(0)
    expect(network.last.since).toBe('board=e.1')
  })

  it('begins for a connection that was silent while the computer slept', () => {
    start()
    network.last.open()
    network.last.say({ heartbeat: 1000 })
    vi.setSystemTime(Date.now() + 60_000)
    page.dispatchEvent(new Event('visibilitychange'))
    expect(live?.state).toBe('waiting')
  })

  it('begins for a handshake without an answer', () => {
    start()
    vi.advanceTimersByTime(20_000)
    expect(live?.state).toBe('waiting')
  })

  it('hears nothing of a connection that it has given up', () => {
    start()
    network.last.open()
    network.last.say({ heartbeat: 1000 })
    const [first] = network.sockets
    vi.advanceTimersByTime(2500)
    timeToNext()
    network.last.open()
    first?.say(message(1))
    first?.end()
    expect(live?.state).toBe('live')
    expect(told).toEqual(['live', 'waiting', 'connecting', 'live'])
  })
})

describe('the end', () => {
  it.each([1000, 1008])('comes with the close code %i', (code) => {
    start({ onState: (state, reason) => told.push([state, reason]) })
    network.last.open()
    network.last.end(code)
    expect(told.at(-1)).toEqual(['closed', code])
    expectNoFurther()
  })

  it.each([1001, 1006, 1011, 1012])('does not come with the close code %i', (code) => {
    start()
    network.last.open()
    network.last.end(code)
    expect(live?.state).toBe('waiting')
  })

  it.each([401, 403, 410])('comes if the place answers %i', async (status) => {
    network.head = new Response(null, { status })
    start({ onState: (state, reason) => told.push([state, reason]) })
    network.last.end()
    await vi.waitFor(() => expect(told.at(-1)).toEqual(['closed', status]), { interval: 0 })
    expectNoFurther()
  })

  it.each([404, 500, 503])('does not come if the place answers %i', async (status) => {
    network.head = new Response(null, { status })
    start()
    network.last.end()
    await vi.advanceTimersByTimeAsync(10)
    expect(live?.state).toBe('waiting')
  })

  it('comes by close(), also inside of a listener', () => {
    start({ onState: (state) => state === 'waiting' && live?.close() })
    network.last.open()
    network.last.end()
    expect(live?.state).toBe('closed')
    expectNoFurther()
  })
})

describe('a page behind a proxy that knows no WebSockets', () => {
  const stream = { headers: { 'content-type': 'text/event-stream' } }

  it('follows by server-sent events', async () => {
    network.head = new Response(null, stream)
    start()
    network.last.end()
    await vi.advanceTimersByTimeAsync(1000)
    expect(network.last).toBeInstanceOf(FakeSource)
    expect(network.last.url.href).toBe('https://desk.example/box/live')
    network.last.open()
    network.last.say(message(1))
    expect(live?.send('7')).toBe(false)

    network.last.end()
    await vi.advanceTimersByTimeAsync(2000)
    expect(network.last).toBeInstanceOf(FakeSource)
    expect(network.last.since).toBe('board=e.1')
  })

  it('is another one than a page whose WebSocket has been open', async () => {
    network.head = new Response(null, stream)
    start()
    network.last.open()
    network.last.end()
    vi.advanceTimersByTime(1000)
    network.last.end()
    await vi.advanceTimersByTimeAsync(4000)
    expect(network.last).not.toBeInstanceOf(FakeSource)
  })
})

it('the client has less than 3 KB compressed, minified or not', () => {
  const path = new URL('../../src/client/follow.js', import.meta.url)
  const built = buildSync({ entryPoints: [path.pathname], minify: true, write: false })
  const minified = built.outputFiles[0]?.contents ?? new Uint8Array(1e6)
  expect(gzipSync(minified).length).toBeLessThan(2 * 1024)
  expect(gzipSync(readFileSync(path)).length).toBeLessThan(3 * 1024)
})

function start(options: FollowOptions = {}): void {
  const tell = (event: unknown): void => void told.push(event)
  live = follow('live', {
    onMessage: tell,
    onGap: tell,
    onJoined: tell,
    onText: tell,
    onState: tell,
    ...options,
  })
}

/** The time in ms until the next connection. */
function timeToNext(): number {
  const before = network.sockets.length
  let waited = 0
  for (; network.sockets.length === before && waited < 60_000; waited += 1)
    vi.advanceTimersByTime(1)
  return waited
}

function expectNoFurther(): void {
  const before = network.sockets.length
  vi.advanceTimersByTime(120_000)
  page.dispatchEvent(new Event('visibilitychange'))
  expect(network.sockets.length).toBe(before)
}
