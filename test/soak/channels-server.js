// A process of the soak of channels: a server whose sockets join a board, and whose sync app publishes from a thread. The
// first process of cluster() starts the servers, and keeps the histories.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { cluster, memory, redis, sinceOf } from 'isthmus/channels'

const [kind, place, history, servers] = process.argv.slice(2)
// Before the channels listen: they would log that they reach no other process.
if (process.send) process.on('disconnect', () => process.exit())
const channels = makeChannels()
if (kind === 'cluster' && !process.send) await startHub()
else await startServer()

function makeChannels() {
  const options = { history: { board: { size: Number(history) } } }
  if (kind === 'redis') return redis({ ...options, url: place })
  return kind === 'cluster' ? cluster(options) : memory(options)
}

async function startHub() {
  const own = createServer((_, response) => response.end(JSON.stringify(figures())))
  await once(own.listen(0, '127.0.0.1'), 'listening')
  const urls = await Promise.all(Array.from({ length: Number(servers) }, startChild))
  announce(urls, [`http://127.0.0.1:${own.address().port}`, ...urls])
}

async function startChild() {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2))
  channels.attach(child)
  child.on('disconnect', () => process.exit(1))
  return new Promise((resolve) => {
    child.on('message', (message) => message.url && resolve(message.url))
  })
}

async function startServer() {
  // The hub does without: the server is most of the start of a process.
  const { mount, serve, threads, websocket } = await import('isthmus')
  const publisher = new URL('./channels-publisher.js', import.meta.url)
  const app = mount({
    '/figures': figuresApp,
    '/live': websocket(live),
    '/': threads(publisher, { min: 1, max: 1 }),
  })
  const log = { debug() {}, info() {}, warn: printOnce(), error: printOnce() }
  const { url } = await serve(app, { port: 0, log, channels })
  if (process.send) process.send({ url })
  else announce([url], [url])
}

function announce(urls, figuresOf) {
  console.log(JSON.stringify({ servers: urls, figures: figuresOf }))
  process.stdin.on('end', () => process.exit()).resume()
}

// A machine with too much load has one reason for thousands of lines.
function printOnce() {
  const printed = new Set()
  return (fields, message) => {
    if (!printed.has(message)) console.error(process.pid, message, fields)
    printed.add(message)
  }
}

async function live(socket) {
  const since = sinceOf(socket.scope).get('board')
  await socket.join('board', { since, forward: true })
  // A client that sends nothing: the loop waits for its end.
  for await (const message of socket) void message
}

async function* figuresApp(_environ, startResponse) {
  startResponse('200 OK', [['content-type', 'application/json']])
  yield JSON.stringify(figures())
}

function figures() {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  const mib = (heapUsed + external) / 2 ** 20
  return { pid: process.pid, mib, ...channels.stats() }
}
