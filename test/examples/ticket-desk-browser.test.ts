// The example desk as people use it: in a real browser, in more than one window.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChromium } from './chromium.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { buy, startDesk } from './desk-server.ts'
import type { Browser, Page, WebSocketRoute } from 'playwright-core'

// The report stops this process too: its two seconds of arithmetic, on a machine that may be busy.
const DEADLINE_MS = 60_000

let desk: Awaited<ReturnType<typeof startDesk>>
let browser: Browser

beforeAll(async () => {
  desk = await startDesk()
  browser = await startChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await desk?.[Symbol.asyncDispose]()
})

describe('the desk in a browser', { timeout: 90_000 }, () => {
  it('shows a ticket bought in one window on the board of another', async () => {
    await using buyer = await openPage()
    await using watcher = await openPage()

    await buyer.page.fill('#name', 'Class <i>4b</i>')
    await buyer.page.getByLabel('Waiting for Godot').check()
    await buyer.page.getByRole('button', { name: 'Buy' }).click()
    await buyer.page.getByText('it is yours').waitFor()

    const row = watcher.page.locator('#board li', { hasText: 'Class <i>4b</i>' })
    await row.waitFor()
    expect(await row.textContent()).toContain('Waiting for Godot')
    await watcher.page.locator('#ticker', { hasText: 'Just sold: Waiting for Godot' }).waitFor()
    expect([...buyer.complaints, ...watcher.complaints]).toEqual([])
  })

  it('draws the round trips, and the effect of the report', async () => {
    await using watcher = await openPage()
    await watcher.page.locator('#now', { hasText: 'ms' }).waitFor()
    await watcher.page.getByRole('button', { name: 'Run the slow report' }).click()
    await watcher.page.locator('#verdict', { hasText: 'Done in' }).waitFor()

    expect(await watcher.page.textContent('#worst')).toMatch(/^[\d,.]+ ms$/)
    expect(await watcher.page.evaluate(paintedPixels)).toBeGreaterThan(100)
    expect(watcher.complaints).toEqual([])
  })

  it('draws a calm line flat: its scale is at least 250 ms', async () => {
    await using watcher = await openPage()
    await watcher.page.locator('#now', { hasText: 'ms' }).waitFor()
    const scale = await watcher.page
      .getByRole('img', { name: /, from 0 to / })
      .getAttribute('aria-label')
    const [, most = '0'] = /to ([\d,]+) ms$/.exec(scale ?? '') ?? []
    expect(Number(most.replaceAll(',', ''))).toBeGreaterThanOrEqual(250)
    expect(watcher.complaints).toEqual([])
  })

  it('fits a window of 360 pixels without scrolling sideways', async () => {
    await using narrow = await openPage({ width: 360 })
    await narrow.page.locator('#now', { hasText: 'ms' }).waitFor()
    expect(await narrow.page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(narrow.complaints).toEqual([])
  })

  it('reconnects a board that lost its connection, and misses no ticket', async () => {
    const boards: WebSocketRoute[] = []
    await using watcher = await openPage({
      prepare: (page) =>
        page.routeWebSocket(/\/board/, (route) => {
          route.connectToServer()
          boards.push(route)
        }),
    })

    await boards[0]?.close()
    await buy(desk.url, { name: 'Table by the window', performance: 'errors' })
    await watcher.page.locator('#board li', { hasText: 'Table by the window' }).waitFor()
    await watcher.page.locator('#link', { hasText: 'live' }).waitFor()
    expect(boards.length).toBeGreaterThan(1)
  })

  it('shows how many messages a board has caught up after a cut, and all tickets', async () => {
    const boards: WebSocketRoute[] = []
    const sold = deferred()
    await using watcher = await openPage({
      prepare: (page) =>
        page.routeWebSocket(/\/board/, async (route) => {
          if (boards.push(route) > 1) await sold.promise
          route.connectToServer()
        }),
    })

    await boards[0]?.close()
    await watcher.page.locator('#link', { hasText: 'reconnecting' }).waitFor()
    const names = ['Row A', 'Row B', 'Row C']
    for (const name of names) await buy(desk.url, { name, performance: 'tempest' })
    sold.resolve()
    await watcher.page.locator('#link', { hasText: 'live, caught up 3 messages' }).waitFor()
    const rows = await watcher.page.locator('#board .name').allTextContents()
    expect(rows.slice(0, 3)).toEqual(names.toReversed())
    expect(watcher.complaints).toEqual([])
  })

  it('hears of tickets that a thread has sold', async () => {
    await using hosted = await startDesk('thread')
    await using watcher = await openPage({ url: hosted.url })
    await buy(hosted.url, { name: 'From a thread', performance: 'godot' })
    await watcher.page.locator('#board li', { hasText: 'From a thread' }).waitFor()
    expect(watcher.complaints).toEqual([])
  })

  it('sells without JavaScript', async () => {
    await using plain = await openPage({ javaScriptEnabled: false })
    await plain.page.fill('#name', 'The Tuesday club')
    await plain.page.getByLabel('The Tempest').check()
    await plain.page.getByRole('button', { name: 'Buy' }).click()
    await plain.page.locator('#board li', { hasText: 'The Tuesday club' }).waitFor()
    expect(new URL(plain.page.url()).searchParams.get('bought')).toMatch(/^\d+$/)
  })
})

interface OpenPage extends AsyncDisposable {
  page: Page
  /** The errors that the browser reported. */
  complaints: string[]
}

interface PageOptions {
  url?: string
  width?: number
  javaScriptEnabled?: boolean
  /** Runs before the page is loaded. */
  prepare?: (page: Page) => Promise<void>
}

async function openPage(options: PageOptions = {}): Promise<OpenPage> {
  const { url = desk.url, width = 1200, javaScriptEnabled = true, prepare } = options
  const viewport = { width, height: 800 }
  const context = await browser.newContext({ viewport, javaScriptEnabled })
  context.setDefaultTimeout(DEADLINE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })

  await prepare?.(page)
  await page.goto(url)
  if (javaScriptEnabled) await page.locator('#link', { hasText: 'live' }).waitFor()
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}

// Runs in the page, as text: the types of the DOM are not among ours.
const paintedPixels = `(() => {
  const canvas = document.querySelector('#chart canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const accent = [0x9c, 0x2f, 0x23]
  let painted = 0
  for (let at = 0; at < data.length; at += 4) {
    if (accent.every((part, index) => Math.abs(data[at + index] - part) < 24)) painted += 1
  }
  return painted
})()`
