// Upgrades that the server does not want are ignored (RFC 9110, 7.8), and a handshake may follow a request.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { EventApp } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const H2C =
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA\r\n'
const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'

const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))

/** Echoes over HTTP, after a moment, and accepts WebSockets. */
function both(body: Buffer): EventApp {
  return async (scope, receive, send) => {
    if (scope.type === 'lifespan') return
    if (scope.type === 'websocket') {
      await receive()
      return send({ type: 'websocket.accept' })
    }
    await delay(20)
    return answer(send, body)
  }
}

describe('an upgrade to another protocol', () => {
  it.each([
    ['with a length', `Content-Length: 5\r\n\r\nhello`],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('is ignored in a POST with a body %s, and the connection is kept', async (_kind, rest) => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(`POST / HTTP/1.1\r\nHost: x\r\n${H2C}${rest}`)
    expect(await client.response()).toMatchObject({ status: 200, body: 'hello' })
    client.send(GET)
    expect((await client.response()).status).toBe(200)
  })

  it.each([
    ['a GET', `GET / HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`],
    ['a POST', `POST / HTTP/1.1\r\nHost: x\r\n${H2C}Content-Length: 5\r\n\r\nhello`],
    [
      'chunks',
      `POST / HTTP/1.1\r\nHost: x\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ],
    ['HEAD', `HEAD / HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`],
  ])('is ignored in %s, and the requests around it are answered', async (_what, bytes) => {
    await using server = await served(echo)
    using client = await server.connect()
    const methods = ['GET', bytes.slice(0, 4).trim(), bytes.slice(0, 4).trim(), 'GET', 'GET']
    client.send(GET + bytes + bytes + GET + GET)
    for (const method of methods) {
      const response = await client.response(method)
      expect(response.status).toBe(200)
      expect(headerOf(response, 'connection')).toBe(undefined)
      if (method === 'POST') expect(response.body).toBe('hello')
    }
    await client.sendApart(bytes.slice(0, -1))
    client.send(bytes.slice(-1) + GET)
    expect((await client.response(methods[1])).status).toBe(200)
    expect((await client.response()).status).toBe(200)
    expect(client.open).toBe(true)
  })

  it('is ignored before a malformed request, which is refused', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(`${GET}GET / HTTP/1.1\r\nHost: x\r\n${H2C}\r\nG@T / HTTP/1.1\r\n\r\n`)
    expect((await client.response()).status).toBe(200)
    expect((await client.response()).status).toBe(200)
    expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
  })

  it('is in the headers of the request, as it was sent', async () => {
    const app = httpApp(({ headers }, _receive, send) => answer(send, JSON.stringify(headers)))
    await using server = await served(app)
    using client = await server.connect()
    client.send(
      'GET / HTTP/1.1\r\nHost: x\r\nA: \xe9\r\nUpgrade: a, b/2\r\nConnection: upgrade\r\nA: 2\r\n\r\n',
    )
    expect(JSON.parse(Buffer.from((await client.response()).body, 'latin1').toString())).toEqual([
      ['host', 'x'],
      ['a', '\xe9'],
      ['upgrade', 'a, b/2'],
      ['connection', 'upgrade'],
      ['a', '2'],
    ])
  })
})

describe('a client that leaves while its upgrade waits for a response', () => {
  it.each([
    ['a handshake', HANDSHAKE],
    ['another upgrade', `GET / HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'],
  ])('harms no other client: %s', async (_what, bytes) => {
    const started = deferred()
    const app = httpApp(async ({ path }, _receive, send) => {
      started.resolve()
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (let parts = path === '/slow' ? 20 : 0; parts > 0; parts -= 1) {
        await send({ type: 'http.response.body', body: Buffer.alloc(65_536), moreBody: true })
        await delay(5)
      }
      await send({ type: 'http.response.body', body: 'other' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET.replace('/', '/slow') + bytes)
    await soon(started.promise, 'the request')
    client.reset()
    await delay(200)
    using other = await server.connect()
    other.send(GET)
    expect((await other.response()).body).toBe('other')
  })
})

describe('a handshake that is pipelined after a request', () => {
  it.each([
    ['small', 10],
    ['large', 4 * 1024 * 1024],
  ])('completes after a %s response', async (_kind, size) => {
    await using server = await served(both(Buffer.alloc(size, 'x')))
    using client = await server.connect()
    client.send(GET + HANDSHAKE)
    const first = await client.response()
    expect([first.status, first.body.length]).toEqual([200, size])
    expect((await client.head()).status).toBe(101)
  })
})
