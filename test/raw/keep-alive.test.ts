// One connection, many requests: pipelining, persistence, and requests that arrive in pieces.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'

const echo = httpApp(async ({ method, path }, receive, send) => {
  const body = await readAll(receive)
  await answer(send, `${method} ${path} ${body.toString('latin1')}`)
})

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'
const POST = 'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED =
  'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '3;name=value\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n'

const close = (request: string): string =>
  request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')

describe('a kept connection', () => {
  it('[3b.5] gives every request its own fields', async () => {
    const app = httpApp(async ({ headers }, _receive, send) => {
      await answer(send, JSON.stringify(headers))
      for (const pair of headers) pair[1] = 'changed'
      headers.push(['x', '1'])
    })
    await using server = await served(app)
    using client = await server.connect()
    for (let count = 0; count < 3; count += 1) {
      client.send(GET)
      expect((await client.response()).body).toBe('[["host","x"]]')
    }
  })
})

describe('pipelining', () => {
  it('[3b.30] answers requests of one packet in order', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(GET + POST + CHUNKED + GET)
    const bodies = []
    for (let count = 0; count < 4; count += 1) bodies.push((await client.response()).body)
    expect(bodies).toEqual(['GET /a ', 'POST /b hello', 'POST /c abcdefg', 'GET /a '])
  })

  it('[3b.30] does not start the second request before a slow first one is answered', async () => {
    const order: string[] = []
    const gate = deferred()
    const started = deferred()
    const app = httpApp(async ({ path }, _receive, send) => {
      order.push(`start ${path}`)
      started.resolve()
      if (path === '/slow') await gate.promise
      order.push(`end ${path}`)
      await answer(send, path)
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\n\r\n')
    await started.promise

    using other = await server.connect()
    other.send('GET /other HTTP/1.1\r\nHost: x\r\n\r\n')
    await other.response()
    gate.resolve()
    expect((await client.response()).body).toBe('/slow')
    expect((await client.response()).body).toBe('/fast')
    expect(order).toEqual([
      'start /slow',
      'start /other',
      'end /other',
      'end /slow',
      'start /fast',
      'end /fast',
    ])
  })

  it('[3b.30] serves a thousand pipelined requests, each once and in order', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    const paths = Array.from({ length: 1_000 }, (_, index) => `/${index}`)
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    const answered: string[] = []
    for (const _path of paths) answered.push((await client.response()).body)
    expect(answered).toEqual(paths.map((path) => `GET ${path} `))
  })

  it.each([
    ['GET', ''],
    ['POST', 'Content-Length: 5\r\n\r\nhello'],
  ])('reads no further than a bound ahead of its responses: %s', async (method, rest) => {
    const gate = deferred()
    const app = httpApp(async (_scope, receive, send) => {
      await readAll(receive)
      await gate.promise
      await answer(send, 'x')
    })
    await using server = await served(app)
    using client = await server.connect()
    const bytes = `${method} / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(2_000)}\r\n${rest || '\r\n'}`
    client.send(bytes.repeat(20_000))
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { writableLength } = client.socket
    expect(writableLength).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(client.socket.writableLength).toBe(writableLength)
    gate.resolve()
    for (let count = 0; count < 3_000; count += 1)
      expect((await client.response()).status).toBe(200)
  })

  it('calls no app for the requests after a request that closes', async () => {
    const called: string[] = []
    const app = httpApp(async ({ path }, _receive, send) => {
      called.push(path)
      await send({ type: 'http.response.start', status: 200, headers: [['connection', 'close']] })
      await send({ type: 'http.response.body', body: 'bye' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET + POST)
    expect((await client.response()).body).toBe('bye')
    expect(await client.rest()).toBe('')
    expect(called).toEqual(['/a'])
  })

  it('answers a slow request that closes, in spite of any bytes after it', async () => {
    const gate = deferred()
    const app = httpApp(async ({ path }, _receive, send) => {
      await gate.promise
      await answer(send, path)
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(close(GET) + POST)
    using other = await server.connect()
    other.send('GET nonsense\r\n\r\n')
    await other.response()
    gate.resolve()
    expect((await client.response()).body).toBe('/a')
    expect(await client.rest()).toBe('')
  })

  it('[3b.30] refuses an expectation in its turn', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'first')
    })
    await using server = await served(app)
    using client = await server.connect()
    await client.sendApart(`${GET}GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\n\r\n`)
    using other = await server.connect()
    other.send('GET nonsense\r\n\r\n')
    await other.response()
    gate.resolve()
    expect((await client.response()).body).toBe('first')
    expect((await client.response()).status).toBe(417)
  })
})

describe('delivery in pieces', () => {
  const request = POST + close(CHUNKED)
  const expected = ['POST /b hello', 'POST /c abcdefg']

  it('reads requests that arrive byte by byte', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    for (const byte of request) await client.sendApart(byte)
    expect([(await client.response()).body, (await client.response()).body]).toEqual(expected)
  })

  it('reads requests that are cut in two, at every place', async () => {
    await using server = await served(echo)
    for (let at = 1; at < request.length; at += 1) {
      using client = await server.connect()
      await client.sendApart(request.slice(0, at))
      client.send(request.slice(at))
      const bodies = [(await client.response()).body, (await client.response()).body]
      expect(bodies, `cut at ${at}`).toEqual(expected)
    }
  })

  it('reads any body in any chunks', async () => {
    await using server = await served(echo)
    const chunks = fc.array(fc.stringMatching(/^[\x20-\x7e\r\n]{1,40}$/), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(chunks, async (chunks) => {
        using client = await server.connect()
        client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
        for (const chunk of chunks) {
          await client.sendApart(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
        }
        client.send('0\r\n\r\n')
        expect((await client.response()).body).toBe(`POST / ${chunks.join('')}`)
      }),
      { seed: 7230, numRuns: 40 },
    )
  })
})

describe('persistence', () => {
  it('keeps an HTTP/1.1 connection without a Connection field', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(GET)
    expect(headerOf(await client.response(), 'connection')).toBeUndefined()
    client.send(GET)
    expect((await client.response()).status).toBe(200)
    expect(client.open).toBe(true)
  })

  it('closes after the response when the client asks for it', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(close(GET))
    expect(headerOf(await client.response(), 'connection')).toBe('close')
    expect(await client.ended()).toBe('end')
  })

  it('closes after the response to HTTP/1.0', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send('GET /a HTTP/1.0\r\n\r\n')
    const response = await client.response()
    expect(headerOf(response, 'connection')).toBe('close')
    expect(response.body).toBe('GET /a ')
    expect(await client.ended()).toBe('end')
  })

  it('keeps an HTTP/1.0 connection on request, and confirms it', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    const request = 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
    client.send(request)
    expect(headerOf(await client.response(), 'connection')).toBe('keep-alive')
    client.send(request)
    expect((await client.response()).body).toBe('GET /a ')
    expect(client.open).toBe(true)
  })

  it('[3a.48] ends a stream to HTTP/1.0 with the connection, even if it was to be kept', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'one ', moreBody: true })
      await send({ type: 'http.response.body', body: 'two' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send('GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    const head = await client.head()
    expect(headerOf(head, 'transfer-encoding')).toBeUndefined()
    expect(headerOf(head, 'connection')).toBe('close')
    expect(await client.rest()).toBe('one two')
    expect(await client.ended()).toBe('end')
  })

  it('closes a connection that idles longer than keepAliveTimeoutMs', async () => {
    await using server = await served(echo, { keepAliveTimeoutMs: 100 })
    using client = await server.connect()
    client.send(GET)
    await client.response()
    expect(await client.rest()).toBe('')
  })

  it('[3b.29] serves the next request while the app still works after its response', async () => {
    const gate = deferred()
    const ended = deferred()
    const app = httpApp(async ({ path }, _receive, send) => {
      await answer(send, path)
      if (path !== '/a') return
      await gate.promise
      ended.resolve()
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await client.response()
    client.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await client.response()).body).toBe('/next')
    gate.resolve()
    await soon(ended.promise, 'the end of the app')
  })
})
