// The middleware of Hono behaves under fromFetch() as under @hono/node-server: each request goes to both, and the answers
// are compared.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { csrf } from 'hono/csrf'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { ipRestriction } from 'hono/ip-restriction'
import { logger } from 'hono/logger'
import { methodOverride } from 'hono/method-override'
import { prettyJSON } from 'hono/pretty-json'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { timeout } from 'hono/timeout'
import { trimTrailingSlash } from 'hono/trailing-slash'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromFetch } from 'isthmus/adapters'
import { RawClient } from '../../raw/raw-client.ts'
import { served } from '../../raw/served.ts'
import { FRAMING } from '../node/subjects.ts'
import type { Served } from '../../raw/served.ts'

type Fields = Record<string, string>

const lines: string[] = []
const app = honoApp()
const outer = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
let hosted: Served

beforeAll(async () => {
  hosted = await served(fromFetch(app))
  outer.listen(0, '127.0.0.1')
  await once(outer, 'listening')
})

afterAll(async () => {
  await hosted[Symbol.asyncDispose]()
  const closed = once(outer, 'close')
  outer.close()
  if ('closeAllConnections' in outer) outer.closeAllConnections()
  await closed
})

const GZIP = { 'accept-encoding': 'gzip' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const PREFLIGHT = { origin: 'http://a.test', 'access-control-request-method': 'PUT' }
const BOUNDARY = '----WebKitFormBoundary0123456789abcdef'
const MULTIPART = [
  `--${BOUNDARY}`,
  'Content-Disposition: form-data; name="file"; filename="a.txt"',
  'Content-Type: text/plain',
  '',
  'bytes',
  `--${BOUNDARY}--`,
  '',
].join('\r\n')

const REQUESTS: Array<[status: number, head: string, fields: Fields, body?: string]> = [
  [200, 'POST /limit', {}, 'short'],
  [413, 'POST /limit', {}, 'a body that is longer than ten bytes'],
  [413, 'POST /limit/unread', {}, 'a body that is longer than ten bytes'],
  [200, 'GET /compress', GZIP],
  [200, 'GET /compress', {}],
  [200, 'HEAD /compress', GZIP],
  [200, 'GET /compress/stream', GZIP],
  [200, 'GET /cors', { origin: 'http://a.test' }],
  [204, 'OPTIONS /cors', PREFLIGHT],
  [200, 'GET /etag', {}],
  [304, 'GET /etag', { 'if-none-match': '*' }],
  [200, 'HEAD /etag', {}],
  [200, 'GET /text', {}],
  [200, 'GET /bytes', {}],
  [200, 'GET /events', {}],
  [200, 'HEAD /events', {}],
  [200, 'GET /secure', {}],
  [401, 'GET /basic', {}],
  [200, 'GET /basic', { authorization: `Basic ${btoa('user:pass')}` }],
  [401, 'GET /bearer', {}],
  [401, 'GET /bearer', { authorization: 'Bearer other' }],
  [200, 'GET /bearer', { authorization: 'Bearer token' }],
  [403, 'POST /csrf', { ...FORM, origin: 'http://evil.test' }, 'a=1'],
  [200, 'POST /csrf', { ...FORM, origin: 'http://example.test' }, 'a=1'],
  [504, 'GET /timeout', {}],
  [200, 'GET /static/page.html', {}],
  [200, 'HEAD /static/page.html', {}],
  [206, 'GET /static/page.html', { range: 'bytes=2-5' }],
  [416, 'GET /static/page.html', { range: 'bytes=900000-' }],
  [404, 'GET /static/none.html', {}],
  [404, 'GET /static/..%2fsubjects.ts', {}],
  [200, 'GET /cookies', { cookie: 'a=1; b=2%20' }],
  [200, 'GET /cookies/signed', { cookie: 'user=7.invalid' }],
  [200, 'GET /address', {}],
  [200, 'GET /restricted', {}],
  [200, 'POST /override', FORM, '_method=DELETE'],
  [200, 'GET /pretty?pretty', {}],
  [200, 'GET /id', { 'x-request-id': 'abc' }],
  [301, 'GET /slash/', {}],
  [200, 'POST /form', { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }, MULTIPART],
  [200, 'POST /echo', {}, 'x'.repeat(100_000)],
  [200, 'GET /fetched', {}],
  [418, 'GET /exception', {}],
  [500, 'GET /throw', {}],
  [404, 'GET /none', {}],
  [302, 'GET /redirect', {}],
  [204, 'GET /empty', {}],
  [200, 'HEAD /', {}],
  [200, 'GET /url?a=%20&a=2&b', {}],
  [200, 'PROPFIND /any', {}],
]

describe('an app with the middleware of Hono', () => {
  it.each(REQUESTS)('answers %i to %s %j', async (status, head, fields, body = '') => {
    const answers = []
    for (const address of [outer.address() as { port: number }, hosted.server.address]) {
      using client = await RawClient.connect({ host: '127.0.0.1', ...address })
      answers.push(await ask(client, head, fields, body))
    }
    expect(answers[0]?.status).toBe(status)
    expect(answers[1]).toEqual(answers[0])
  })

  it('writes the lines of its logger', async () => {
    lines.length = 0
    using client = await hosted.connect()
    await ask(client, 'GET /logged', {}, '')
    expect(lines.map((line) => line.split(' ').slice(0, 3))).toEqual([
      ['<--', 'GET', '/logged'],
      ['-->', 'GET', '/logged'],
    ])
  })

  it('gets no WebSocket', async () => {
    using client = await hosted.connect()
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    client.send(
      `GET / HTTP/1.1\r\nHost: example.test\r\n${upgrade}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    )
    expect((await client.response()).status).toBe(404)
  })
})

function honoApp(): Hono {
  const hono = new Hono()
  addLimits(hono)
  addBodies(hono)
  addFields(hono)
  addRest(hono)
  return hono
}

function addLimits(hono: Hono): void {
  hono.use('/limit/*', bodyLimit({ maxSize: 10 }))
  hono.post('/limit', async (c) => c.text(await c.req.text()))
  hono.post('/limit/unread', (c) => c.text('not read'))
  hono.use('/basic', basicAuth({ username: 'user', password: 'pass' }))
  hono.get('/basic', (c) => c.text('basic'))
  hono.use('/bearer', bearerAuth({ token: 'token' }))
  hono.get('/bearer', (c) => c.text('bearer'))
  hono.use('/csrf', csrf())
  hono.post('/csrf', async (c) => c.json(await c.req.parseBody()))
  hono.use('/timeout', timeout(20))
  hono.get('/timeout', async (c) => {
    await sleep(2_000, undefined, { ref: false })
    return c.text('late')
  })
  hono.use('/restricted', ipRestriction(getConnInfo, { allowList: ['127.0.0.1'] }))
  hono.get('/restricted', (c) => c.text('inside'))
}

function addBodies(hono: Hono): void {
  hono.use('/compress/*', compress())
  hono.get('/compress', (c) => c.text('text '.repeat(1_000)))
  hono.get('/compress/stream', (c) =>
    streamText(c, async (to) => {
      await to.write('a'.repeat(2_000))
      await to.write('b'.repeat(2_000))
    }),
  )
  hono.get('/text', (c) =>
    streamText(c, async (to) => {
      await to.writeln('one')
      await to.sleep(5)
      await to.write('é')
    }),
  )
  hono.get('/bytes', (c) => {
    c.header('content-type', 'image/png')
    return stream(c, async (to) => void (await to.write(new Uint8Array([0, 127, 128, 255]))))
  })
  hono.get('/events', (c) =>
    streamSSE(c, async (to) => {
      await to.writeSSE({ data: 'one\ntwo', event: 'news', id: '1' })
      await to.sleep(5)
      await to.writeSSE({ data: 'three' })
    }),
  )
  hono.post('/form', async (c) => {
    const { file } = await c.req.parseBody()
    return c.json(file instanceof File ? { name: file.name, text: await file.text() } : null)
  })
  hono.post('/echo', (c) =>
    c.body(c.req.raw.body as ReadableStream, 200, { 'content-type': 'text/html' }),
  )
  hono.get('/fetched', async () => {
    const { status, headers, body } = await fetch('data:text/plain,fetched')
    return new Response(body, { status, headers })
  })
  hono.use('/static/*', async (c, next) => {
    await next()
    c.header('cache-control', 'no-cache')
  })
  hono.use('/static/*', serveStatic({ root: './test/adapters/node/apps', rewriteRequestPath }))
}

function rewriteRequestPath(path: string): string {
  return path.replace('/static', '')
}

function addFields(hono: Hono): void {
  hono.use('/cors', cors({ origin: 'http://a.test', credentials: true, maxAge: 60 }))
  hono.get('/cors', (c) => c.text('cors'))
  hono.use('/etag', etag())
  hono.get('/etag', (c) => c.text('etag'))
  hono.use('/secure', secureHeaders())
  hono.get('/secure', (c) => c.text('secure'))
  hono.use('/id', requestId())
  hono.get('/id', (c) => c.text(c.get('requestId')))
  hono.get('/cookies', async (c) => {
    setCookie(c, 'plain', 'é', { httpOnly: true, sameSite: 'Lax', maxAge: 60 })
    await setSignedCookie(c, 'signed', '7', 'secret')
    deleteCookie(c, 'old')
    return c.json(getCookie(c))
  })
  hono.get('/cookies/signed', async (c) => c.json(await getSignedCookie(c, 'secret')))
}

function addRest(hono: Hono): void {
  hono.use('/override', methodOverride({ app: hono }))
  hono.delete('/override', (c) => c.text('deleted'))
  hono.use('/pretty', prettyJSON())
  hono.get('/pretty', (c) => c.json({ a: [1, { b: 2 }] }))
  hono.use(
    '/logged',
    logger((line) => void lines.push(line)),
  )
  hono.get('/logged', (c) => c.text('logged'))
  hono.use('/slash/*', trimTrailingSlash())
  hono.get('/slash', (c) => c.text('slash'))
  hono.get('/address', (c) => {
    const { remote } = getConnInfo(c)
    return c.json({ ...remote, port: typeof remote.port })
  })
  hono.get('/exception', () => {
    throw new HTTPException(418, { message: 'a teapot' })
  })
  hono.get('/throw', () => {
    throw new Error('boom')
  })
  hono.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500),
  )
  hono.get('/redirect', (c) => c.redirect('/é'))
  hono.get('/empty', (c) => c.body(null, 204))
  hono.get('/', (c) => c.text('hello'))
  hono.get('/url', (c) => c.json([new URL(c.req.url).search, c.req.queries('a')]))
  hono.on('PROPFIND', '/any', (c) => c.text(c.req.method))
}

interface Answer {
  status: number
  headers: Array<[string, string]>
  body: string
}

async function ask(client: RawClient, head: string, fields: Fields, body: string): Promise<Answer> {
  const pairs = Object.entries({ host: 'example.test', ...fields })
  if (body !== '') pairs.push(['content-length', String(body.length)])
  const text = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.send(`${head} HTTP/1.1\r\n${text}\r\n${body}`)
  const response = await client.response(head.split(' ')[0])
  const headers = response.headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !FRAMING.includes(name))
  return { status: response.status, headers: headers.toSorted(byName), body: response.body }
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : Number(a > b)
}
