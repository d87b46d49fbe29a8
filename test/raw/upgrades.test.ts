// Upgrades that the server does not want are ignored (RFC 9110, 7.8), and a handshake may follow a request.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { engine } from '../engine.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served } from './served.ts'
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

  it('is ignored in a GET, and no request after it is lost unseen', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\nHost: x\r\n${H2C}\r\n${GET}${GET}`)
    const first = await client.response()
    expect(first.status).toBe(200)
    // node:http drops the bytes that have arrived after such a request, so the client is told that the connection ends.
    if (engine === 'node') return expect(headerOf(first, 'connection')).toBe('close')
    for (const _ of [1, 2]) expect((await client.response()).status).toBe(200)
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
