// An app of any style inside a server of node:http2, by its compatibility API.

import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createSecureServer } from 'node:http2'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { sync } from 'isthmus'
import { fromNode, toNode } from 'isthmus/adapters'
import { deferred } from '../../../src/waiting/deferred.ts'
import { answer, httpApp, readAll, served, soon } from '../../raw/served.ts'
import { FLAG, frame, FrameClient, TYPE } from '../http2/frame-client.ts'
import { StreamClient } from '../http2/stream-client.ts'
import { outerHttp2 } from './outer-http2.ts'
import type { IncomingMessage } from 'node:http'
import type { EventApp, HostedApp, ResponseEnd } from 'isthmus'
import type { ToNodeOptions } from 'isthmus/adapters'
import type { Http2Answer } from '../http2/stream-client.ts'

const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))
const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
const broken = httpApp(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: 'half', moreBody: true })
  throw new Error('broken')
})
const seen = httpApp((scope, _receive, send) =>
  answer(
    send,
    JSON.stringify([scope.httpVersion, scope.scheme, scope.method, scope.path, scope.headers]),
  ),
)

const POST = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'example.test'],
  [':path', '/'],
] as const

async function ask(
  app: HostedApp,
  asked: Parameters<StreamClient['ask']>[0] = {},
  options: ToNodeOptions = {},
): Promise<Http2Answer> {
  await using host = await outerHttp2(toNode(app, { log: null, ...options }))
  return await host.ask(asked)
}

describe('toNode() in a server of node:http2', () => {
  it('has a scope of version 2, with the authority as Host and no pseudo-fields', async () => {
    const { status, body } = await ask(seen, {
      path: '/a%20b?c',
      headers: [
        ['x-one', '1'],
        ['cookie', 'a=1'],
      ],
      pseudo: { ':authority': 'example.test' },
    })
    expect(status).toBe(200)
    expect(JSON.parse(body as string)).toEqual([
      '2',
      'http',
      'GET',
      '/a b',
      [
        ['host', 'example.test'],
        ['x-one', '1'],
        ['cookie', 'a=1'],
      ],
    ])
  })

  it('serves both versions on one port of createSecureServer()', async () => {
    const [key, cert] = ['key', 'pem'].map((kind) =>
      readFileSync(new URL(`../../fixtures/tls/server.${kind}`, import.meta.url)),
    )
    const server = createSecureServer(
      { key, cert, allowHTTP1: true },
      toNode(seen, { log: null }),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const client = new StreamClient(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    const newer = await client.ask()
    const older = get({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false })
    const [response] = (await once(older, 'response')) as [IncomingMessage]
    const bodies = [newer.body as string, await text(response)]
    expect(bodies.map((body) => (JSON.parse(body) as unknown[]).slice(0, 2))).toEqual([
      ['2', 'https'],
      ['1.1', 'https'],
    ])
    const closed = once(server, 'close')
    client.session.close()
    server.close()
    await closed
  })

  it('is served inside of fromNode() over HTTP/2 too', async () => {
    const app = fromNode(toNode(echo, { log: null, lifespan: 'off' }))
    await using server = await served(app, { http2: true })
    using client = new StreamClient(server.server.url)
    const answers = [await client.ask({ method: 'POST', body: ['a', 'b'] }), await client.ask()]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'ab'],
      [200, ''],
    ])
  })

  it('keeps the fields of middleware, and drops those about the connection', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      const headers: Array<[string, string]> = [
        ['set-cookie', 'b=2'],
        ['set-cookie', 'c=3'],
        ['x-own', '1'],
        ['x-own', '2'],
        ['content-type', 'text/plain '],
        ['connection', 'close'],
        ['upgrade', 'h2c'],
      ]
      await send({ type: 'http.response.start', status: 201, headers })
      await send({ type: 'http.response.body', body: 'x' })
    })
    const handler = toNode(app, { log: null })
    await using host = await outerHttp2((req, res, next) => {
      res.setHeader('Set-Cookie', 'a=1')
      res.setHeader('X-Outer', 'stays')
      res.setHeader('Content-Length', '9')
      handler(req, res, next)
    })
    const { status, headers, body } = await host.ask()
    const fields = headers.filter(([name]) => name !== 'date')
    expect([status, body, headers.length - fields.length]).toEqual([201, 'x', 1])
    expect(fields.toSorted(([one], [other]) => (one < other ? -1 : 1))).toEqual([
      ['content-length', '1'],
      ['content-type', 'text/plain'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['set-cookie', 'c=3'],
      ['x-outer', 'stays'],
      ['x-own', '1, 2'],
    ])
  })

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('ends a response to %s with status %i, which has no body', async (method, status) => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status, headers: [['etag', '"x"']] })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await send({ type: 'http.response.body', body: 'b' })
    })
    const { status: seenStatus, body } = await ask(app, { method })
    expect([seenStatus, body]).toEqual([status, ''])
  })

  it('carries bodies, trailers, early hints and one 100', async () => {
    const body = 'x'.repeat(300_000)
    const expected = await ask(echo, {
      method: 'POST',
      body,
      headers: [['expect', '100-continue']],
    })
    expect([expected.body === body, expected.interim]).toEqual([true, [100]])
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['</a>; rel=preload'] })
      await send({ type: 'http.response.start', status: 200, headers: [], trailers: true })
      await send({ type: 'http.response.body', body: 'a' })
      const headers: Array<[string, string]> = [
        ['x-sum', '1'],
        ['proxy-connection', 'close'],
      ]
      await send({ type: 'http.response.trailers', headers })
    })
    const withTrailers = await ask(app, { headers: [['te', 'trailers']] })
    expect(withTrailers).toMatchObject({ interim: [103], body: 'a', trailers: [['x-sum', '1']] })
    expect((await ask(app)).trailers).toEqual([])
  })

  it('resets a response that breaks off, so that no client takes it for whole', async () => {
    await using host = await outerHttp2(toNode(broken, { log: null }))
    using client = await FrameClient.open({ host: '127.0.0.1', port: host.port })
    client.get(1)
    expect(await client.reset(1)).toBe(2)
    const ends = client.of(1).filter(({ type, flags }) => type <= TYPE.HEADERS && flags & 1)
    expect(ends).toEqual([])
  })

  it('tells the app that an upload broke off, or that the client has left', async () => {
    const types: string[] = []
    const end = deferred<ResponseEnd>()
    const started = deferred()
    const app = httpApp(async (scope, receive) => {
      scope['isthmus.exchange']?.onEnd((ended) => end.resolve(ended))
      for await (const { type } of receive) {
        types.push(type)
        started.resolve()
      }
    })
    await using host = await outerHttp2(toNode(app, { log: null }))
    using client = await FrameClient.open({ host: '127.0.0.1', port: host.port })
    client.send(client.head(1, POST, FLAG.END_HEADERS), frame(TYPE.DATA, 0, 1, Buffer.from('a')))
    await soon(started.promise, 'the first bytes')
    client.send(frame(TYPE.RST_STREAM, 0, 1, Buffer.from([0, 0, 0, 8])))
    expect((await soon(end.promise, 'the end')).outcome).toBe('disconnected')
    expect(types).toEqual(['http.request', 'http.disconnect'])
  })

  it('asks the client to stop its upload after a whole response', async () => {
    await using host = await outerHttp2(toNode(hello, { log: null }))
    using client = await FrameClient.open({ host: '127.0.0.1', port: host.port })
    client.send(client.head(1, POST, FLAG.END_HEADERS))
    expect(await client.reset(1)).toBe(0)
    const body = client.of(1).filter(({ type }) => type === TYPE.DATA)
    expect(Buffer.concat(body.map(({ payload }) => payload)).toString()).toBe('hello')
  })

  it('refuses a malformed request, a body that is too long, and one after close()', async () => {
    const differing = { headers: [['host', 'b']] as const, pseudo: { ':authority': 'a' } }
    expect((await ask(hello, differing)).status).toBe(400)
    const tooLong = await ask(echo, { method: 'POST', body: ['ab', 'cd'] }, { maxBodyBytes: 2 })
    expect(tooLong.status).toBe(413)
    const handler = toNode(hello, { log: null })
    await using host = await outerHttp2(handler)
    await handler.close()
    expect((await host.ask()).status).toBe(503)
  })

  it('passes a request on, and the error of an app', async () => {
    const failing: EventApp = httpApp(() => Promise.reject(new Error('oops')))
    const table = { '/own': echo, '/failing': failing }
    const handler = toNode(table, { log: null, fallthrough: true, errors: 'pass' })
    await using host = await outerHttp2((req, res) =>
      handler(req, res, (error) => {
        res.writeHead(299)
        res.end(error instanceof Error ? error.message : 'next')
      }),
    )
    const post = { method: 'POST', body: 'abc' }
    const answers = [
      await host.ask({ ...post, path: '/own' }),
      await host.ask({ ...post, path: '/' }),
      await host.ask({ path: '/failing' }),
    ]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'abc'],
      [299, 'next'],
      [299, 'oops'],
    ])
  })

  it('cuts the requests that are left after graceMs', async () => {
    const begun = deferred()
    const over = deferred()
    const app = httpApp(async (scope, _receive, send) => {
      scope['isthmus.exchange']?.onEnd(() => over.resolve())
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      begun.resolve()
      await over.promise
    })
    const handler = toNode(app, { log: null, lifespan: 'off' })
    await using host = await outerHttp2(handler)
    using client = await FrameClient.open({ host: '127.0.0.1', port: host.port })
    client.get(1)
    await soon(begun.promise, 'the first part')
    expect(await handler.close({ graceMs: 20 })).toEqual({ forced: true })
    expect(await client.reset(1)).toBe(2)
  })

  it('waits for a client that does not read, and serves a sync app', async () => {
    let sent = 0
    const isFull = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (; sent < 40; sent += 1) {
        const sending = send({
          type: 'http.response.body',
          body: Buffer.alloc(64 * 1024),
          moreBody: sent < 39,
        })
        setImmediate(() => setImmediate(() => isFull.resolve()))
        await sending
      }
    })
    await using host = await outerHttp2(toNode(app, { log: null }))
    const session = connect(`http://127.0.0.1:${host.port}`)
    const stream = session.request({ ':path': '/' }).pause()
    await once(stream, 'response')
    await soon(isFull.promise, 'the first parts')
    expect(sent).toBeLessThan(39)
    expect((await text(stream)).length).toBe(40 * 64 * 1024)
    session.close()
    const app2 = sync((environ, startResponse) => {
      startResponse('200 OK', [])
      return [environ.SERVER_PROTOCOL]
    })
    expect((await ask(app2)).body).toBe('HTTP/2')
  })
})
