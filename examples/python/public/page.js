// The page: prices from FastAPI, orders and reports from Flask, and the load of both from TypeScript.

const REPORTS = 4

const byId = (id) => document.getElementById(id)
const ms = (time) => `${time.toFixed(1)} ms`

// Prices.

const prices = openSocket('api/prices', 'prices-link')
let pricedAt
let longestGapMs = 0

prices.addEventListener('message', ({ data }) => {
  for (const [product, price] of Object.entries(JSON.parse(data))) showPrice(product, price)
  const now = performance.now()
  if (pricedAt !== undefined) showGap(now - pricedAt)
  pricedAt = now
})

function showPrice(product, price) {
  const id = `price-${product}`
  if (!byId(id)) {
    const row = byId('prices').insertRow()
    row.insertCell().textContent = product
    row.insertCell().id = id
  }
  byId(id).textContent = price.toFixed(2)
}

function showGap(gapMs) {
  longestGapMs = Math.max(longestGapMs, gapMs)
  byId('gap').textContent = ms(gapMs)
  byId('longest-gap').textContent = ms(longestGapMs)
}

// The shop.

for (const [value, name] of Object.entries(await json('shop/products'))) {
  byId('products').append(new Option(name, value))
}
await showOrders()

byId('order').addEventListener('submit', (event) => {
  event.preventDefault()
  order(new URLSearchParams(new FormData(event.target))).catch(console.error)
})

byId('report').addEventListener('click', () => {
  runReports().catch(console.error)
})

async function order(fields) {
  const { ok } = await fetch('shop/orders', { method: 'POST', body: fields })
  if (ok) await showOrders()
}

async function showOrders() {
  const items = (await json('shop/orders')).map(({ name, product }) => {
    const item = document.createElement('li')
    item.textContent = `${name}: ${product}`
    return item
  })
  byId('orders').replaceChildren(...items)
}

async function runReports() {
  const startedAt = performance.now()
  longestGapMs = 0
  byId('reports').textContent = 'running'
  const reports = await Promise.all(Array.from({ length: REPORTS }, () => json('shop/report')))
  const processes = new Set(reports.map(({ pid }) => pid)).size
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  byId('reports').textContent = `${REPORTS} reports by ${processes} processes in ${seconds} s`
}

// The board.

const board = openSocket('', 'board-link')
let longestMs = 0

board.addEventListener('open', ping)
board.addEventListener('message', ({ data }) => {
  const { load, sentAt } = JSON.parse(data)
  if (load) showLoad(load)
  else showRoundTrip(performance.now() - sentAt)
})

function ping() {
  board.send(JSON.stringify({ sentAt: performance.now() }))
}

function showLoad(load) {
  for (const [name, { inFlight, queued, completed }] of Object.entries(load)) {
    byId(`load-${name}`).textContent = `${inFlight} taken, ${queued} waiting, ${completed} done`
  }
}

function showRoundTrip(tookMs) {
  longestMs = Math.max(longestMs, tookMs)
  byId('now').textContent = ms(tookMs)
  byId('longest').textContent = ms(longestMs)
  setTimeout(ping, 100)
}

function openSocket(path, link) {
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, 'ws')))
  socket.addEventListener('open', () => (byId(link).textContent = 'live'))
  socket.addEventListener('close', () => (byId(link).textContent = 'closed'))
  return socket
}

// Without `no-store` the browser asks for the same address once at a time.
async function json(path) {
  const response = await fetch(path, { cache: 'no-store' })
  return response.json()
}
