// Requests and responses over HTTP/2, on both HTTP/1.1 engines.

import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../../src/waiting/deferred.ts'
import { FrameClient, GET, TYPE } from './frame-client.ts'
import { getHeader } from '../../../src/http/headers.ts'
import { answer, httpApp, readAll, served } from '../../raw/served.ts'
import { StreamClient } from './stream-client.ts'
import type { IncomingMessage } from 'node:http'
import type { EventApp, HttpScope, ServeOptions } from 'isthmus'
import type { Http2Answer } from './stream-client.ts'
import type { Served } from '../../raw/served.ts'

const ENGINES = ['native', 'node'] as const

const view = httpApp(async (scope, receive, send) => {
  const body = (await readAll(receive)).toString('latin1')
  const { httpVersion, method, path, queryString, scheme, headers } = scope
  await answer(
    send,
    JSON.stringify({ httpVersion, method, path, queryString, scheme, headers, body }),
  )
})

type Seen = Pick<HttpScope, 'httpVersion' | 'method' | 'path' | 'queryString' | 'headers'> & {
  body: string
}

async function seenBy(server: Served, asked: Parameters<StreamClient['ask']>[0]): Promise<Seen> {
  using client = new StreamClient(server.server.url)
  const { body } = await client.ask(asked)
  return JSON.parse(Buffer.from(body ?? '', 'latin1').toString()) as Seen
}

describe.each(ENGINES)('beside the engine %s', (engine) => {
  it('[3b.10] a request has the scope of HTTP/1.1, and the version 2', async () => {
    await using server = await served(view, { http2: true, engine })
    const { host } = new URL(server.server.url)
    expect(await seenBy(server, { path: '/a%20b?q=1', headers: [['x-own', 'caf\xe9']] })).toEqual({
      httpVersion: '2',
      method: 'GET',
      path: '/a b',
      queryString: 'q=1',
      scheme: 'http',
      headers: [
        ['host', host],
        ['x-own', 'caf\xe9'],
      ],
      body: '',
    })
  })

  it('an app may begin to read long after a body without a byte has ended', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      await answer(send, `read ${(await readAll(receive)).length}`)
    })
    await using server = await served(app, { http2: true, engine })
    using client = new StreamClient(server.server.url)
    expect((await client.ask({ method: 'POST', body: [] })).body).toBe('read 0')
  })

  it('a client of HTTP/1.1 is served on the same port', async () => {
    await using server = await served(view, { http2: true, engine })
    using client = await server.connect()
    // A method that begins like the preface, in pieces.
    await client.sendApart('P')
    await client.sendApart('R')
    client.send('OPFIND /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
    const first = await client.response()
    expect(JSON.parse(first.body)).toMatchObject({
      httpVersion: '1.1',
      method: 'PROPFIND',
      body: 'hi',
    })
    client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(JSON.parse((await client.response()).body)).toMatchObject({ path: '/again' })
  })

  it('a body with its length, and one of unknown length', async () => {
    await using server = await served(view, { http2: true, engine })
    const known = await seenBy(server, { method: 'POST', body: 'hello' })
    expect([getHeader(known.headers, 'content-length'), known.body]).toEqual(['5', 'hello'])
    const unknown = await seenBy(server, { method: 'POST', body: ['one', 'two'] })
    expect([getHeader(unknown.headers, 'transfer-encoding'), unknown.body]).toEqual([
      'chunked',
      'onetwo',
    ])
  })
})

async function asked(
  app: EventApp,
  request: Parameters<StreamClient['ask']>[0],
  options: ServeOptions = {},
): Promise<Http2Answer> {
  await using server = await served(app, { http2: true, ...options })
  using client = new StreamClient(server.server.url)
  return await client.ask(request)
}

const hello = httpApp(async (_scope, _receive, send) => answer(send, 'hello'))

describe('a request is refused', () => {
  it.each([
    ['404 outside the root path', 404, { path: '/b' }, { rootPath: '/a', rootPathMode: 'verify' }],
    [
      '400 with a Host that differs from :authority',
      400,
      { headers: [['host', 'b']], pseudo: { ':authority': 'a' } },
      {},
    ],
    ['400 with user information', 400, { pseudo: { ':authority': 'a@b' } }, {}],
    ['400 for a NUL in the path', 400, { path: '/%00' }, {}],
    ['400 for a fragment', 400, { path: '/#a' }, {}],
    ['413 for a long body', 413, { method: 'POST', body: 'hello' }, { maxBodyBytes: 4 }],
    ['414 for a long path', 414, { path: `/${'a'.repeat(100)}` }, { maxRequestLineBytes: 100 }],
    ['417 for an unknown expectation', 417, { headers: [['expect', 'more']] }, {}],
    ['431 for many fields', 431, { headers: fields(11) }, { maxHeaderFields: 10 }],
    ['431 for a long head', 431, { headers: [['x-own', 'a'.repeat(500)]] }, { maxHeadBytes: 512 }],
    ['501 for an unknown method', 501, { method: 'BREW' }, {}],
    ['501 for another protocol', 501, { method: 'CONNECT', pseudo: { ':protocol': 'x' } }, {}],
  ] as Array<[string, number, Parameters<StreamClient['ask']>[0], ServeOptions]>)(
    'with %s',
    async (_what, status, request, options) => {
      const { status: found, headers } = await asked(hello, request, options)
      expect(found).toBe(status)
      expect(headers.map(([name]) => name)).not.toContain('connection')
    },
  )

  it('with 503 above maxConcurrency, on the same session', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'done')
    })
    await using server = await served(app, { http2: true, maxConcurrency: 1 })
    using client = new StreamClient(server.server.url)
    const first = client.ask()
    const second = await client.ask()
    gate.resolve()
    expect([second.status, (await first).body]).toEqual([503, 'done'])
  })

  it('far above the limits by a reset, and the next one is served', async () => {
    await using server = await served(hello, { http2: true, maxHeaderFields: 10 })
    using client = new StreamClient(server.server.url)
    expect((await client.ask({ headers: fields(40) })).body).toBeNull()
    expect((await client.ask()).body).toBe('hello')
  })
})

function fields(count: number): Array<[string, string]> {
  return Array.from({ length: count }, (_, index) => [`x-${index}`, '1'])
}

describe('a response', () => {
  it('[3b.27] has interim responses before it, and trailers after it', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] })
      await readAll(receive)
      await send({ type: 'http.response.start', status: 200, trailers: true })
      await send({ type: 'http.response.body', body: 'body', moreBody: true })
      await send({ type: 'http.response.body' })
      await send({ type: 'http.response.trailers', headers: [['x-sum', '1']] })
    })
    const headers: Array<[string, string]> = [
      ['te', 'trailers'],
      ['expect', '100-continue'],
    ]
    const found = await asked(app, { method: 'POST', body: 'hello', headers })
    expect(found).toMatchObject({ status: 200, body: 'body', trailers: [['x-sum', '1']] })
    expect(found.interim).toEqual([103, 100])
    // A client that does not ask for trailers gets none.
    expect(await asked(app, {})).toMatchObject({ body: 'body', trailers: [] })
  })

  it('of a whole body with trailers, and one without trailers after all', async () => {
    const app = httpApp(async ({ path }, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, trailers: true })
      await send({ type: 'http.response.body', body: 'body' })
      const headers: Array<[string, string]> = path === '/none' ? [] : [['x-sum', '1']]
      await send({ type: 'http.response.trailers', headers })
    })
    const headers: Array<[string, string]> = [['te', 'trailers']]
    expect(await asked(app, { headers })).toMatchObject({
      body: 'body',
      trailers: [['x-sum', '1']],
    })
    expect(await asked(app, { headers, path: '/none' })).toMatchObject({
      body: 'body',
      trailers: [],
    })
  })

  it('has no field about the connection, and the fields of one name together', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      const headers: Array<[string, string]> = [
        ['connection', 'close'],
        ['keep-alive', 'timeout=5'],
        ['set-cookie', 'a=1'],
        ['etag', '"1"'],
        ['set-cookie', 'b=2'],
        ['vary', 'a'],
        ['vary', 'b'],
        ['content-language', 'de'],
        ['content-language', 'en'],
      ]
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.body', body: 'x' })
    })
    const { headers } = await asked(app, {}, { dateHeader: false, serverHeader: null })
    expect(headers).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['etag', '"1"'],
      ['vary', 'a, b'],
      ['content-language', 'de, en'],
      ['content-length', '1'],
    ])
  })

  it('of 205 has no body, and drops that of the app', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 205 })
      await send({ type: 'http.response.body', body: 'x', moreBody: true })
      await send({ type: 'http.response.body', body: 'y' })
    })
    expect(await asked(app, {})).toMatchObject({ status: 205, body: '' })
  })

  it('keeps the bytes that the app changes after its send()', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      for (const size of [10, 20_000, 200_000]) {
        const bytes = Buffer.alloc(size, 'a')
        await send({ type: 'http.response.body', body: bytes, moreBody: size < 200_000 })
        bytes.fill('b')
      }
    })
    const { body } = await asked(app, {})
    expect([body?.length, body?.includes('b')]).toEqual([220_010, false])
  })

  it('keeps the order of parts that the app does not wait for', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      void send({ type: 'http.response.start', status: 200 })
      const letters = 'abcdef'.split('')
      const sent = letters.map((letter, index) =>
        send({
          type: 'http.response.body',
          body: Buffer.alloc(100_000, letter),
          moreBody: index < letters.length - 1,
        }),
      )
      await Promise.all(sent)
    })
    const { body } = await asked(app, {})
    expect(body).toBe(
      'abcdef'
        .split('')
        .map((letter) => letter.repeat(100_000))
        .join(''),
    )
  })
})

describe('many requests on one session', () => {
  it('are served side by side, each in its own async context', async () => {
    const storage = new AsyncLocalStorage<string>()
    const app = httpApp(async ({ path }, _receive, send) => {
      const before = storage.getStore()
      storage.enterWith(path)
      await new Promise((resolve) => setImmediate(resolve))
      await answer(send, `${before} ${storage.getStore()}`)
    })
    await using server = await served(app, { http2: true })
    using client = new StreamClient(server.server.url)
    const paths = Array.from({ length: 80 }, (_, index) => `/${index}`)
    const answers = await Promise.all(paths.map((path) => client.ask({ path })))
    expect(answers.map(({ body }) => body)).toEqual(paths.map((path) => `undefined ${path}`))
    expect(server.server.stats()).toMatchObject({ connections: 1, requests: { total: 80 } })
  })

  it('[3a.10] the lines of Cookie become one', async () => {
    const app = httpApp(async ({ headers }, _receive, send) =>
      answer(send, JSON.stringify(headers.filter(([name]) => name === 'cookie'))),
    )
    await using server = await served(app, { http2: true })
    using client = await FrameClient.open(server.server.address)
    client.get(1, [...GET, ['cookie', 'a=1'], ['x', '1'], ['cookie', 'b=2']])
    const { payload } = await client.frame(({ type }) => type === TYPE.DATA)
    expect(payload.toString()).toBe('[["cookie","a=1; b=2"]]')
  })
})

describe('under TLS', () => {
  const pem = (name: string): Buffer =>
    readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url))
  const tls = { cert: pem('server.pem'), key: pem('server.key') }

  it.each(ENGINES)('ALPN chooses the protocol, beside %s', async (engine) => {
    await using server = await served(view, { http2: true, tls, engine })
    using client = new StreamClient(server.server.url, { ca: pem('ca.pem') })
    const { body } = await client.ask()
    expect(JSON.parse(body ?? '')).toMatchObject({ httpVersion: '2', scheme: 'https' })
    const agent = new Agent({ keepAlive: false })
    const old = request(server.server.url, { ca: pem('ca.pem'), agent }).end()
    const signal = AbortSignal.timeout(30_000)
    const [message] = (await once(old, 'response', { signal })) as [IncomingMessage]
    expect(JSON.parse(await text(message))).toMatchObject({ httpVersion: '1.1' })
  })

  it('without the option HTTP/2 is not offered', async () => {
    await using server = await served(view, { tls })
    const { port } = new URL(server.server.url)
    const options = { port: Number(port), ca: pem('ca.pem'), ALPNProtocols: ['h2', 'http/1.1'] }
    const socket = connectTls(options)
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(30_000) })
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.destroy()
  })
})
