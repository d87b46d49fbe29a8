// An app of another framework: "own" serves it as its framework does, "isthmus" by an adapter. The app "event" is our own.

import { createServer } from 'node:http'
import { serve as serveHono } from '@hono/node-server'
import connect from 'connect'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import express from 'express'
import helmet from 'helmet'
import { Hono } from 'hono'
import Koa from 'koa'
import { serve } from 'isthmus'
import { fromConnect, fromFetch, fromNode, toNode } from 'isthmus/adapters'
import eventApp from '../apps/events.js'
import { HELLO } from './content.js'
import { ready } from './ready.js'

const handlers = {
  handler: () => (_req, res) => {
    res.setHeader('content-type', 'text/plain')
    res.end(HELLO)
  },
  express: () => withHello(express()),
  stack: () => withHello(express().use(helmet(), cors(), cookieParser(), express.json())),
  koa: () => {
    const app = new Koa()
    app.use((context) => {
      context.body = HELLO
    })
    return app.callback()
  },
  event: () => toNode(eventApp, { log: null }),
  connect: () => connect().use(helmet()).use(handlers.handler()),
}

function withHello(app) {
  app.get('/', (_request, response) => response.send(HELLO))
  return app
}

function honoApp() {
  const app = new Hono()
  app.get('/', (context) => context.text(HELLO))
  return app
}

function adapted(app) {
  if (app === 'hono') return fromFetch(honoApp())
  if (app === 'connect') return fromConnect(helmet())(eventApp)
  return fromNode(handlers[app]())
}

const [app = 'express', host = 'isthmus'] = process.argv.slice(2)
if (host === 'isthmus') {
  ready((await serve(adapted(app), { port: 0, log: null })).url)
} else if (app === 'hono') {
  serveHono({ fetch: honoApp().fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
    ready(`http://127.0.0.1:${port}`),
  )
} else {
  const server = createServer(handlers[app]()).listen(0, '127.0.0.1', () =>
    ready(`http://127.0.0.1:${server.address().port}`),
  )
}
