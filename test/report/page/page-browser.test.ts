// The page of the report as people use it: in a real browser.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChromium } from '../../examples/chromium.ts'
import { EXAMPLE_WORKER } from '../example-report.ts'
import { startReportServer } from './report-server.ts'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { ReportServer } from './report-server.ts'

const DEADLINE_MS = 30_000

let browser: Browser
beforeAll(async () => {
  browser = await startChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
})

describe('the page of the report', { timeout: 90_000 }, () => {
  it('shows the process, the advice and each mount', async () => {
    await using open = await openPage()
    const { page } = open
    expect(await page.locator('#overview').innerText()).toMatch(/CPU\s+62 %/)
    expect(await page.locator('#overview').innerText()).toMatch(/Uptime\s+1 h 2 min/)
    expect(await page.locator('#advice li').allInnerTexts()).toEqual([
      'Blocks the event loop\n\n/ held the event loop 12 times, for 31 ms at most. Put it in threads(), so that the other mounts do not wait for it.',
      'Different answers\n\n12 of 4,500 compared requests differ. Do not raise the share.',
    ])
    expect(await cellsOf(page, '/')).toEqual({
      App: 'events, on the loop',
      'Req/s': '812',
      p50: '0.8 ms',
      p99: '6.25 ms',
      'In flight': '2',
      WebSockets: '0',
      '5xx': '20',
      'Broken off': '1',
      // The first report has the part of the uptime, the second one that of the last minute.
      'On the loop': expect.stringMatching(/^(1\.1|0) %$/),
      'Longest block': '31 ms',
      Queued: '–',
      'Wait p99': '–',
    })
    expect(await cellsOf(page, '/legacy')).toMatchObject({
      App: 'sync, threads',
      'On the loop': '–',
      Queued: '12',
      'Wait p99': '190 ms',
    })
    expect(await page.locator('.hosts:visible').allInnerTexts()).toEqual([
      'threads: 2 ready · 0 loading · 98 % busy · run p99 61 ms · 4 refused · 1 timed out · 0 crashes',
      'http://127.0.0.1:3000 is up · 1 in flight · head p99 810 ms · 2 failed · 1 retried\n' +
        'http://127.0.0.1:3001 is down · 0 in flight · head p99 0 ms · 90 failed · 0 retried',
    ])
    expect(open.complaints).toEqual([])
  })

  it('shows the workers of a server that has some', async () => {
    await using open = await openPage()
    const { page, server } = open
    expect(await page.locator('#workers').isVisible()).toBe(false)
    server.report.workers = [EXAMPLE_WORKER, { ...EXAMPLE_WORKER, worker: 2, answered: false }]
    await page.locator('#worker-table tbody').nth(1).waitFor()
    const states = page.locator('#worker-table td[data-name="State"]')
    expect(await states.allInnerTexts()).toEqual(['ready', 'silent'])
    expect(await page.locator('#worker-table').innerText()).toContain('93 MiB')
    expect(open.complaints).toEqual([])
  })

  it('shows a migration: its share, both apps, the comparisons and the last differences', async () => {
    await using open = await openPage()
    const migration = open.page.getByRole('article', { name: 'Migration of /orders' })
    expect(await migration.getByRole('slider').inputValue()).toBe('10')
    expect(await migration.locator('.sides tbody tr').allInnerTexts()).toEqual([
      'Old app\tsync, threads\t9,000\t3\t11 ms\t49 ms\t121 ms',
      'New app\titerable, on the loop\t1,000\t3\t2.1 ms\t9.75 ms\t14 ms',
      'Copies\t50 % of requests\t4,501\t1\t2.2 ms\t10 ms\t15 ms',
    ])
    expect(await migration.locator('.counts').innerText()).toBe(
      '4,500 compared · 4,488 matches · 12 mismatches · 340 noise · 3 skipped (concurrency 3) · 1 failed',
    )
    const region = migration.getByRole('region', { name: 'Last differences of /orders' })
    expect(await region.locator('li p').innerText()).toMatch(/^GET \/orders\/7 at \d\d:\d\d:\d\d$/)
    expect(await region.locator('tbody tr').allInnerTexts()).toEqual([
      'body /total\t12.50\t12.5',
      'header etag\tabsent\tW/"1"',
    ])
    expect(open.complaints).toEqual([])
  })

  it('follows the server, and moves nothing', async () => {
    await using open = await openPage()
    const { page, server } = open
    await page.evaluate(watchShifts)
    const { report } = server
    report.requests.total = 987_654
    report.advice = [{ kind: 'can-switch', path: '/orders', text: 'Raise the share.' }]
    report.mounts[0]!.latencyMs.p99 = 1234
    report.migrations[0]!.shadow!.last = []

    await page.getByText('987,654').waitFor()
    expect(await cellsOf(page, '/')).toMatchObject({ p99: '1.23 s' })
    expect(await page.locator('#advice li').innerText()).toBe('Ready to switch\n\nRaise the share.')
    report.advice = []
    await page.getByText('Nothing to do.').waitFor()
    expect(await page.locator('.mismatches').innerText()).toBe('No differences.')
    expect(await page.evaluate('window.shifts')).toBe(0)
    expect(open.complaints).toEqual([])
  })

  it('announces a finding once, not each change of its figures', async () => {
    await using open = await openPage()
    const { page, server } = open
    const announcer = page.locator('[aria-live=polite]')
    await page.evaluate(countAnnouncements)
    const text = (times: number): string => `/ held the event loop ${times} times.`
    server.report.advice = [{ kind: 'blocks-the-loop', path: '/', text: text(13) }]
    await page.locator('#advice', { hasText: text(13) }).waitFor()
    expect(await page.evaluate('window.announcements')).toBe(0)

    server.report.advice.push({ kind: 'errors', path: '/new', text: '5 % of the answers are 500.' })
    await page.locator('#advice', { hasText: '5 %' }).waitFor()
    expect(await announcer.textContent()).toBe('5 % of the answers are 500.')
    expect(await page.evaluate('window.announcements')).toBe(1)
  })

  it('draws the p99 and the requests per second of each mount', async () => {
    await using open = await openPage()
    const { page, server } = open
    const chart = page.getByRole('img', { name: /^Requests per second of \/live: / })
    // A rate is that between two reports, and not that of the last minute.
    await eventually(() => chart.getAttribute('aria-label')).toContain('now 0, at most 0 ')
    server.report.mounts[3]!.requests.total += 100_000
    await eventually(() => chart.getAttribute('aria-label')).toMatch(
      /at most \d{2,3},\d{3} in the last 5 minutes/,
    )
    const images = page.getByRole('img', { name: /^(p99|Requests per second) of / })
    expect(await images.count()).toBe(2 * server.report.mounts.length)
    expect(await page.evaluate(blankCharts)).toBe(0)
  })

  it('sets the share by the slider, by the field and by the keyboard', async () => {
    await using open = await openPage()
    const { page } = open
    const slider = page.getByRole('slider', { name: 'Share of the new app of /orders' })
    const field = page.getByRole('spinbutton', { name: 'Share of /orders in percent' })
    const note = page.locator('.note')

    await slider.fill('40')
    await note.getByText('40 % of the clients have the new app.').waitFor()
    expect(await shareOf(open)).toBe(0.4)
    expect(await field.inputValue()).toBe('40')

    await slider.focus()
    await page.keyboard.press('ArrowRight')
    await note.getByText('41 % of').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('12.5')
    await page.keyboard.press('Enter')
    await note.getByText('12.5 % of').waitFor()
    expect(await shareOf(open)).toBe(0.125)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await note.getByText('Rolled back').waitFor()
    expect(await shareOf(open)).toBe(0)
    await eventually(() => slider.inputValue()).toBe('0')
    expect(open.complaints).toEqual([])
  })

  it('leaves the field alone while a person types, and refuses a value that is no share', async () => {
    await using open = await openPage()
    const { page, server } = open
    const field = page.getByRole('spinbutton')
    await field.fill('150')
    const polls = server.polls
    await eventually(() => server.polls).toBeGreaterThan(polls + 1)
    expect(await field.inputValue()).toBe('150')
    await page.keyboard.press('Enter')
    expect(await shareOf(open)).toBe(0.1)
    // The value of the server is back when the person has left the field.
    await page.getByRole('slider').focus()
    await eventually(() => field.inputValue()).toBe('10')
  })

  it('offers no change in a page that is read only', async () => {
    await using open = await openPage({ control: false })
    await open.page.getByText('Share of the new app: 10 % (read only)').waitFor()
    expect(await open.page.getByRole('slider').count()).toBe(0)
    expect(await open.page.getByRole('button').count()).toBe(0)
  })

  it('shows markup of the apps as text', async () => {
    const evil = '<script>window.owned = 1</script><img src=x onerror="window.owned = 1">'
    await using open = await openPage({
      prepare: (server) => {
        const { report } = server
        report.mounts[0]!.path = evil
        report.advice = [{ kind: 'errors', path: evil, text: evil }]
        report.migrations[0]!.path = evil
        report.migrations[0]!.shadow!.skipped = { [evil]: 1 }
        report.migrations[0]!.shadow!.last = [
          {
            at: '2026-01-02T03:04:05.678Z',
            method: evil,
            path: evil,
            differences: [{ part: evil, from: evil, to: evil }],
          },
        ]
      },
    })
    const { page } = open
    expect(await page.locator('.mismatches td').allInnerTexts()).toEqual([evil, evil])
    expect(await page.locator('#mounts th[scope=row]').first().innerText()).toBe(evil)
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(await page.locator('main script, main img').count()).toBe(0)
    expect(open.complaints).toEqual([])
  })

  it('says when the server is gone, and comes back by itself', async () => {
    await using open = await openPage()
    const { page, server } = open
    await server.stop()
    await page.getByText(/^The server does not answer \(since \d\d:\d\d:\d\d\)/).waitFor()
    server.report.requests.total = 31_415
    await server.start()
    await page.locator('#state', { hasText: /^Live$/ }).waitFor()
    expect(await page.locator('#overview').innerText()).toContain('31,415')
  })

  it('shows the reason of a server that refuses', async () => {
    await using open = await openPage()
    await open.page.route('**/report.json', (route) =>
      route.fulfill({ status: 503, json: { error: 'this server keeps no figures' } }),
    )
    const state = open.page.locator('#state')
    await eventually(() => state.innerText()).toContain('this server keeps no figures (since ')
    await open.page.getByRole('slider').fill('30')
    await open.page.getByText('30 % of the clients').waitFor()
    await open.page.route('**/migrations?**', (route) => route.abort())
    await open.page.getByRole('slider').fill('50')
    await open.page.getByText('Not changed: The server does not answer').waitFor()
    expect(await shareOf(open)).toBe(0.3)
  })

  it('polls slower in a tab that is hidden, and at once when it is seen again', async () => {
    await using open = await openPage()
    const { page, server } = open
    await page.clock.install()
    await page.evaluate(setHidden(true))
    await page.clock.runFor(2_000)
    await settle(server)
    const polls = server.polls
    await page.clock.runFor(8_000)
    await settle(server)
    expect(server.polls).toBe(polls)
    await page.evaluate(setHidden(false))
    await eventually(() => server.polls).toBe(polls + 1)
  })

  it('fits a phone without scrolling sideways, with a name at each figure', async () => {
    await using open = await openPage({ context: { viewport: { width: 360, height: 740 } } })
    const { page } = open
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(await page.evaluate(nameBefore)).toBe('"Longest block"')
    expect(await page.getByRole('cell', { name: '31 ms' }).count()).toBeGreaterThan(0)
  })

  it('is dark on request, with text that contrasts', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await using open = await openPage({ context: { colorScheme } })
      const contrasts = await open.page.evaluate<number[]>(contrastOfTexts)
      expect({ colorScheme, least: Math.min(...contrasts) }).toEqual({
        colorScheme,
        least: expect.toSatisfy((least: number) => least >= 4.5),
      })
    }
  })
})

interface OpenPage extends AsyncDisposable {
  page: Page
  server: ReportServer
  /** The errors that the browser reported. */
  complaints: string[]
}

interface PageOptions {
  control?: boolean
  context?: BrowserContextOptions
  prepare?: (server: ReportServer) => void
}

async function openPage(options: PageOptions = {}): Promise<OpenPage> {
  const server = await startReportServer(options.control)
  options.prepare?.(server)
  const viewport = { width: 1280, height: 900 }
  const context = await browser.newContext({ viewport, ...options.context })
  context.setDefaultTimeout(DEADLINE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })

  await page.goto(server.url)
  await page.locator('#state', { hasText: /^Live$/ }).waitFor()
  return {
    page,
    server,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A busy machine takes its time. */
const eventually: typeof expect.poll = (read) => expect.poll(read, { timeout: DEADLINE_MS })

/** The figures of a mount by the names of their columns. */
async function cellsOf(page: Page, path: string): Promise<Record<string, string>> {
  const names = await page.locator('#mounts thead th').allInnerTexts()
  const row = page.locator('#mounts tr', {
    has: page.getByRole('rowheader', { name: path, exact: true }),
  })
  const texts = await row.locator('td').allInnerTexts()
  return Object.fromEntries(texts.map((text, index) => [names[index + 1] ?? '', text]))
}

async function shareOf({ server }: OpenPage): Promise<number | undefined> {
  const response = await fetch(`${server.url}report.json`)
  const { migrations } = (await response.json()) as ReportServer['report']
  return migrations[0]?.share
}

/** A request that was on its way has been counted. */
async function settle(server: ReportServer): Promise<void> {
  await fetch(`${server.url}page.css`)
}

// These run in the page, as text: the types of the DOM are not among ours.
const watchShifts = `(() => {
  window.shifts = 0
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifts += value
  }).observe({ type: 'layout-shift' })
})()`
const countAnnouncements = `(() => {
  window.announcements = 0
  const observer = new MutationObserver(() => (window.announcements += 1))
  observer.observe(document.getElementById('announcer'), { childList: true, characterData: true })
})()`
const setHidden = (hidden: boolean): string => `(() => {
  Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
})()`
const nameBefore = `getComputedStyle(document.querySelector('[data-name="Longest block"]'), '::before').content`
const blankCharts = `[...document.querySelectorAll('canvas')].filter((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return data.every((value) => value === 0)
}).length`
/** The contrast of each text with the ground of its section (WCAG 2.2, 1.4.3). */
const contrastOfTexts = `(() => {
  const parts = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number)
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = (color) => {
    const [red, green, blue] = parts(color).map(linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (node) => luminance(getComputedStyle(node.closest('section') ?? document.body).backgroundColor)
  return [...document.querySelectorAll('th, td, dt, dd, p, h1, h2, button, label')].map((node) => {
    const [low, high] = [luminance(getComputedStyle(node).color), ground(node)].toSorted((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  })
})()`
