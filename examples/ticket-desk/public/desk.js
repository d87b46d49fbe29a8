// Makes the page live: the board over a WebSocket, the ticker over server-sent events.

import { makeChart } from './chart.js'

const PING_EVERY_MS = 200
const RETRY_FIRST_MS = 250
const RETRY_LAST_MS = 5000

const find = (id) => document.getElementById(id)
const board = find('board')
const chart = makeChart(find('chart'), { now: find('now'), worst: find('worst') })

// --- the board ---

let socket
let retryMs = RETRY_FIRST_MS

connect()
setInterval(tick, PING_EVERY_MS)

function connect() {
  const url = new URL(`board?after=${board.dataset.seen}`, document.baseURI)
  url.protocol = url.protocol.replace('http', 'ws')
  socket = new WebSocket(url)

  socket.addEventListener('open', () => {
    retryMs = RETRY_FIRST_MS
    showLink('live')
  })
  socket.addEventListener('message', (event) => {
    const message = JSON.parse(event.data)
    if ('pong' in message) chart.answered(message.pong)
    else showTicket(message.ticket)
  })
  socket.addEventListener('close', () => {
    showLink('reconnecting')
    chart.lost()
    // Spread out, so that a restarted server does not meet every page at once.
    setTimeout(connect, retryMs * (0.5 + Math.random() / 2))
    retryMs = Math.min(retryMs * 2, RETRY_LAST_MS)
  })
}

// Pings leave on the clock, answered or not: waiting for answers would hide how long the silence was.
function tick() {
  const open = socket.readyState === WebSocket.OPEN
  if (open) socket.send(chart.sent())
  else chart.draw()
}

function showLink(state) {
  find('link').textContent = state
  find('link').dataset.state = state
}

function showTicket(ticket) {
  if (ticket.number <= Number(board.dataset.seen)) return
  board.dataset.seen = ticket.number

  const row = find('row').content.firstElementChild.cloneNode(true)
  row.querySelector('.number').textContent = ticket.number
  row.querySelector('.name').textContent = ticket.name
  row.querySelector('.title').textContent = titleOf(ticket)
  row.querySelector('.seat b').textContent = ticket.seat
  row.classList.add('fresh')
  board.prepend(row)
  while (board.children.length > Number(board.dataset.rows)) board.lastElementChild.remove()

  const left = choiceOf(ticket)?.querySelector('[data-left]')
  if (left) left.textContent = left.dataset.seats - ticket.seat
}

const choiceOf = ({ performance }) =>
  document.querySelector(`input[value="${CSS.escape(performance)}"]`)?.closest('.choice')

const titleOf = (ticket) => choiceOf(ticket)?.querySelector('b').textContent ?? ticket.performance

// --- the ticker ---

// EventSource reconnects by itself, and resumes after the last id.
new EventSource('feed').addEventListener('message', (event) => {
  const ticket = JSON.parse(event.data)
  const title = document.createElement('b')
  title.textContent = titleOf(ticket)
  find('ticker').replaceChildren('Just sold: ', title, `, seat ${ticket.seat}`)
})

// --- the report ---

find('report').addEventListener('submit', (event) => {
  event.preventDefault()
  const conclude = (sentence) => {
    find('verdict').textContent = sentence
    event.submitter.disabled = false
  }
  event.submitter.disabled = true
  find('verdict').textContent = 'Computing …'
  runReport(event.target.action).then(conclude, (error) => conclude(`It failed: ${error.message}`))
})

async function runReport(address) {
  const report = chart.startReport()
  try {
    const response = await fetch(address)
    await response.text()
    if (!response.ok) throw new Error(response.statusText)
  } finally {
    report.end()
  }
  const effect =
    report.worstMs() < 250 ? 'The board did not notice' : 'Nothing else moved meanwhile'
  return `Done in ${report.seconds().toFixed(1)} s. ${effect}: its worst round trip was ${chart.format(report.worstMs())}.`
}
