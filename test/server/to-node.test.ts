// An app of any style inside a server of node:http.

import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer, get as tlsGet } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { chain, events, iterable, sync, UnsupportedScopeError } from 'isthmus'
import { accessLog, timeout } from 'isthmus/middleware'
import { toNode } from 'isthmus/adapters'
import { recordingLog } from '../bridge/host.ts'
import { headerOf } from '../raw/raw-response.ts'
import { answer, httpApp, readAll, served, soon } from '../raw/served.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { get, outer, post } from './embedded/outer-server.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventApp, HostedApp, ResponseEnd, Send } from 'isthmus'
import type { EmbeddedHandler, ToNodeOptions } from 'isthmus/adapters'
import type { RawResponse } from '../raw/raw-response.ts'

const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))
const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))

async function ask(app: HostedApp, request: string, options?: ToNodeOptions): Promise<RawResponse> {
  await using host = await outer(toNode(app, { log: null, ...options }))
  return await host.ask(request)
}

/** A handler that sets fields first, as middleware does. */
function after(handler: EmbeddedHandler, set: (res: ServerResponse, req: IncomingMessage) => void) {
  return (req: IncomingMessage, res: ServerResponse): void => {
    set(res, req)
    handler(req, res)
  }
}

async function start(send: Send, status: number, headers: Array<[string, string]>): Promise<void> {
  await send({ type: 'http.response.start', status, headers })
}

describe('toNode()', () => {
  const styles: Array<[string, HostedApp]> = [
    [
      'a sync app',
      sync((environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']])
        return [`${environ.PATH_INFO}?${environ.QUERY_STRING}`]
      }),
    ],
    [
      'an iterable app',
      iterable(async function* (environ, startResponse) {
        startResponse('200 OK', [['Content-Type', 'text/plain']])
        yield environ.PATH_INFO
        yield `?${environ.QUERY_STRING}`
      }),
    ],
    [
      'an event app',
      httpApp((scope, _receive, send) => answer(send, `${scope.path}?${scope.queryString}`)),
    ],
    [
      'a chain',
      chain(timeout())(
        httpApp((scope, _receive, send) => answer(send, `${scope.path}?${scope.queryString}`)),
      ),
    ],
    [
      'a mount table',
      {
        '/none': hello,
        '/': httpApp((scope, _receive, send) => answer(send, `${scope.path}?${scope.queryString}`)),
      },
    ],
  ]
  it.each(styles)('serves %s', async (_name, app) => {
    const response = await ask(app, get('/a%20b?c=%20'))
    expect(response.status).toBe(200)
    expect(response.body).toBe('/a b?c=%20')
  })

  it('refuses an unknown option, an impossible value, and a value that is no app', () => {
    const options = (given: object) => () => toNode(hello, given)
    expect(options({ port: 80 })).toThrow('toNode(): unknown option "port"')
    expect(options({ maxBodyBytes: 0 })).toThrow('toNode(): option "maxBodyBytes" cannot be 0')
    expect(options({ errors: 'next' })).toThrow('it is answer or pass')
    expect(options({ fallthrough: 'yes' })).toThrow('it is true or false')
    expect(options({ websocket: { maxQueue: -1 } })).toThrow('"websocket.maxQueue"')
    expect(() => toNode(7 as unknown as HostedApp)).toThrow('an app is a function')
  })

  it('says the remedy if it is taken for an event app', async () => {
    const log = recordingLog()
    const handler = toNode(hello, { log: null }) as unknown as EventApp
    await using server = await served(handler, { log })
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).status).toBe(500)
    expect(String(log.fields[0]?.['err'])).toContain('pass the app itself to serve()')
  })

  it('leaves Date, Server and Connection to the outer server', async () => {
    const { headers } = await ask(hello, get('/'))
    const names = headers.map(([name]) => name.toLowerCase())
    expect(names.filter((name) => name === 'date')).toEqual(['date'])
    expect(names).not.toContain('server')
    expect(names.filter((name) => name === 'connection')).toEqual(['connection'])
    const closed = await ask(hello, get('/', 'Connection: close\r\n'))
    expect(headerOf(closed, 'connection')).toBe('close')
  })

  it('says in the scope that the connection is under TLS', async () => {
    const seen = httpApp((scope, _receive, send) =>
      answer(
        send,
        JSON.stringify([scope.scheme, scope.extensions['tls']?.['tlsVersion'], scope.client?.[0]]),
      ),
    )
    const files = ['key', 'pem'].map((kind) =>
      readFileSync(new URL(`../fixtures/tls/server.${kind}`, import.meta.url)),
    )
    const server = createTlsServer({ key: files[0], cert: files[1] }, toNode(seen, { log: null }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const [response] = (await once(
      tlsGet({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }),
      'response',
    )) as [IncomingMessage]
    expect(JSON.parse(await text(response))).toEqual(['https', 0x0304, '127.0.0.1'])
    server.close()
    await once(server, 'close')
  })

  it('lets an app close the connection', async () => {
    const response = await ask(
      httpApp(async (_scope, _receive, send) => {
        await start(send, 200, [['connection', 'close']])
        await send({ type: 'http.response.body', body: 'bye' })
      }),
      get('/'),
    )
    expect(response.headers.filter(([name]) => name.toLowerCase() === 'connection')).toEqual([
      ['Connection', 'close'],
    ])
  })
})

describe('the fields of a response inside another server', () => {
  const app = httpApp(async (_scope, _receive, send) => {
    await start(send, 201, [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['vary', 'Accept, Cookie'],
      ['link', '</a>; rel=preload'],
      ['x-own', '1'],
      ['x-own', '2'],
      ['x-both', 'app'],
      ['x-name', 'Zo\xeb'],
    ])
    await send({ type: 'http.response.body', body: '\u20ac' })
  })
  const values = ({ headers }: RawResponse, name: string): string[] =>
    headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)

  it('are those of the app, in order and with repeats', async () => {
    const { headers, status, statusLine } = await ask(app, get('/'))
    expect([status, statusLine]).toEqual([201, 'HTTP/1.1 201 Created'])
    expect(headers.slice(0, 8)).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['vary', 'Accept, Cookie'],
      ['link', '</a>; rel=preload'],
      ['x-own', '1'],
      ['x-own', '2'],
      ['x-both', 'app'],
      ['x-name', 'Zo\xeb'],
    ])
  })

  it('join those that were set before: cookies, links and Vary add up', async () => {
    const handler = toNode(app, { log: null })
    await using host = await outer(
      after(handler, (res) => {
        res.statusMessage = 'Earlier'
        res.setHeader('Set-Cookie', 'outer=1')
        res.setHeader('Vary', 'cookie, Origin')
        res.setHeader('Link', '</outer>; rel=preload')
        res.setHeader('X-Outer', 'stays')
        res.setHeader('X-Both', 'outer')
        res.setHeader('Content-Length', '1')
      }),
    )
    const response = await host.ask(get('/'))
    expect(values(response, 'set-cookie')).toEqual(['outer=1', 'a=1', 'b=2'])
    expect(values(response, 'vary')).toEqual(['cookie, Origin, Accept'])
    expect(values(response, 'link')).toEqual(['</outer>; rel=preload', '</a>; rel=preload'])
    expect(values(response, 'x-outer')).toEqual(['stays'])
    expect(values(response, 'x-both')).toEqual(['app'])
    expect(values(response, 'x-own')).toEqual(['1', '2'])
    expect(values(response, 'content-length')).toEqual(['3'])
    expect(response.statusLine).toBe('HTTP/1.1 201 Created')
    expect(response.body).toBe('\xe2\x82\xac')
  })

  it('have no length of an earlier handler when the body streams', async () => {
    const streamed = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await send({ type: 'http.response.body', body: 'b' })
    })
    const handler = toNode(streamed, { log: null })
    await using host = await outer(after(handler, (res) => res.setHeader('Content-Length', '9')))
    const response = await host.ask(get('/'))
    // Node 26 joins the chunks of one turn.
    expect(response.chunks?.join('')).toBe('ab')
  })

  it.each([
    ['HEAD', 200, '7'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])(
    'belong to a response to %s with status %i, which has no body',
    async (method, status, length) => {
      const bare = httpApp(async (_scope, _receive, send) => {
        await start(send, status, method === 'HEAD' ? [['content-length', '7']] : [['etag', '"x"']])
        await send({ type: 'http.response.body', body: status === 200 ? 'content' : '' })
      })
      const handler = toNode(bare, { log: null })
      await using host = await outer(handler)
      using client = await host.connect()
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
      const first = await client.response(method)
      expect([first.status, headerOf(first, 'content-length')]).toEqual([status, length])
      expect((await client.response(method)).status).toBe(status)
    },
  )
})

describe('the bodies of an exchange inside another server', () => {
  it('are whole, with a length or in chunks', async () => {
    const body = 'x'.repeat(200_000)
    expect((await ask(echo, post('/', body))).body).toBe(body)
    const chunked = 'POST /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
    expect((await ask(echo, chunked)).body).toBe('abcde')
  })

  it('stream both ways: each part arrives before the next is made', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await start(send, 200, [])
      for await (const event of receive) {
        if (event.type !== 'http.request') return
        const { body, moreBody } = event
        await send({ type: 'http.response.body', body, moreBody })
        if (!moreBody) return
      }
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n')
    client.send('ab')
    await client.head()
    expect(await client.chunk()).toBe('ab')
    client.send('cd')
    expect(await client.chunk()).toBe('cd')
  })

  it('wait for a client that does not read', async () => {
    let sent = 0
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      for (; sent < 1_000; sent += 1)
        await send({ type: 'http.response.body', body: Buffer.alloc(64 * 1024), moreBody: true })
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    let before = -1
    // oxlint-disable-next-line no-unmodified-loop-condition -- the app modifies it
    while (sent !== before || sent === 0) {
      before = sent
      await sleep(100)
    }
    expect(sent).toBeLessThan(900)
    client.socket.resume()
    await soon(
      eventually(() => sent > before),
      'the next part',
    )
  })

  it('may be changed by the app after send()', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      const bytes = Buffer.alloc(100_000, 'a')
      await send({ type: 'http.response.body', body: bytes, moreBody: true })
      bytes.fill('b')
      await send({ type: 'http.response.body', body: bytes })
      bytes.fill('c')
    })
    const { body } = await ask(app, get('/'))
    expect(body).toBe('a'.repeat(100_000) + 'b'.repeat(100_000))
  })

  it('end with trailers if the client accepts them', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [['trailer', 'x-sum']],
        trailers: true,
      })
      await send({ type: 'http.response.body', body: 'a' })
      await send({ type: 'http.response.trailers', headers: [['x-sum', '1']] })
    })
    expect((await ask(app, get('/', 'TE: trailers\r\n'))).trailers).toEqual([['x-sum', '1']])
    expect((await ask(app, get('/'))).trailers).toEqual([])
  })

  it('come after early hints; a value that node:http refuses is left out', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['no link'] })
      await send({ type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] })
      await answer(send, 'page')
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const hint = await client.head()
    expect([hint.status, headerOf(hint, 'link')]).toEqual([103, '</a.css>; rel=preload'])
    expect((await client.response()).body).toBe('page')
  })

  it('keep their order on a connection with pipelined requests', async () => {
    const app = httpApp(async (scope, _receive, send) => {
      if (scope.path === '/slow') await sleep(50)
      await send({ type: 'http.response.early_hint', links: [`<${scope.path}>; rel=preload`] })
      await answer(send, scope.path)
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /quick HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(headerOf(await client.head(), 'link')).toBe('</slow>; rel=preload')
    expect((await client.response()).body).toBe('/slow')
    // Its final head was there before its turn.
    expect((await client.response()).body).toBe('/quick')
  })

  it('are asked for with 100 Continue, once', async () => {
    const handler = toNode(echo, { log: null })
    const request =
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n'
    for (const isOwn of [false, true]) {
      await using host = await outer(handler)
      if (isOwn) host.server.on('checkContinue', handler)
      using client = await host.connect()
      client.send(request)
      expect((await client.head()).status).toBe(100)
      client.send('ab')
      expect(await client.response()).toMatchObject({ status: 200, body: 'ab' })
    }
  })

  it('leave the connection free when the app reads no body', async () => {
    await using host = await outer(toNode(hello, { log: null }))
    using client = await host.connect()
    const body = 'x'.repeat(300_000)
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect((await client.response()).body).toBe('hello')
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body).toBe('hello')
  })

  it('leave the connection free when the app reads the start of a body', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await receive()
      await answer(send, 'enough')
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    const body = 'x'.repeat(300_000)
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect((await client.response()).body).toBe('enough')
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body).toBe('enough')
  })

  it('can be seen by an earlier handler that listens', async () => {
    let seen = 0
    const handler = toNode(echo, { log: null })
    await using host = await outer(
      after(handler, (_res, req) => req.on('data', (chunk: Buffer) => (seen += chunk.length))),
    )
    expect((await host.ask(post('/', 'x'.repeat(100_000)))).body.length).toBe(100_000)
    expect(seen).toBe(100_000)
  })
})

describe('a body that other code has read', () => {
  async function readFirst(
    app: EventApp,
    keep: (req: IncomingMessage & { rawBody?: unknown }, bytes: Buffer) => void,
    request = post('/', 'abc'),
  ) {
    const log = recordingLog()
    const handler = toNode(app, { log, lifespan: 'off' })
    await using host = await outer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        keep(req, Buffer.concat(chunks))
        handler(req, res)
      })
    })
    const response = await host.ask(request)
    return { response, error: log.fields.map(({ err }) => (err as Error | undefined)?.message) }
  }

  it('is an error that says the remedy, for an app that reads', async () => {
    const { response, error } = await readFirst(echo, () => undefined)
    expect(response.status).toBe(500)
    expect(error[0]).toContain('put toNode() in front of body parsers such as express.json()')
  })

  it('is none for an app that does not read, nor for a request without a body', async () => {
    expect((await readFirst(hello, () => undefined)).response.body).toBe('hello')
    expect((await readFirst(echo, () => undefined, get('/'))).response.status).toBe(200)
    const empty = 'POST /\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    expect((await readFirst(echo, () => undefined, empty)).response.status).toBe(200)
  })

  it.each([
    ['bytes', (bytes: Buffer): unknown => bytes],
    ['text', (bytes: Buffer): unknown => bytes.toString()],
  ])('is taken from req.rawBody as %s', async (_name, kept) => {
    const { response } = await readFirst(echo, (req, bytes) => (req.rawBody = kept(bytes)))
    expect(response.body).toBe('abc')
  })

  it('has fields for its bytes if the parser has inflated it', async () => {
    const fields = httpApp(async (scope, receive, send) => {
      await readAll(receive)
      const shown = scope.headers.filter(([name]) => name.startsWith('content-'))
      await answer(send, JSON.stringify(shown))
    })
    const request = post('/', 'abc', 'Content-Encoding: gzip\r\n')
    const same = await readFirst(fields, (req, bytes) => (req.rawBody = bytes), request)
    expect(JSON.parse(same.response.body)).toEqual([
      ['content-encoding', 'gzip'],
      ['content-length', '3'],
    ])
    const other = await readFirst(fields, (req) => (req.rawBody = 'inflated'), request)
    expect(JSON.parse(other.response.body)).toEqual([['content-length', '8']])
  })
})

describe('the end of an exchange inside another server', () => {
  it('is told to an app whose client leaves', async () => {
    const left = deferred<ResponseEnd>()
    const aborted = deferred<string>()
    const started = deferred()
    const app = httpApp(async (scope, receive, send) => {
      scope['isthmus.exchange']?.onEnd((end) => left.resolve(end))
      await start(send, 200, [])
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      started.resolve()
      for await (const event of receive) if (event.type === 'http.disconnect') break
      await send({ type: 'http.response.body', body: 'b' }).catch((error: Error) =>
        aborted.resolve(error.name),
      )
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await soon(started.promise, 'the first part')
    client.socket.destroy()
    expect((await soon(left.promise, 'the end')).outcome).toBe('disconnected')
    expect(await soon(aborted.promise, 'the rejection')).toBe('ClientDisconnectedError')
  })

  it('is told to an app whose upload breaks off', async () => {
    const events: string[] = []
    const over = deferred()
    const app = httpApp(async (_scope, receive) => {
      for await (const event of receive) events.push(event.type)
      over.resolve()
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
    await soon(
      eventually(() => events.length > 0),
      'the first bytes',
    )
    client.socket.destroy()
    await soon(over.promise, 'the disconnect')
    expect(events).toEqual(['http.request', 'http.disconnect'])
  })

  it('is a disconnect for an app in whose place the outer server answers', async () => {
    const end = deferred<ResponseEnd>()
    const goOn = deferred()
    const app = httpApp(async (scope, _receive, send) => {
      scope['isthmus.exchange']?.onEnd((ended) => end.resolve(ended))
      await goOn.promise
      await answer(send, 'late')
    })
    const handler = toNode(app, { log: null })
    await using host = await outer((req, res) => {
      handler(req, res)
      setTimeout(() => res.writeHead(504).end('timeout'), 20)
      res.on('finish', () => goOn.resolve())
    })
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await client.response()).toMatchObject({ status: 504, body: 'timeout' })
    expect((await soon(end.promise, 'the end')).outcome).toBe('disconnected')
  })

  it('frees the connection of an upload that the outer server answers', async () => {
    const app = httpApp(async (_scope, receive) => {
      await receive()
      await new Promise(() => undefined)
    })
    const handler = toNode({ '/own': hello, '/': app }, { log: null, lifespan: 'off' })
    await using host = await outer((req, res) => {
      handler(req, res)
      if (req.url === '/') setTimeout(() => res.writeHead(504).end('timeout'), 50)
    })
    using client = await host.connect()
    const body = 'x'.repeat(300_000)
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect((await client.response()).status).toBe(504)
    client.send('GET /own HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body).toBe('hello')
  })

  it('is a disconnect for an app whose response the outer server ends', async () => {
    const rejected = deferred<string>()
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      for (;;) {
        const sent = send({
          type: 'http.response.body',
          body: Buffer.alloc(65_536),
          moreBody: true,
        })
        const error = await sent.then(
          () => undefined,
          (reason: Error) => reason,
        )
        if (error) return rejected.resolve(error.name)
        await sleep(1)
      }
    })
    const handler = toNode(app, { log: null })
    await using host = await outer((req, res) => {
      handler(req, res)
      setTimeout(() => res.end(), 50)
    })
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await soon(rejected.promise, 'the rejection')).toBe('ClientDisconnectedError')
  })

  it('leaves no trace of requests that were broken off', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await start(send, 200, [])
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await readAll(receive).catch(() => undefined)
      for (;;) {
        await send({ type: 'http.response.body', body: 'b', moreBody: true })
        await sleep(1)
      }
    })
    const handler = toNode(app, { log: null, lifespan: 'off' })
    await using host = await outer(handler)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, async (_none, at) => {
          using client = await host.connect()
          const body =
            at % 2 === 0 ? 'POST / HTTP/1.1\r\nContent-Length: 9\r\n' : 'GET / HTTP/1.1\r\n'
          client.send(`${body}Host: a\r\n\r\n`)
          await client.head()
          client.socket.destroy()
        }),
      )
    }
    expect(await handler.close()).toEqual({ forced: false })
  })

  it('reaches the access log, with status and bytes', async () => {
    const lines: string[] = []
    const app = chain(accessLog({ write: (line) => void lines.push(line), format: 'json' }))(hello)
    await ask(app, get('/seen'))
    expect(JSON.parse(lines[0] as string)).toMatchObject({ path: '/seen', status: 200, bytes: 5 })
  })

  it('is a cut if the app breaks off, so that no client takes the response for whole', async () => {
    const broken = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await broken.promise
      throw new Error('broken')
    })
    await using host = await outer(toNode(app, { log: null }))
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    using old = await host.connect()
    old.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('a')
    await old.head()
    broken.resolve()
    expect(await client.ended()).not.toBe('open')
    expect(await old.ended()).toBe('reset')
  })
})

describe('the errors of an app inside another server', () => {
  const throwing = (error: unknown): EventApp => httpApp(() => Promise.reject(error))

  async function asked(app: HostedApp, options: ToNodeOptions, request = get('/')) {
    const log = recordingLog()
    const handler = toNode(app, { log, lifespan: 'off', ...options })
    const passed: unknown[] = []
    await using host = await outer((req, res) =>
      handler(req, res, (...args: unknown[]) => {
        passed.push(...(args.length === 0 ? ['next'] : args))
        if (req.method === 'POST') req.resume()
        res.writeHead(299).end('outer')
      }),
    )
    const { status, body } = await host.ask(request)
    return { status, body, passed, lines: log.lines }
  }

  it('are answered as under serve(), with a line in the log', async () => {
    const { status, body, passed, lines } = await asked(throwing(new Error('oops')), {})
    expect({ status, body, passed }).toEqual({
      status: 500,
      body: 'Internal Server Error\n',
      passed: [],
    })
    expect(lines).toEqual(['error: the app failed'])
    const shown = await asked(throwing(new Error('oops')), { debug: true })
    expect(shown.body).toContain('oops')
  })

  it('go to next() with errors: pass, and to the log', async () => {
    const error = new Error('oops')
    const { status, passed, lines } = await asked(throwing(error), { errors: 'pass' })
    expect({ status, passed }).toEqual({ status: 299, passed: [error] })
    expect(lines).toEqual(['error: the app failed'])
    const nothing = await asked(
      httpApp(() => Promise.resolve()),
      { errors: 'pass' },
    )
    expect((nothing.passed[0] as Error).message).toBe('the app returned without a response')
    const undefinedError = await asked(throwing(undefined), { errors: 'pass' })
    expect((undefinedError.passed[0] as Error).message).toBe('the app threw undefined')
    const chunked = 'POST /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
    for (const request of [chunked, post('/', 'abc')]) {
      const tooLarge = await asked(echo, { errors: 'pass', maxBodyBytes: 2 }, request)
      expect(tooLarge.passed[0]).toMatchObject({ code: 'ISTHMUS_BODY_TOO_LARGE', status: 413 })
    }
  })

  it('are answered with errors: pass if the handler has no next', async () => {
    const response = await ask(throwing(new Error('oops')), get('/'), { errors: 'pass' })
    expect(response.status).toBe(500)
  })

  it('of a scope that is not served lead to next(), or to 404 without a next', async () => {
    const app = throwing(new UnsupportedScopeError('http'))
    expect(await asked(app, {})).toMatchObject({ status: 299, passed: ['next'], lines: [] })
    expect((await asked(app, { errors: 'pass' })).passed).toEqual(['next'])
    expect((await ask(app, get('/'))).status).toBe(404)
    const late = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      throw new UnsupportedScopeError('http')
    })
    await expect(asked(late, {})).rejects.toThrow('did not come')
  })

  it('are a 404 of the app, which goes to next() with fallthrough', async () => {
    const table = { '/live': echo }
    expect(await asked(table, {})).toMatchObject({ status: 404, passed: [] })
    expect(await asked(table, { fallthrough: true })).toMatchObject({
      status: 299,
      passed: ['next'],
    })
    const below = await asked(table, { fallthrough: true }, post('/live', 'x'))
    expect(below).toMatchObject({ status: 200, body: 'x', passed: [] })
  })

  it('leave a body to the next handler that an earlier one listens to, or that is too long', async () => {
    let seen = 0
    const handler = toNode({ '/live': echo }, { log: null, fallthrough: true, maxBodyBytes: 2 })
    await using host = await outer((req, res) => {
      req.on('data', (chunk: Buffer) => (seen += chunk.length))
      handler(req, res, () => void text(req).then((body) => res.end(body)))
    })
    expect((await host.ask(post('/own', 'abc'))).body).toBe('abc')
    expect(seen).toBe(3)
    const refused = await host.ask(post('/live', 'abc'))
    expect([refused.status, headerOf(refused, 'connection')]).toEqual([413, 'close'])
  })

  it('are answered if the app has read the body, which the next handler would lack', async () => {
    const reads = httpApp(async (_scope, receive, send) => {
      await readAll(receive)
      await start(send, 404, [])
      await send({ type: 'http.response.body', body: 'none' })
    })
    const answered = await asked(reads, { fallthrough: true }, post('/', 'abc'))
    expect(answered).toMatchObject({ status: 404, body: 'none', passed: [] })
    const table = { '/live': echo }
    const passed = await asked(table, { fallthrough: true }, post('/', 'abc'))
    expect(passed).toMatchObject({ status: 299, passed: ['next'] })
  })
})

describe('the async context of an app inside another server', () => {
  it('is that of the outer handler, and an app that enters another one changes only its own', async () => {
    const storage = new AsyncLocalStorage<string>()
    const entering: EventApp = (scope, _receive, send) => {
      const before = storage.getStore()
      storage.enterWith('app')
      if (scope.type === 'http' && scope.path === '/next')
        return Promise.reject(new UnsupportedScopeError('http'))
      return answer(send, String(before))
    }
    const handler = toNode(entering, { log: null, lifespan: 'off' })
    await handler.start()
    const after: unknown[] = []
    await using host = await outer((req, res) =>
      storage.run('outer', () => {
        handler(req, res, () => res.end(String(storage.getStore() !== undefined)))
        after.push(storage.getStore())
      }),
    )
    expect((await host.ask(get('/'))).body).toBe('outer')
    expect((await host.ask(get('/next'))).body).toBe('true')
    expect(after).toEqual(['outer', 'outer'])
  })
})

describe('the limits of an app inside another server', () => {
  it('refuse a body that is too long, or stops', async () => {
    expect((await ask(echo, post('/', 'abc'), { maxBodyBytes: 2 })).status).toBe(413)
    await using host = await outer(toNode(echo, { log: null, bodyTimeoutMs: 100 }))
    using client = await host.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
    expect((await client.response()).status).toBe(408)
  })

  it('refuse requests above maxConcurrency', async () => {
    const held = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await held.promise
      await answer(send, 'done')
    })
    await using host = await outer(toNode(app, { log: null, maxConcurrency: 1 }))
    using first = await host.connect()
    first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await sleep(50)
    const second = await host.ask(get('/'))
    expect([second.status, headerOf(second, 'retry-after')]).toEqual([503, '1'])
    held.resolve()
    expect((await first.response()).body).toBe('done')
  })

  it('leave the head to the outer server', async () => {
    const fields = Array.from({ length: 200 }, (_none, at) => `x-${at}: 1\r\n`).join('')
    expect((await ask(hello, get('/', fields))).status).toBe(200)
  })

  it('add a root path, names with an underscore, and the environ', async () => {
    const app = sync((environ, startResponse) => {
      startResponse('200 OK', [])
      const { SCRIPT_NAME, PATH_INFO, HTTP_A_B: field } = environ
      return [JSON.stringify([SCRIPT_NAME, PATH_INFO, field, environ['stage']])]
    })
    const options: ToNodeOptions = {
      rootPath: '/api',
      headerMap: 'dangerous',
      sync: { environ: { stage: 'test' } },
    }
    const { body } = await ask(app, get('/x', 'a_b: 1\r\n'), options)
    expect(JSON.parse(body)).toEqual(['/api', '/x', '1', 'test'])
  })
})

describe('the life of an app inside another server', () => {
  function living(onStart: () => Promise<void> = () => Promise.resolve()) {
    const journal: string[] = []
    const app = events(async (scope, receive, send) => {
      if (scope.type === 'lifespan') {
        await receive()
        journal.push('start')
        await onStart()
        scope.state['from'] = 'startup'
        await send({ type: 'lifespan.startup.complete' })
        await receive()
        journal.push('stop')
        return send({ type: 'lifespan.shutdown.complete' })
      }
      await answer(send, String(scope.state['from']))
      journal.push('request')
    })
    return { app, journal }
  }

  it('starts with the first request, once', async () => {
    const { app, journal } = living(() => sleep(20))
    await using handler = toNode(app, { log: null })
    await using host = await outer(handler)
    const responses = await Promise.all([1, 2, 3].map(() => host.ask(get('/'))))
    expect(responses.map(({ body }) => body)).toEqual(['startup', 'startup', 'startup'])
    expect(journal).toEqual(['start', 'request', 'request', 'request'])
    await handler.close()
    expect(journal.at(-1)).toBe('stop')
  })

  it('starts with start(), and needs no shutdown if it has not started', async () => {
    const { app, journal } = living()
    const handler = toNode(app, { log: null })
    await handler.start()
    expect(journal).toEqual(['start'])
    expect(await handler.close()).toEqual({ forced: false })
    expect(journal).toEqual(['start', 'stop'])
    await expect(handler.start()).rejects.toMatchObject({ code: 'ISTHMUS_UNAVAILABLE' })
    expect(await toNode(app, { log: null }).close()).toEqual({ forced: false })
  })

  it('tries a startup that has failed again', async () => {
    let attempts = 0
    const app = events(async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return answer(send, 'up')
      await receive()
      attempts += 1
      if (attempts > 2) return send({ type: 'lifespan.startup.complete' })
      return send({ type: 'lifespan.startup.failed', message: 'no database' })
    })
    const log = recordingLog()
    const handler = toNode(app, { log })
    await expect(handler.start()).rejects.toThrow('no database')
    await using host = await outer(handler)
    expect((await host.ask(get('/'))).status).toBe(500)
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([
      'error: the app did not start',
      'error: the app did not start',
    ])
    expect((await host.ask(get('/'))).body).toBe('up')
  })

  it('passes the error of the startup to next() with errors: pass', async () => {
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no database' })
    })
    const handler = toNode(app, { log: null, errors: 'pass' })
    await using host = await outer((req, res) =>
      handler(req, res, (error) => res.writeHead(299).end((error as Error).message)),
    )
    expect(await host.ask(get('/'))).toMatchObject({ status: 299, body: 'no database' })
  })

  it('serves no request whose client has left during the startup', async () => {
    const started = deferred()
    const { app, journal } = living(() => started.promise)
    const handler = toNode(app, { log: null })
    await using host = await outer(handler)
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const [, res] = (await once(host.server, 'request')) as [IncomingMessage, ServerResponse]
    client.socket.destroy()
    await once(res, 'close')
    started.resolve()
    await handler.start()
    await handler.close()
    expect(journal).toEqual(['start', 'stop'])
  })

  it('ends after the requests under way, and refuses further ones', async () => {
    const held = deferred()
    const { app, journal } = living()
    const slow = events(async (scope, receive, send) => {
      if (scope.type === 'http') await held.promise
      return app(scope, receive, send)
    })
    const handler = toNode(slow, { log: null })
    await using host = await outer(handler)
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(host.server, 'request')
    const closing = handler.close()
    const refused = await host.ask(get('/'))
    expect([refused.status, headerOf(refused, 'retry-after')]).toEqual([503, '1'])
    held.resolve()
    expect((await client.response()).body).toBe('startup')
    expect(await closing).toEqual({ forced: false })
    expect(journal).toEqual(['start', 'request', 'stop'])
  })

  it('cuts the requests that are left after graceMs', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [])
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await new Promise(() => undefined)
    })
    const handler = toNode(app, { log: null, lifespan: 'off' })
    await using host = await outer(handler)
    using client = await host.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.head()
    expect(await handler.close({ graceMs: 50 })).toEqual({ forced: true })
    expect(await client.ended()).not.toBe('open')
  })
})

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
