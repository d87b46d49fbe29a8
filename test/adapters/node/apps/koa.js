// A Koa app as users write it.

import { Readable } from 'node:stream'
import Koa from 'koa'

export function koaHandler() {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    await next()
    ctx.set('x-layer', 'outer')
  })
  app.use(async (ctx) => {
    switch (ctx.path) {
      case '/':
        ctx.body = 'hello'
        return
      case '/json':
        ctx.status = 201
        ctx.body = { ip: ctx.ip, query: ctx.query, secure: ctx.secure }
        return
      case '/stream':
        ctx.type = 'text'
        ctx.body = Readable.from(['a', 'b'])
        return
      case '/body': {
        const chunks = []
        for await (const chunk of ctx.req) chunks.push(chunk)
        ctx.body = Buffer.concat(chunks)
        return
      }
      case '/cookies':
        ctx.cookies.set('a', '1')
        ctx.cookies.set('b', '2')
        ctx.body = 'cookies'
        return
      case '/empty':
        ctx.body = null
        return
      case '/throw':
        ctx.throw(418, 'teapot')
        return
      case '/raw':
        ctx.respond = false
        ctx.res.writeHead(200).end('raw')
    }
  })
  return app.callback()
}

export const KOA_REQUESTS = [
  [200, 'GET', '/'],
  [200, 'HEAD', '/'],
  [201, 'GET', '/json?a=1'],
  [200, 'GET', '/stream'],
  [200, 'POST', '/body', { 'content-type': 'text/plain' }, 'x'.repeat(100_000)],
  [200, 'GET', '/cookies'],
  [204, 'GET', '/empty'],
  [418, 'GET', '/throw'],
  [200, 'GET', '/raw'],
  [404, 'GET', '/none'],
]
