// isthmus with the benchmarks' app. Arguments: the hosting, the engine, the number of pass-through middlewares, `figures` for
// a server that keeps them, and `http2` for one that speaks HTTP/2.

import { setTimeout as sleep } from 'node:timers/promises'
import { chain, iterable, mount, serve, threads, toIterable } from 'isthmus'
import { middleware } from 'isthmus/middleware'
import { fromNode } from 'isthmus/adapters'
import { migrate } from 'isthmus/migrate'
import eventApp from '../apps/events.js'
import expressApp from '../apps/express.js'
import generatorApp from '../apps/generator.js'
import iterableApp from '../apps/iterable.js'
import syncApp from '../apps/sync.js'
import { ready } from './ready.js'

const inThreads = (name, options) =>
  threads(new URL(`../apps/${name}.js`, import.meta.url), options)

const hosted = {
  events: () => eventApp,
  iterable: () => iterableApp,
  generator: () => generatorApp,
  inline: () => syncApp,
  thread: () => inThreads('sync', { max: 1 }),
  'events-thread': () => inThreads('events', { max: 1 }),
  'express-thread': () => expressInThread(),
  'two-threads': () => inThreads('sync', { min: 2, max: 2 }),
  'short-queue': () => inThreads('sync', { max: 1, maxQueue: 32 }),
  // The wrapper hides the bridge: the server would unwrap it and use the event app.
  'events-to-iterable': () => {
    const bridge = toIterable(eventApp)
    return iterable((environ, startResponse) => bridge(environ, startResponse))
  },
  'events-to-sync': () => inThreads('events-in-sync', { max: 1 }),
  migrate: () => migrated(null),
  'migrate-shadow': () => migrated({}),
  'migrate-baseline': () => migrated({ baseline: true }),
  'beside-thread': () => mount({ '/ws': eventApp, '/': inThreads('sync', { max: 1 }) }),
  'beside-inline': () => mount({ '/ws': eventApp, '/': syncApp }),
  'beside-express-thread': () => mount({ '/ws': eventApp, '/': expressInThread() }),
  'beside-express': () => mount({ '/ws': eventApp, '/': fromNode(expressApp) }),
}

function expressInThread() {
  return inThreads('express', { max: 1, style: 'node' })
}

// The new app is slow, and gives the same answers.
function migrated(shadow) {
  const slow = async (scope, receive, send) => {
    if (scope.type === 'http') await sleep(5)
    return eventApp(scope, receive, send)
  }
  return migrate({ from: eventApp, to: slow, shadow })
}

const pass = middleware('pass', function* (request, next) {
  return yield* next(request)
})

const [hosting = 'events', engine = 'native', layers = '0', figures = '', http2 = ''] =
  process.argv.slice(2)
const app = hosted[hosting]()
const links = Array.from({ length: Number(layers) }, () => pass)
const { url } = await serve(links.length > 0 ? chain(...links)(app) : app, {
  port: 0,
  log: null,
  engine,
  figures: figures === 'figures',
  http2: http2 === 'http2',
})
ready(url)
