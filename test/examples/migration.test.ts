// One shop in five steps of a migration. Each step starts by its command in the README, and the same customer buys in all.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startChromium } from './chromium.ts'
import type { ChildProcess } from 'node:child_process'
import type { Report, ShadowReport } from '../../src/contract/report.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 60_000
const COMMANDS = commandsOf(readFileSync(`${ROOT}/examples/migration/README.md`, 'utf8'))

/** The steps, and the tests that a step has beside those of all. */
const STEPS: Array<[step: string, ownTests: (place: () => Place) => void]> = [
  ['1-express', () => {}],
  ['2-remote', () => {}],
  ['3-threads', () => {}],
  ['4-shadow', testShadow],
  ['5-realtime', testBoard],
]

/** The place of a running step. */
interface Place {
  url: string
  folder: string
}

/** A process of a step, and the URL on which it listens. */
interface Started {
  url: string
  child: ChildProcess
  complaints: () => string
}

/** The browser of one customer: it keeps cookies, and follows no redirection. */
class Customer {
  readonly #url: string
  readonly #cookies = new Map<string, string>()

  constructor(url: string) {
    this.#url = url
  }

  async get(path: string): Promise<Response> {
    return this.#fetch(path, {})
  }

  async post(path: string, form: Record<string, string>): Promise<Response> {
    return this.#fetch(path, { method: 'POST', body: new URLSearchParams(form) })
  }

  /** Buys two tents, and returns the path of the order. */
  async order(name: string): Promise<string> {
    await this.post('/cart', { product: 'tent', units: '2' })
    const response = await this.post('/orders', { name })
    const path = response.headers.get('location')
    if (path === null) throw new Error(`no order: ${response.status} ${await response.text()}`)
    return path
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`${this.#url}${path}`, {
      ...init,
      headers: { cookie },
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      this.#cookies.set(name, value)
    }
    return response
  }
}

describe.each(STEPS)('the shop of %s', { timeout: DEADLINE_MS }, (step, ownTests) => {
  let folder: string
  let processes: Started[]
  let url: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'migration-'))
    processes = await startStep(step, folder)
    url = processes.at(-1)!.url
  }, DEADLINE_MS)
  afterAll(async () => {
    const ends = await Promise.all((processes ?? []).map(end))
    rmSync(folder, { recursive: true, force: true })
    const failed = ends.filter((end) => end !== 'exit 0')
    if (failed.length > 0) throw new Error(`after SIGTERM: ${failed.join('; ')}`)
  }, DEADLINE_MS)

  it('shows the products and the stylesheet', async () => {
    const customer = new Customer(url)
    expect(await (await customer.get('/')).text()).toContain('Tent, 189.00 €')
    const style = await customer.get('/shop.css')
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(await style.text()).toContain('font-family')
  })

  it('keeps a cart for its customer, and computes its price', async () => {
    const [ada, grace] = [new Customer(url), new Customer(url)]
    expect((await ada.post('/cart', { product: 'tent', units: '2' })).status).toBe(303)
    expect((await ada.post('/cart', { product: 'rope', units: '10' })).status).toBe(303)
    const cart = await (await ada.get('/cart')).text()
    expect(cart).toContain('<tr><td>10 × Rope, 20 m<td>190.00 €')
    expect(cart).toContain('<tr><td>Parcels<td>23.70 €<tr><td>Total<td>591.70 €')
    expect(await (await grace.get('/cart')).text()).not.toContain('Tent')
  })

  it('refuses an order without a name, an empty cart, and a cart that is too large', async () => {
    const customer = new Customer(url)
    expect((await customer.post('/orders', { name: 'Ada' })).status).toBe(400)
    expect((await customer.post('/cart', { product: 'tent', units: '13' })).status).toBe(400)
    expect((await customer.post('/cart', { product: 'boat' })).status).toBe(400)
    await customer.post('/cart', { product: 'lamp' })
    expect((await customer.post('/orders', { name: ' ' })).status).toBe(400)
  })

  it('takes an order, shows it, and empties the cart', async () => {
    const customer = new Customer(url)
    const path = await customer.order('Ada <i>L</i>')
    const page = await (await customer.get(path)).text()
    expect(page).toContain('Order of Ada &#60;i&#62;L&#60;/i&#62;')
    expect(page).toContain('<tr><td>2 × Tent<td>378.00 €')
    expect(await (await customer.get('/cart')).text()).not.toContain('Tent')
    expect((await customer.get('/orders/none')).status).toBe(404)
  })

  it('answers with an order as JSON, and with 404 if there is none', async () => {
    const customer = new Customer(url)
    const path = await customer.order('Grace')
    const id = path.replace('/orders/', '')
    const response = await customer.get(`/api/orders/${id}`)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toEqual({
      id,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      asOf: expect.stringMatching(/^\d{4}-.*Z$/),
      name: 'Grace',
      cart: { tent: 2 },
      price: { goods: 37_800, parcels: 890, total: 38_690 },
    })

    const none = await customer.get('/api/orders/none')
    expect([none.status, await none.json()]).toEqual([404, { error: 'there is no order none' }])
  })

  it('lists the orders of many customers at once, the newest first', async () => {
    const names = Array.from({ length: 10 }, (_, number) => `customer ${number}`)
    await Promise.all(names.map((name) => new Customer(url).order(name)))
    await new Customer(url).order('the last')
    const list = await (await new Customer(url).get('/api/orders')).json()
    const { orders } = list as { orders: Array<{ name: string }> }
    expect(orders[0]?.name).toBe('the last')
    const listed = orders.map(({ name }) => name).filter((name) => name.startsWith('customer'))
    expect(listed.toSorted()).toEqual(names)
  })

  ownTests(() => ({ url, folder }))
})

function testShadow(place: () => Place): void {
  it('compares the new answers with those of Express, and finds only noise', async () => {
    const customer = new Customer(place().url)
    const path = `/api${await customer.order('Ada')}`
    const { compared } = await shadowOf(place())
    for (let request = 0; request < 5; request += 1) await customer.get(path)
    const isCompared = async (): Promise<boolean> =>
      (await shadowOf(place())).compared >= compared + 5
    await vi.waitUntil(isCompared, { timeout: DEADLINE_MS })

    const { last, noise } = await shadowOf(place())
    // The list of the orders may grow between an answer and its copy.
    expect(last.filter((mismatch) => mismatch.path === path)).toEqual([])
    expect(noise).toBeGreaterThan(0)
  })

  it('gives the new app to all clients, and takes it back, while it runs', async () => {
    const customer = new Customer(place().url)
    const framework = async (): Promise<string | null> =>
      (await customer.get('/api/orders')).headers.get('x-powered-by')

    await run(place(), 'npx isthmus migrate set /api/orders --share 1 --control isthmus.sock')
    expect(await framework()).toBeNull()
    await run(place(), 'npx isthmus migrate rollback /api/orders --control isthmus.sock')
    expect(await framework()).toBe('Express')
  })
}

async function shadowOf(place: Place): Promise<ShadowReport> {
  const text = await run(place, 'npx isthmus report --control isthmus.sock --json')
  const { migrations } = JSON.parse(text) as Report
  return migrations[0]!.shadow!
}

function testBoard(place: () => Place): void {
  it('sends each order to the board', async () => {
    const customer = new Customer(place().url)
    const socket = new WebSocket(`${place().url.replace('http:', 'ws:')}/live`)
    await once(socket, 'open')
    const news = once(socket, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })
    await customer.order('Ada')
    const [message] = await news
    expect(JSON.parse(String(message))).toMatchObject({ name: 'Ada', cart: { tent: 2 } })
    socket.close()
    await once(socket, 'close')
  })

  it('shows each order on the page of the board', async () => {
    const browser = await startChromium()
    try {
      const page = await browser.newPage()
      page.setDefaultTimeout(DEADLINE_MS)
      await page.goto(`${place().url}/board`)
      await page.locator('#link', { hasText: 'live' }).waitFor()
      await new Customer(place().url).order('Ada <i>L</i>')
      expect(await page.locator('li').first().textContent()).toBe('Ada <i>L</i>: 386.90 €')
    } finally {
      await browser.close()
    }
  })

  it('has the JSON of the orders from the new app alone', async () => {
    const customer = new Customer(place().url)
    expect((await customer.get('/')).headers.get('x-powered-by')).toBe('Express')
    expect((await customer.get('/api/orders')).headers.get('x-powered-by')).toBeNull()
  })
}

/** The command of each step: the first line of a block under its heading that starts a file of its folder. */
function commandsOf(page: string): Map<string, string[]> {
  const lines = page.matchAll(/^(?:node|npx isthmus serve) examples\/migration\/([^/]+)\/.*$/gm)
  return new Map([...lines].map(([line, step = '']) => [step, line.split(' ')]))
}

// In step 2 the process of step 1 goes on.
async function startStep(step: string, folder: string): Promise<Started[]> {
  if (step !== '2-remote') return [await start(step, { SHOP_DATA: folder })]
  const shop = await start('1-express', { SHOP_DATA: folder })
  return [shop, await start(step, { SHOP_URL: shop.url })]
}

async function start(step: string, place: Record<string, string>): Promise<Started> {
  const words = wordsOf((COMMANDS.get(step) ?? []).join(' '), place['SHOP_DATA'] ?? '')
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    env: { ...process.env, ...place, [step === '1-express' ? 'PORT' : 'ISTHMUS_PORT']: '0' },
    timeout: DEADLINE_MS,
  })
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += String(chunk)))
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, child, complaints: () => complaints }
  }
  throw new Error(`${step} ended before it listened: ${complaints}`)
}

async function end({ child, complaints }: Started): Promise<string> {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const [status, signal] = (await closed) as [number | null, string | null]
  return status === 0 ? 'exit 0' : `exit ${status ?? signal}: ${complaints()}`
}

/** Runs a command that ends by itself, and returns its output. */
async function run({ folder }: Place, command: string): Promise<string> {
  const options = { cwd: ROOT, timeout: DEADLINE_MS }
  const { stdout } = await promisify(execFile)(process.execPath, wordsOf(command, folder), options)
  return stdout
}

// npx starts the command in a child, which a signal to npx does not reach.
function wordsOf(command: string, folder: string): string[] {
  return command
    .replace(/^npx isthmus/, 'dist/cli/main.js')
    .replace(/^node /, '')
    .replace('isthmus.sock', join(folder, 'isthmus.sock'))
    .split(' ')
}
