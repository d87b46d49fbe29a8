// The example with an Express app in two threads and a board on the event loop, in a real browser.

import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from 'isthmus'
import { WebSocket } from 'ws'
import { startChromium } from './chromium.ts'
import type { Browser, Page } from 'playwright-core'
import type { Server } from 'isthmus'

const DEADLINE_MS = 60_000
const REQUESTS = 20

interface Message {
  kind: string
  text?: string
  name: string
  thread: number
  turn: number
}

let folder: string
let server: Server
let browser: Browser

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shop-'))
  process.env['SHOP_DATA'] = folder
  const { default: app } = await import('../../examples/express-beside-realtime/app.ts')
  server = await serve(app, { port: 0, log: null, graceMs: 2_000 })
  browser = await startChromium()
}, DEADLINE_MS)
afterAll(async () => {
  await browser?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
}, DEADLINE_MS)

describe('an Express app in threads beside a board', { timeout: 2 * DEADLINE_MS }, () => {
  it('keeps a session over two threads, and shows visits and uploads on the board', async () => {
    await using shop = await openPage()
    const { page } = shop
    await page.getByLabel('Your name').fill('Ada <i>L</i>')
    await Promise.all([
      page.waitForResponse((response) => response.url().includes('/visit')),
      page.getByRole('button', { name: 'Log in' }).click(),
    ])
    await isLive(page)

    await page.getByRole('button', { name: 'Ask 20 times at once' }).click()
    await page.locator('#answers', { hasText: '20 answers from 2 threads' }).waitFor()
    for (let number = 1; number <= REQUESTS; number += 1) {
      await page
        .locator('#board li', { hasText: `Ada <i>L</i>: visit of page ${number} (` })
        .waitFor()
    }
    expect(shop.complaints).toEqual([])
  })

  it('takes an upload, and shows it on the boards of other windows', async () => {
    await using watcher = await openPage()
    await using shop = await openPage()
    const buffer = Buffer.alloc(300_000, 'x')
    await shop.page
      .getByLabel('A picture')
      .setInputFiles({ name: 'cat.png', mimeType: 'image/png', buffer })
    await shop.page.getByRole('button', { name: 'Upload' }).click()

    await watcher.page
      .locator('#board li', { hasText: 'a guest: upload of cat.png, 300000 bytes' })
      .waitFor()
    expect(readdirSync(join(folder, 'uploads'))).toHaveLength(1)
    expect([...watcher.complaints, ...shop.complaints]).toEqual([])
  })

  it('gives the board each message once, in the order of its thread, while requests block', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/board`)
    await once(socket, 'open')
    const seen: Message[] = []
    const allSeen = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message
        if (message.text?.startsWith('burst')) seen.push(message)
        if (seen.length === REQUESTS) resolve()
      })
    })
    socket.send('{"echo":1}')
    await once(socket, 'message')

    const signal = AbortSignal.timeout(DEADLINE_MS)
    const visit = async (number: number): Promise<Message> => {
      const response = await fetch(`${server.url}/visit?page=burst${number}`, { signal })
      return (await response.json()) as Message
    }
    const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, index) => visit(index)))
    await allSeen
    socket.close()
    await once(socket, 'close')

    expect(sorted(seen)).toEqual(sorted(answers))
    expect(new Set(answers.map(({ thread }) => thread)).size).toBe(2)
    for (const { thread } of answers) {
      const turns = seen.filter((message) => message.thread === thread).map(({ turn }) => turn)
      expect(turns).toEqual(turns.toSorted((a, b) => a - b))
    }
  })
})

function sorted(messages: Message[]): Message[] {
  return messages.toSorted((a, b) => String(a.text).localeCompare(String(b.text)))
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
  await isLive(page)
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}

function isLive(page: Page): Promise<void> {
  return page.locator('#link', { hasText: 'live' }).waitFor()
}
