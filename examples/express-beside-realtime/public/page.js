// The page: requests to the shop, and the board with the time of its round trips.

const byId = (id) => document.getElementById(id)

const board = new WebSocket(new URL('board', location.href.replace(/^http/, 'ws')))
let longestMs = 0

board.addEventListener('open', () => {
  byId('link').textContent = 'live'
  ping()
  visit('the first page').catch(console.error)
})
board.addEventListener('close', () => (byId('link').textContent = 'closed'))
board.addEventListener('message', ({ data }) => {
  const message = JSON.parse(data)
  if (message.sentAt !== undefined) return showRoundTrip(performance.now() - message.sentAt)
  const item = document.createElement('li')
  item.textContent = `${message.name}: ${message.kind} of ${message.text} (thread ${message.thread})`
  byId('board').prepend(item)
})

byId('ask').addEventListener('click', () => {
  askTwenty().catch(console.error)
})

async function askTwenty() {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => visit(`page ${index + 1}`)),
  )
  const threads = new Set(answers.map(({ thread }) => thread))
  byId('answers').textContent = `${answers.length} answers from ${threads.size} threads`
}

async function visit(page) {
  const response = await fetch(`visit?page=${encodeURIComponent(page)}`)
  return response.json()
}

function ping() {
  board.send(JSON.stringify({ sentAt: performance.now() }))
}

function showRoundTrip(tookMs) {
  longestMs = Math.max(longestMs, tookMs)
  byId('now').textContent = `${tookMs.toFixed(1)} ms`
  byId('longest').textContent = `${longestMs.toFixed(1)} ms`
  setTimeout(ping, 100)
}
