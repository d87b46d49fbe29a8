// The server of hostile.ts: the same answers from each style of app, and from a pool whose requests end their threads.

import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { iterable, mount, serve, sync, threads, websocket } from 'isthmus'
import { ready } from '../../benchmarks/servers/ready.js'
import { answerTo } from './hostile-answer.js'
import inlineApp from './hostile-app.js'

const APP = new URL('./hostile-app.js', import.meta.url)
const PIECE = 4_096

// A request of this pool has 30 s: a thread that a departed client still holds shows in the figures.
const pool = threads(APP, { min: 2, max: 2 })
const deadly = threads(APP, {
  min: 2,
  max: 2,
  timeoutMs: 3_000,
  resourceLimits: { maxOldGenerationSizeMb: 32 },
})

const app = mount({
  '/inline': sync(inlineApp),
  '/threads': pool,
  '/deadly': deadly,
  '/iterable': iterable(iterableApp),
  '/event': eventApp,
  '/live': websocket(async (socket) => {
    for await (const message of socket) await socket.send(message)
  }),
  '/figures': figures,
})
const { url } = await serve(app, { port: 0, log: null, engine: process.argv[2] ?? 'native' })
ready(url)

async function* iterableApp(environ, startResponse) {
  const query = new URLSearchParams(environ.QUERY_STRING)
  const chunks = []
  for await (const line of environ['wsgi.input']) chunks.push(line)
  await delay(Number(query.get('sleep') ?? 0))
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield* piecesOf(query, Buffer.concat(chunks))
}

async function eventApp(scope, receive, send) {
  const query = new URLSearchParams(scope.queryString)
  const chunks = []
  for (;;) {
    const event = await receive()
    if (event.type === 'http.disconnect') return
    chunks.push(Buffer.from(event.body))
    if (!event.moreBody) break
  }
  await delay(Number(query.get('sleep') ?? 0))
  await send({ type: 'http.response.start', status: 200 })
  for (const piece of piecesOf(query, Buffer.concat(chunks))) {
    await send({ type: 'http.response.body', body: piece, moreBody: true })
  }
  await send({ type: 'http.response.body', body: '', moreBody: false })
}

function piecesOf(query, body) {
  const text = answerTo(query.get('token') ?? '', body, Number(query.get('size') ?? 100))
  const size = query.has('pieces') ? PIECE : text.length
  const count = Math.ceil(text.length / size)
  return Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size))
}

async function figures(_scope, _receive, send) {
  globalThis.gc?.()
  await delay(10)
  globalThis.gc?.()
  const [own, other] = [pool.stats(), deadly.stats()]
  const body = JSON.stringify({
    inFlight: own.inFlight + other.inFlight,
    queued: own.queued + other.queued,
    ending: own.threads.ending + other.threads.ending,
    spare: own.threads.spare + other.threads.spare,
    crashes: other.crashes,
    timedOut: [own.timedOut, other.timedOut],
    descriptors: readdirSync('/proc/self/fd').length,
    mib: Math.round(process.memoryUsage.rss() / 2 ** 20),
  })
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body })
}
