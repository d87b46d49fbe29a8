// The client in a real browser: a page whose connection is cut misses nothing.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mount, serve } from 'isthmus'
import { clientScript, feed, memory } from 'isthmus/channels'
import { startChromium } from '../examples/chromium.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import type { Browser, Page } from 'playwright-core'
import type { EventApp, Server, SyncApp } from 'isthmus'
import type { Channels } from 'isthmus/channels'

const MESSAGES = 200
// Draws of a generator that begins at the same number.
const CUTS = [17, 60, 61, 144, 199]

const FOLLOWER = `
  import { follow } from '/live.js'
  // Short waits: the times of the back-off have their own tests.
  Math.random = () => 0.02
  Object.assign(window, { seen: [], gaps: [], recovered: 0, states: [] })
  window.live = follow('/live', {
    onMessage: (n) => seen.push(n),
    onGap: (gap) => gaps.push(gap),
    onJoined: ({ recovered, isReturn }) => { if (isReturn) window.recovered += recovered },
    onState: (state, reason) => states.push(reason ? state + ' ' + reason : state),
  })`

const LISTENER = `
  Object.assign(window, { seen: [], gaps: [], recovered: 0, states: [] })
  const source = new EventSource('/live')
  source.onopen = () => states.push('live')
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data)
    if ('message' in event) seen.push(event.message)
    if ('gap' in event) gaps.push(event)
    if (event.joined) window.recovered += event.recovered ?? 0
  }`

let browser: Browser
let server: Server | undefined
let channels: Channels

beforeAll(async () => {
  browser = await startChromium()
}, 60_000)
afterEach(async () => {
  await server?.close({ graceMs: 500 })
  await channels?.close()
})
afterAll(() => browser?.close())

describe('a page in Chromium', { timeout: 60_000 }, () => {
  it('misses no message of two groups while its WebSocket is cut again and again', async () => {
    await using proxy = await cuttingProxy(await start(feed(['odd', 'even'], { retryMs: 50 })))
    await using open = await openPage(proxy.url, FOLLOWER)
    await publishAndCut(open.page, proxy)
    const { seen, gaps, recovered, states } = await resultOf(open.page)
    expect(seen.filter((n) => n % 2 === 1)).toEqual(numbers((n) => n % 2 === 1))
    expect(seen.filter((n) => n % 2 === 0)).toEqual(numbers((n) => n % 2 === 0))
    expect(gaps).toEqual([])
    expect(recovered).toBeGreaterThan(0)
    expect(states.filter((state) => state === 'live').length).toBeGreaterThan(2)
  })

  it('misses no message with an EventSource, by Last-Event-ID', async () => {
    await using proxy = await cuttingProxy(await start(feed(['odd', 'even'], { retryMs: 50 })))
    await using open = await openPage(proxy.url, LISTENER)
    await publishAndCut(open.page, proxy)
    const { seen, gaps, recovered } = await resultOf(open.page)
    expect(seen.toSorted((a, b) => a - b)).toEqual(numbers(() => true))
    expect(gaps).toEqual([])
    expect(recovered).toBeGreaterThan(0)
  })

  it('comes back to a server that was started again, and is told that the history is another one', async () => {
    const app = feed('odd')
    const url = await start(app)
    await using open = await openPage(url, FOLLOWER)
    channels.publish('odd', 1)
    await open.page.waitForFunction('seen.length === 1')
    await server?.close({ graceMs: 500 })
    await start(app, Number(new URL(url).port))
    await open.page.waitForFunction('gaps.length === 1 && live.state === "live"')
    channels.publish('odd', 3)
    await open.page.waitForFunction('seen.length === 2')
    expect((await resultOf(open.page)).gaps).toEqual([
      { group: 'odd', reason: 'epoch', lost: null },
    ])
  })

  it('follows by server-sent events if WebSockets do not come through', async () => {
    const live = feed('odd')
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return live(scope, receive, send)
      await receive()
      await send({ type: 'websocket.close' })
    }
    await using open = await openPage(await start(app), FOLLOWER)
    channels.publish('odd', 1)
    await open.page.waitForFunction('seen.length === 1')
    expect(await open.page.evaluate('live.send("x")')).toBe(false)
  })

  it('stops if it is not welcome', async () => {
    await using open = await openPage(await start(feed(() => null)), FOLLOWER, 'closed')
    expect((await resultOf(open.page)).states.at(-1)).toBe('closed 403')
  })
})

/** Publishes the numbers in a steady pace, and cuts the connections now and then. */
async function publishAndCut(page: Page, proxy: { cut(): void }): Promise<void> {
  for (let n = 1; n <= MESSAGES; n += 1) {
    channels.publish(n % 2 === 1 ? 'odd' : 'even', n)
    if (CUTS.includes(n)) proxy.cut()
    if (n % 5 === 0) await delay(10)
  }
  await page.waitForFunction(`seen.length >= ${MESSAGES}`, undefined, { timeout: 20_000 })
}

interface Result {
  seen: number[]
  gaps: unknown[]
  recovered: number
  states: string[]
}

function resultOf(page: Page): Promise<Result> {
  return page.evaluate('({ seen, gaps, recovered, states })')
}

async function start(live: EventApp, port = 0): Promise<string> {
  channels = memory({ history: { '*': { size: 1000 } } })
  const page: SyncApp = (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/html; charset=utf-8']])
    return ['<!doctype html><title>Live</title><link rel="icon" href="data:," />']
  }
  const app = mount({ '/live.js': clientScript(), '/live': live, '/': page })
  server = await serve(app, { port, channels, log: null, drainIdleMs: 0 })
  return server.url
}

/** Opens a page that runs `script`, and waits until it is `live`. */
async function openPage(
  url: string,
  script: string,
  state = 'live',
): Promise<AsyncDisposable & { page: Page }> {
  const context = await browser.newContext()
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  await page.goto(url)
  await page.addScriptTag({ content: script, type: 'module' })
  const has = `window.states?.some((known) => known.startsWith('${state}'))`
  await page.waitForFunction(has)
  return { page, [Symbol.asyncDispose]: () => context.close() }
}

function numbers(isWanted: (n: number) => boolean): number[] {
  return Array.from({ length: MESSAGES }, (_, at) => at + 1).filter(isWanted)
}
