// A process of the soak of channels: a server whose sockets join a board, and whose sync app publishes from a thread. The
// first process of cluster() starts the servers, and keeps the histories.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { mount, serve, threads, websocket } from 'isthmus'
import { cluster, memory, redis, sinceOf } from 'isthmus/channels'

const [kind, place, history, servers] = process.argv.slice(2)
const options = { history: { board: { size: Number(history) } } }
const isHub = kind === 'cluster' && process.send === undefined
// Before the channels listen: they would log that they reach no other process.
if (process.send) process.on('disconnect', () => process.exit())
const channels = makeChannels()
const table = { '/figures': figures }
if (!isHub) {
  table['/live'] = websocket(live)
  table['/'] = threads(new URL('./channels-publisher.js', import.meta.url), { min: 1, max: 1 })
}
// Overload has one reason for thousands of lines.
const printed = new Set()
const print = (fields, message) => {
  if (printed.has(message)) return
  printed.add(message)
  console.error(process.pid, message, fields)
}
const log = { debug() {}, info() {}, warn: print, error: print }
const starting = isHub ? startServers() : undefined
const { url } = await serve(mount(table), { port: 0, log, channels })
if (process.send) process.send({ url })
else await announce()

function makeChannels() {
  if (kind === 'redis') return redis({ ...options, url: place })
  return kind === 'cluster' ? cluster(options) : memory(options)
}

async function announce() {
  const urls = (await starting) ?? [url]
  console.log(JSON.stringify({ servers: urls, figures: isHub ? [url, ...urls] : urls }))
  process.stdin.on('end', () => process.exit()).resume()
}

function startServers() {
  const path = fileURLToPath(import.meta.url)
  const starts = Array.from({ length: Number(servers) }, () => {
    const child = fork(path, process.argv.slice(2))
    channels.attach(child)
    child.on('disconnect', () => process.exit(1))
    return new Promise((resolve) => {
      child.on('message', (message) => message.url && resolve(message.url))
    })
  })
  return Promise.all(starts)
}

async function live(socket) {
  const since = sinceOf(socket.scope).get('board')
  await socket.join('board', { since, forward: true })
  // A client that sends nothing: the loop waits for its end.
  for await (const message of socket) void message
}

async function* figures(_environ, startResponse) {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  const body = JSON.stringify({
    pid: process.pid,
    mib: (heapUsed + external) / 2 ** 20,
    ...channels.stats(),
  })
  startResponse('200 OK', [['content-type', 'application/json']])
  yield body
}
