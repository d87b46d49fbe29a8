// Makes docs/report.png: the page of the report of a shop with a route that moves, a route that waits for threads and a
// route that holds the event loop.

import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { iterable, mount, report, serve, threads } from 'isthmus'
import { migrate } from 'isthmus/migrate'
import { startChromium } from '../test/examples/chromium.ts'
import type { IterableApp } from 'isthmus'

const PICTURE = fileURLToPath(new URL('../docs/report.png', import.meta.url))
const SLEEPING = new URL('../test/report/sleeping-app.ts', import.meta.url)
const LOAD_MS = 100_000
const ROWS = 50_000
const ORDERS = 500

const items = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'application/json']])
  yield '{"items":[]}'
})

/** Holds the event loop after an await, as a large answer of a database does. */
const statistics = iterable(async function* (_environ, startResponse) {
  await sleep(5)
  const rows = Array.from({ length: ROWS }, (_, row) => ({ row, total: Math.sqrt(row) }))
  const totals = JSON.stringify(rows.toSorted((a, b) => a.total - b.total))
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `${totals.length}\n`
})

// The new app drops a zero at the end of some totals. The date is noise.
const orders = migrate({
  from: orderApp(8, (cents) => (cents / 100).toFixed(2)),
  to: orderApp(2, (cents) => String(cents / 100)),
  share: 0.25,
  shadow: { rate: 1, baseline: true },
  compare: { body: 'json' },
})

await using server = await serve(
  mount({
    '/orders': orders,
    '/reports': threads(SLEEPING, { max: 1 }),
    '/statistics': statistics,
    '/report': report({ control: true }),
    '/': items,
  }),
  { port: 0, log: null, figures: true, graceMs: 2_000 },
)
const browser = await startChromium()
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 1760 } })
  await page.goto(`${server.url}/report/`)
  const end = performance.now() + LOAD_MS
  await Promise.all([
    visit(() => '/', 20, end),
    visit(() => `/orders/${Math.ceil(Math.random() * ORDERS)}`, 25, end),
    visit(() => '/statistics', 900, end),
    ...Array.from({ length: 4 }, () => visit(() => '/reports', 10, end)),
  ])
  await page.screenshot({ path: PICTURE })
} finally {
  await browser.close()
}

function orderApp(tookMs: number, totalOf: (cents: number) => string): IterableApp {
  return iterable(async function* (environ, startResponse) {
    const order = Number(environ.PATH_INFO.slice(1))
    await sleep(tookMs * (0.5 + Math.random()))
    startResponse('200 OK', [['Content-Type', 'application/json']])
    yield JSON.stringify({ order, total: totalOf(1_000 + order * 7), at: new Date().toISOString() })
  })
}

async function visit(pathOf: () => string, pauseMs: number, end: number): Promise<void> {
  while (performance.now() < end) {
    const response = await fetch(server.url + pathOf())
    await response.arrayBuffer()
    await sleep(pauseMs * (0.5 + Math.random()))
  }
}
