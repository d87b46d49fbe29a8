// The example with a Flask app, a FastAPI app and a TypeScript board, in a real browser.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from 'isthmus'
import { WebSocket } from 'ws'
import { pythonWith } from '../python/python-with.ts'
import { startChromium } from './chromium.ts'
import type { Browser, Page } from 'playwright-core'
import type { Server } from 'isthmus'

const DEADLINE_MS = 60_000
const REPORTS = 4
const { python, missing, note } = pythonWith(['flask', 'fastapi'])

let folder: string
let server: Server
let browser: Browser

beforeAll(async () => {
  if (missing) return
  folder = mkdtempSync(join(tmpdir(), 'python-shop-'))
  Object.assign(process.env, { SHOP_DATA: folder, PYTHON: python, PYTHONDONTWRITEBYTECODE: '1' })
  const { default: app } = await import('../../examples/python/app.ts')
  server = await serve(app, { port: 0, log: null, graceMs: 2_000 })
  browser = await startChromium()
}, 2 * DEADLINE_MS)
afterAll(async () => {
  await browser?.close()
  await server?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}, DEADLINE_MS)

describe.skipIf(missing)(
  `Python apps beside a board of TypeScript${note}`,
  { timeout: 2 * DEADLINE_MS },
  () => {
    it('takes an order, and shows it in the shop and on the page of Flask', async () => {
      await using open = await openPage()
      const { page } = open
      await page.getByLabel('Your name').fill('Ada <i>L</i>')
      await page.getByLabel('Product').selectOption({ label: 'A pot' })
      await page.getByRole('button', { name: 'Order' }).click()
      await page.locator('#orders li', { hasText: 'Ada <i>L</i>: A pot' }).waitFor()

      await page.getByRole('link', { name: 'a page of its own' }).click()
      await page.locator('ol li', { hasText: 'Ada <i>L</i>: A pot' }).waitFor()
      await page.getByLabel('Your name').fill('Grace')
      await page.getByLabel('Two cups').check()
      await page.getByRole('button', { name: 'Order' }).click()
      await page.locator('ol li', { hasText: 'Grace: Two cups' }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/shop/')
      expect(open.complaints).toEqual([])
    })

    it('shows prices, the load of the processes and the round trip, also while reports run', async () => {
      await using open = await openPage()
      const { page } = open
      await page.getByRole('button', { name: 'Run 4 reports at once' }).click()
      await page.locator('#load-shop', { hasText: /^[1-4] taken/ }).waitFor()
      await page.locator('#reports', { hasText: '4 reports by 2 processes' }).waitFor()
      for (const id of ['gap', 'longest-gap', 'now', 'longest']) {
        expect(await page.textContent(`#${id}`)).toMatch(/^[\d.]+ ms$/)
      }
      expect(await page.textContent('#price-tea')).toMatch(/^[45]\.\d\d$/)
      expect(open.complaints).toEqual([])
    })

    it('sends prices and answers the board while reports keep all processes of the shop busy', async () => {
      const address = server.url.replace('http', 'ws')
      await using prices = await openSocket(`${address}/api/prices`)
      await using board = await openSocket(address)
      let areReported = false
      const reports = Promise.all(Array.from({ length: REPORTS }, () => ask('/shop/report')))
      const reported = reports.then(() => (areReported = true))

      // The first two reports run for a second, and the others wait for them.
      const seen: unknown[] = []
      prices.socket.on('message', (data: Buffer) => seen.push(JSON.parse(data.toString())))
      for (let round = 1; round <= 5; round += 1) {
        await once(prices.socket, 'message')
        await roundTrip(board.socket, round)
      }
      expect(areReported).toBe(false)
      expect(seen).toContainEqual({
        tea: expect.any(Number),
        pot: expect.any(Number),
        cups: expect.any(Number),
      })
      await reported
      expect(new Set((await reports).map(({ pid }) => pid)).size).toBe(2)
    })

    it('has one chain: each response has an id and its time, and each app its own answers', async () => {
      for (const path of ['/', '/shop/products', '/api/prices/tea', '/api/prices/none', '/none']) {
        const response = await fetch(server.url + path, { headers: { 'x-request-id': 'order-7' } })
        await response.arrayBuffer()
        const { headers, status } = response
        expect([path, headers.get('x-request-id')]).toEqual([path, 'order-7'])
        expect(headers.get('server-timing')).toMatch(/^app;dur=/)
        expect(status).toBe(path.endsWith('none') ? 404 : 200)
      }
      expect(await ask('/api/prices/pot')).toEqual({ product: 'pot', price: expect.any(Number) })
    })
  },
)

async function ask(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(server.url + path, { signal: AbortSignal.timeout(DEADLINE_MS) })
  return (await response.json()) as Record<string, unknown>
}

async function openSocket(url: string): Promise<{ socket: WebSocket } & AsyncDisposable> {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const close = async (): Promise<void> => {
    socket.close()
    await once(socket, 'close')
  }
  return { socket, [Symbol.asyncDispose]: close }
}

async function roundTrip(socket: WebSocket, number: number): Promise<void> {
  const back = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      if ((JSON.parse(data.toString()) as { sentAt?: number }).sentAt === number) resolve()
    })
  })
  socket.send(JSON.stringify({ sentAt: number }))
  await back
}

interface OpenPage extends AsyncDisposable {
  page: Page
  /** The errors that the browser reported. */
  complaints: string[]
}

async function openPage(): Promise<OpenPage> {
  const context = await browser.newContext()
  context.setDefaultTimeout(DEADLINE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.goto(server.url)
  for (const link of ['prices-link', 'board-link']) {
    await page.locator(`#${link}`, { hasText: 'live' }).waitFor()
  }
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}
