// Apps inside Express, Connect and Fastify, with the middleware that those use most.

import { once } from 'node:events'
import { setEnvironmentData } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { iterable, mount, sync, threads, UnsupportedScopeError, websocket } from 'isthmus'
import { toNode } from 'isthmus/adapters'
import { answer, httpApp, readAll, soon } from '../../raw/served.ts'
import { headerOf } from '../../raw/raw-response.ts'
import { around, get, outer, post } from './outer-server.ts'
import type { RequestListener, Server } from 'node:http'
import type { HostedApp } from 'isthmus'
import type { EmbeddedHandler, ToNodeOptions } from 'isthmus/adapters'
import type { RawResponse } from '../../raw/raw-response.ts'
import type { Outer } from './outer-server.ts'

type Routes = Record<string, EmbeddedHandler>
const frameworks = (await import(new URL('frameworks.js', import.meta.url).href)) as {
  expressApp(name: string, routes: Routes): Promise<RequestListener>
  connectApp(routes: Routes): RequestListener
  fastifyApp(handler: EmbeddedHandler): Promise<{ server: Server; close(): Promise<void> }>
}

const place = httpApp(async (scope, receive, send) => {
  const body = await readAll(receive)
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [
      ['content-type', 'application/json'],
      ['set-cookie', 'inner=1'],
      ['set-cookie', 'other=2'],
    ],
  })
  const { rootPath, path, queryString } = scope
  const seen = { rootPath, path, queryString, size: body.length }
  await send({ type: 'http.response.body', body: JSON.stringify(seen) })
})
const environPlace = sync((environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${environ.QUERY_STRING}`]
})
const iterated = iterable(async function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `${environ.SCRIPT_NAME}|`
  yield environ.PATH_INFO
})
const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})
const stream = httpApp(async (_scope, _receive, send) => {
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain']],
  })
  for (const body of ['a'.repeat(40_000), 'b'.repeat(40_000)])
    await send({ type: 'http.response.body', body, moreBody: true })
  await send({ type: 'http.response.body', body: 'end' })
})
const SIDE_BY_SIDE = new URL('../../fixtures/threads/side-by-side-app.js', import.meta.url)
const POOL = new URL('../../fixtures/threads/behaviour-journal.ts', import.meta.url)

function hosting(app: HostedApp, options: ToNodeOptions = {}): EmbeddedHandler {
  return toNode(app, { log: null, ...options })
}

const cookies = ({ headers }: RawResponse): string[] =>
  headers
    .filter(([name]) => name.toLowerCase() === 'set-cookie')
    .map(([, value]) => value.split(/[=;]/)[0] as string)

async function echoed(host: Outer, path: string): Promise<string> {
  const socket = host.webSocket(path)
  await soon(once(socket, 'open'), 'the open')
  socket.send('hi')
  const [data] = (await soon(once(socket, 'message'), 'the message')) as [Buffer]
  socket.close()
  await soon(once(socket, 'close'), 'the close')
  return data.toString()
}

describe.each(['express', 'express4'])('inside of %s', { timeout: 60_000 }, (name) => {
  it('apps of each style have their place below the mount', async () => {
    const handler = hosting(place)
    const app = await frameworks.expressApp(name, {
      '/events': handler,
      '/sync': hosting(environPlace),
      '/iterable': hosting(iterated),
      '/old': handler,
    })
    await using host = await outer(app)
    const seen = async (target: string): Promise<unknown> =>
      JSON.parse((await host.ask(get(target))).body)
    expect(await seen('/events/a%20b?c=%20')).toEqual({
      rootPath: '/events',
      path: '/events/a b',
      queryString: 'c=%20',
      size: 0,
    })
    expect(await seen('/events')).toMatchObject({ rootPath: '/events', path: '/events' })
    expect(await seen('/events/')).toMatchObject({ rootPath: '/events', path: '/events/' })
    // A middleware has rewritten it.
    expect(await seen('/old/x?q')).toMatchObject({ rootPath: '/old', path: '/old/y' })
    expect((await host.ask(get('/sync/x?q'))).body).toBe('/sync|/x|q')
    expect((await host.ask(get('/iterable/%C3%A9'))).body).toBe('/iterable|/\xc3\xa9')
    expect((await host.ask(get('/own'))).body).toBe('own')
  })

  it('fields and cookies of the middleware around it stay', async () => {
    const app = await frameworks.expressApp(name, { '/in': hosting(place) })
    await using host = await outer(app)
    const response = await host.ask(post('/in/x', 'abc'))
    expect(JSON.parse(response.body)).toMatchObject({ size: 3 })
    expect(cookies(response).toSorted()).toEqual(['inner', 'other', 'outer', 'outer.sig'])
    expect(headerOf(response, 'content-security-policy')).toContain('default-src')
    expect(headerOf(response, 'content-type')).toBe('application/json')
  })

  it('a response is compressed around it, at once for each part', async () => {
    const app = await frameworks.expressApp(name, { '/zip': hosting(stream) })
    await using host = await outer(app)
    const response = await fetch(`${host.base}/zip/x`)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect((await response.text()).length).toBe(80_003)
    const large = hosting(
      httpApp((_scope, _receive, send) => answer(send, Buffer.alloc(2_000_000, 'x'))),
    )
    await using second = await outer(await frameworks.expressApp(name, { '/zip': large }))
    expect((await (await fetch(`${second.base}/zip/x`)).text()).length).toBe(2_000_000)
  })

  it('a body that a parser has read is an error, or comes from rawBody', async () => {
    const passing = hosting(place, { errors: 'pass' })
    const app = await frameworks.expressApp(name, { '/parsed': passing, '/kept': passing })
    await using host = await outer(app)
    const json = 'Content-Type: application/json\r\n'
    const parsed = await host.ask(post('/parsed', '{"a":1}', json))
    expect([parsed.status, parsed.body]).toEqual([
      500,
      expect.stringContaining('put toNode() in front of body parsers'),
    ])
    expect(JSON.parse((await host.ask(post('/kept', '{"a":1}', json))).body)).toMatchObject({
      size: 7,
    })
    // The parser does not take this body.
    expect(JSON.parse((await host.ask(post('/parsed', 'text'))).body)).toMatchObject({ size: 4 })
  })

  it('requests and errors go on to the routes and the error handler of Express', async () => {
    const none = httpApp(() => Promise.reject(new UnsupportedScopeError('http')))
    const failing = httpApp(() => Promise.reject(new Error('oops')))
    const app = await frameworks.expressApp(name, {
      '/none': hosting(none),
      '/fails': hosting(failing, { errors: 'pass' }),
      '/': hosting({ '/table': place }, { fallthrough: true }),
    })
    await using host = await outer(app)
    const asked = async (target: string): Promise<unknown> => {
      const { status, body } = await host.ask(get(target))
      return [status, body]
    }
    expect(await asked('/none/x')).toEqual([404, 'express has nothing'])
    expect(await asked('/fails')).toEqual([500, 'express: oops'])
    expect(await asked('/own')).toEqual([200, 'own'])
    expect(JSON.parse((await host.ask(get('/table/x'))).body)).toMatchObject({ rootPath: '/table' })
  })

  it('threads() and WebSockets run in one table, and shut down', async () => {
    const handler = hosting(
      mount({ '/live': echo, '/pool': threads(POOL, { export: 'yielding', max: 1 }) }),
      { fallthrough: true },
    )
    const app = await frameworks.expressApp(name, { '/': handler })
    await using host = await outer(app)
    host.server.on('upgrade', handler.upgrade)
    await handler.start()
    const [pool, message] = await Promise.all([
      host.ask(get('/pool/journal')),
      echoed(host, '/live'),
    ])
    expect([pool.status, message]).toEqual([200, 'hi'])
    expect(await handler.close()).toEqual({ forced: false })
    expect((await host.ask(get('/pool/journal'))).status).toBe(503)
    expect((await host.ask(get('/own'))).status).toBe(503)
  })
})

describe('an app that awaits in threads, inside of Express', { timeout: 60_000 }, () => {
  it('streams both ways, fails without harm to others, and has WebSockets', async () => {
    setEnvironmentData('side-by-side', new SharedArrayBuffer(8))
    setEnvironmentData('side-by-side-ended', new SharedArrayBuffer(4))
    const handler = hosting(threads(SIDE_BY_SIDE, { max: 1 }))
    await using host = await outer(await frameworks.expressApp('express', { '/': handler }))
    host.server.on('upgrade', handler.upgrade)
    await handler.start()
    const streamed = await host.ask(post('/stream', 'x'.repeat(200_000)))
    expect([streamed.status, streamed.body.length]).toEqual([200, 200_000])
    expect((await host.ask(get('/throw'))).status).toBe(500)
    expect(await echoed(host, '/echo')).toBe('hi')
    expect(await handler.close()).toEqual({ forced: false })
  })
})

describe('inside of connect', () => {
  it('an app has its place below the mount, and passes requests on', async () => {
    const app = frameworks.connectApp({
      '/shop': hosting(environPlace),
      '/': hosting({ '/table': place }, { fallthrough: true }),
    })
    await using host = await outer(app)
    expect((await host.ask(get('/shop/x?q'))).body).toBe('/shop|/x|q')
    expect((await host.ask(get('/shop'))).body).toBe('/shop||')
    expect((await host.ask(get('/shop/'))).body).toBe('/shop|/|')
    expect((await host.ask(get('/none'))).body).toBe('connect has nothing')
  })
})

describe('inside of Fastify', () => {
  it('an app is served with bodies, streams and WebSockets', async () => {
    const handler = hosting({ '/live/chat': echo, '/live/stream': stream, '/live': place })
    const app = await frameworks.fastifyApp(handler)
    try {
      const host = await around(app.server)
      const response = await host.ask(
        post('/live/x?q', 'abc', 'Content-Type: application/json\r\n'),
      )
      expect(JSON.parse(response.body)).toEqual({
        rootPath: '/live',
        path: '/live/x',
        queryString: 'q',
        size: 3,
      })
      expect((await host.ask(get('/live/stream'))).body.length).toBe(80_003)
      expect((await host.ask(get('/own'))).body).toBe('own')
      expect(await echoed(host, '/live/chat')).toBe('hi')
    } finally {
      await handler.close()
      await app.close()
    }
  })
})
