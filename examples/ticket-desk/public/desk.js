// Makes the page live: the board over a WebSocket, the ticker over server-sent events.

import { makeChart } from './chart.js'
import { follow } from './live.js'

const PING_EVERY_MS = 200

const find = (id) => document.getElementById(id)
const board = find('board')
const chart = makeChart(find('chart'), { now: find('now'), worst: find('worst') })

// --- the board ---

const shown = new Set()
const live = follow('board', {
  onMessage: showTicket,
  onText: (text) => chart.answered(JSON.parse(text).pong),
  onGap: readAgain,
  onJoined: ({ recovered, isReturn }) => {
    const messages = recovered === 1 ? 'message' : 'messages'
    if (isReturn && recovered > 0) showLink('live', `live, caught up ${recovered} ${messages}`)
  },
  onState: (state) => {
    if (state === 'live') showLink('live')
    if (state === 'waiting') {
      showLink('reconnecting')
      chart.lost()
    }
  },
})
setInterval(tick, PING_EVERY_MS)

// Pings leave on the clock, answered or not: waiting for answers would hide how long the silence was.
function tick() {
  if (live.state === 'live') live.send(chart.sent())
  else chart.draw()
}

function showLink(state, text = state) {
  find('link').textContent = text
  find('link').dataset.state = state
}

function showTicket(ticket) {
  // The page came with the tickets up to a number. Two threads may tell later ones in another order than they sold them.
  const { number } = ticket
  if (number <= Number(board.dataset.seen) || shown.has(number)) return
  shown.add(number)

  const row = find('row').content.firstElementChild.cloneNode(true)
  row.querySelector('.number').textContent = number
  row.querySelector('.name').textContent = ticket.name
  row.querySelector('.title').textContent = titleOf(ticket)
  row.querySelector('.seat b').textContent = ticket.seat
  row.classList.add('fresh')
  board.insertBefore(row, [...board.children].find((other) => numberOf(other) < number) ?? null)
  while (board.children.length > Number(board.dataset.rows)) board.lastElementChild.remove()

  const left = choiceOf(ticket)?.querySelector('[data-left]')
  if (left) left.textContent = Math.min(left.textContent, left.dataset.seats - ticket.seat)
}

// The server has tickets that no message tells any more: its page has them all.
async function readAgain() {
  const answer = await fetch(document.baseURI)
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
  board.replaceChildren(...fresh.querySelector('#board').children)
  board.dataset.seen = fresh.querySelector('#board').dataset.seen
  for (const left of fresh.querySelectorAll('[data-left]')) {
    document.querySelector(`[data-left="${left.dataset.left}"]`).textContent = left.textContent
  }
}

const numberOf = (row) => Number(row.querySelector('.number').textContent)

const choiceOf = ({ performance }) =>
  document.querySelector(`input[value="${CSS.escape(performance)}"]`)?.closest('.choice')

const titleOf = (ticket) => choiceOf(ticket)?.querySelector('b').textContent ?? ticket.performance

// --- the ticker ---

// EventSource reconnects by itself, and resumes after the last id.
new EventSource('feed').addEventListener('message', (event) => {
  const { message: ticket } = JSON.parse(event.data)
  if (!ticket) return
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
