// Messages from a publisher to a consumer, over channels or over the bare transport. A request to /run publishes for some
// seconds and answers with the receipts of the consumer. Words: KIND VARIANT, see benchmarks/scenarios/channels.ts.

import { fork, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { createServer as createPort } from 'node:net'
import { fileURLToPath } from 'node:url'
import { cluster, memory, redis } from 'isthmus/channels'
import { createClient } from 'redis'
import { listen } from './ready.js'

const [kind, variant, url] = process.argv.slice(2)
const PER_SECOND = 1000
const MOST_PENDING = 1000
const PAD = 'x'.repeat(200)
const options = variant === 'history' ? { history: { board: { size: 1000 } } } : {}
const now = () => performance.timeOrigin + performance.now()

if (process.send) await publisher()
else await consumer()

async function consumer() {
  const redisUrl = kind.includes('redis') ? await startRedis() : '-'
  const trips = []
  const onMessage = ({ at }) => trips.push(now() - at)
  const subscriber = await connect(redisUrl)
  const peer = kind === 'memory' ? localPeer(subscriber) : forkPeer(redisUrl, subscriber, onMessage)
  await subscriber.subscribe(onMessage)
  await peer.ready
  listen(
    createServer((request, response) => {
      const seconds = Number(new URL(request.url, 'http://x').searchParams.get('seconds'))
      answer(response, measure(peer, trips, seconds)).catch(crash)
    }),
  )
}

async function answer(response, figures) {
  response.end(JSON.stringify(await figures))
}

async function measure(peer, trips, seconds) {
  trips.length = 0
  const start = performance.now()
  const { sent } = await peer.run(seconds)
  for (const until = now() + 2000; trips.length < sent && now() < until;) await turn(1)
  const perSecond = (trips.length / (performance.now() - start)) * 1000
  return { sent, perSecond, trips: [...trips] }
}

function localPeer(channels) {
  return { ready: undefined, run: (seconds) => publishFor(seconds, channels) }
}

function forkPeer(redisUrl, subscriber, onMessage) {
  const child = fork(fileURLToPath(import.meta.url), [kind, variant, redisUrl])
  subscriber.attach?.(child)
  const waiting = []
  child.on('message', (message) => {
    if (message.at !== undefined) onMessage(message)
    else if (message.control !== undefined) waiting.shift()?.(message.control)
  })
  const next = () => new Promise((resolve) => waiting.push(resolve))
  return {
    ready: next(),
    run(seconds) {
      child.send({ seconds })
      return next()
    },
  }
}

async function publisher() {
  // A connection to Redis would keep the process after its parent.
  process.on('disconnect', () => process.exit())
  const channels = await connect(url)
  process.on('message', ({ seconds }) => {
    if (seconds !== undefined) report(seconds, channels).catch(crash)
  })
  process.send({ control: 'ready' })
}

function crash(error) {
  console.error(error)
  process.exit(1)
}

async function report(seconds, channels) {
  process.send({ control: await publishFor(seconds, channels) })
}

async function publishFor(seconds, { publish, pending }) {
  const start = performance.now()
  const ends = start + seconds * 1000
  let sent = 0
  for (let time = start; time < ends; time = performance.now()) {
    const due = variant === 'full' ? sent + 100 : ((time - start) / 1000) * PER_SECOND
    while (sent < due && pending() < MOST_PENDING) {
      publish({ at: now(), pad: PAD })
      sent += 1
    }
    await turn(variant === 'full' ? 0 : 1)
  }
  return { sent }
}

const turn = (ms) =>
  new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))

/** The transport of this kind, in this process. */
async function connect(redisUrl) {
  if (kind === 'ipc') return overIpc()
  if (kind === 'redis-client') return overRedis(redisUrl)
  const channels = channelsOf(redisUrl)
  return {
    publish: (message) => channels.publish('board', message),
    pending: () => channels.stats().pending,
    subscribe: (onMessage) => {
      const onEvent = (event) => event.type === 'message' && onMessage(event.message)
      return channels.subscribe({ onEvent }).join('board')
    },
    attach: (child) => channels.attach?.(child),
  }
}

function channelsOf(redisUrl) {
  if (kind === 'redis') return redis({ ...options, url: redisUrl })
  return kind === 'cluster' ? cluster(options) : memory(options)
}

function overIpc() {
  let pending = 0
  const onSent = () => (pending -= 1)
  return {
    publish(message) {
      pending += 1
      process.send(message, onSent)
    },
    pending: () => pending,
    subscribe: () => undefined,
  }
}

async function overRedis(redisUrl) {
  const client = createClient({ url: redisUrl })
  // The redis-server ends before this process does.
  client.on('error', () => undefined)
  await client.connect()
  let pending = 0
  const onSent = () => (pending -= 1)
  return {
    publish(message) {
      pending += 1
      client.publish('board', JSON.stringify(message)).then(onSent, onSent)
    },
    pending: () => pending,
    subscribe: (onMessage) => client.subscribe('board', (text) => onMessage(JSON.parse(text))),
  }
}

async function startRedis() {
  const port = await freePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp']
  const server = spawn('redis-server', words, { stdio: 'ignore' })
  process.on('exit', () => server.kill('SIGKILL'))
  process.on('SIGTERM', () => process.exit())
  const redisUrl = `redis://127.0.0.1:${port}`
  for (let left = 100; ; left -= 1) {
    const client = createClient({ url: redisUrl, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    const isUp = await client.connect().then(
      () => true,
      () => false,
    )
    client.destroy()
    if (isUp) return redisUrl
    if (left === 0) throw new Error('the redis-server did not start')
    await turn(100)
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createPort()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
