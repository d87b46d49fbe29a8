// WebSockets on streams of HTTP/2 (RFC 8441), with frames by the package ws.

import { once } from 'node:events'
import { websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { served, soon } from '../../raw/served.ts'
import { answerOf, StreamClient } from './stream-client.ts'
import type { ClientHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { EventApp, ServeOptions } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

interface Opened {
  client: StreamClient
  stream: ClientHttp2Stream
}

async function open(server: Served, more: Record<string, string> = {}): Promise<Opened> {
  const client = new StreamClient(server.server.url)
  await once(client.session, 'remoteSettings', { signal: AbortSignal.timeout(30_000) })
  expect(client.session.remoteSettings.enableConnectProtocol).toBe(true)
  const { ':path': path = '/', ...others } = more
  const headers = Object.entries({ 'sec-websocket-version': '13', ...others })
  const pseudo = { ':protocol': 'websocket', ':scheme': 'http' }
  const stream = client.session.request(
    { ':method': 'CONNECT', ':path': path, ...pseudo, ...Object.fromEntries(headers) },
    { endStream: false },
  )
  return { client, stream: stream.on('error', () => undefined) }
}

/** The client of ws on a stream. */
function framesOn(stream: Duplex): WebSocket {
  const options = { closeTimeout: 5_000, autoPong: true }
  const frames = new WebSocket(null as never, undefined, options)
  // The types of ws do not have the method.
  const adopting = frames as unknown as {
    _isServer: boolean
    setSocket(socket: Duplex, head: Buffer, options: object): void
  }
  adopting._isServer = false
  adopting.setSocket(stream, Buffer.alloc(0), { maxPayload: 0, skipUTF8Validation: false })
  return frames
}

async function opened(
  server: Served,
  more: Record<string, string> = {},
): Promise<Opened & { frames: WebSocket }> {
  const { client, stream } = await open(server, more)
  const [fields] = (await once(stream, 'response', { signal: AbortSignal.timeout(30_000) })) as [
    Record<string, unknown>,
  ]
  expect(fields[':status']).toBe(200)
  return { client, stream, frames: framesOn(stream) }
}

async function reply(frames: WebSocket): Promise<string> {
  const [data] = (await once(frames, 'message', { signal: AbortSignal.timeout(30_000) })) as [
    Buffer,
  ]
  return data.toString()
}

const serving = (app: EventApp, options: ServeOptions = {}): Promise<Served> =>
  served(app, { http2: true, ...options })

describe('a WebSocket on a stream', () => {
  it('[3b.40] carries messages of every size both ways, beside requests of the session', async () => {
    await using server = await serving(echo)
    const { client, frames } = await opened(server)
    for (const message of ['short', 'x'.repeat(20_000), 'y'.repeat(300_000)]) {
      frames.send(message)
      expect((await reply(frames)) === message).toBe(true)
    }
    expect(server.server.stats()).toMatchObject({ connections: 1, webSockets: { open: 1 } })
    frames.close(1000, 'bye')
    const [code] = (await once(frames, 'close')) as [number]
    expect(code).toBe(1000)
    client.session.close()
  })

  it('has the scope of one over HTTP/1.1, and the version 2', async () => {
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      const { httpVersion, path, scheme, subprotocols } = scope
      await send({ type: 'websocket.accept', subprotocol: 'b', headers: [['x-own', '1']] })
      await send({
        type: 'websocket.send',
        text: JSON.stringify({ httpVersion, path, scheme, subprotocols }),
      })
      await receive()
    }
    await using server = await serving(app)
    const { client, stream } = await open(server, {
      ':path': '/chat',
      'sec-websocket-protocol': 'a, b',
    })
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(fields).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'b', 'x-own': '1' })
    expect(JSON.parse(await reply(framesOn(stream)))).toEqual({
      httpVersion: '2',
      path: '/chat',
      scheme: 'ws',
      subprotocols: ['a', 'b'],
    })
    client[Symbol.dispose]()
  })

  it('of a client that has left ends with 1006', async () => {
    const codes: number[] = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      const event = await receive()
      if (event.type === 'websocket.disconnect') codes.push(event.code)
    }
    await using server = await serving(app)
    const { client, stream } = await opened(server)
    stream.close(8)
    await soon(
      (async () => {
        while (codes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      })(),
      'the disconnect',
    )
    expect(codes).toEqual([1006])
    client[Symbol.dispose]()
  })

  it('is closed with 1001 when the server closes', async () => {
    await using server = await serving(echo, { graceMs: 200 })
    const { frames } = await opened(server)
    const closed = once(frames, 'close', { signal: AbortSignal.timeout(30_000) })
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: expect.any(Boolean) })
    expect((await closed)[0]).toBe(1001)
  })

  it('finds a client that does not answer pings', async () => {
    await using server = await serving(echo, {
      websocket: { pingIntervalMs: 100, pongTimeoutMs: 100, closeTimeoutMs: 100 },
    })
    const { stream } = await open(server)
    stream.resume()
    expect(await soon(once(stream, 'close'), 'the end')).toBeDefined()
  })

  it('pauses a client whose messages the app does not take', async () => {
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      await new Promise(() => undefined)
    }
    await using server = await serving(app, { graceMs: 100 })
    const { client, stream, frames } = await opened(server)
    for (let sent = 0; sent < 400; sent += 1) frames.send('x'.repeat(10_000))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(stream.writableLength + frames.bufferedAmount).toBeGreaterThan(1_000_000)
    client[Symbol.dispose]()
  })
})

describe('a handshake on a stream is denied', () => {
  it.each([
    ['426 for another version', 426, { 'sec-websocket-version': '8' }, {}],
    [
      '403 for another origin',
      403,
      { origin: 'https://evil.test' },
      { websocket: { origins: 'same' } },
    ],
    ['400 for bad subprotocols', 400, { 'sec-websocket-protocol': 'a, a' }, {}],
  ] as Array<[string, number, Record<string, string>, ServeOptions]>)(
    'with %s',
    async (_what, status, fields, options) => {
      await using server = await serving(echo, options)
      const { client, stream } = await open(server, fields)
      const found = await answerOf(stream)
      expect(found).toMatchObject({ status, body: expect.any(String) })
      expect(found.headers.map(([name]) => name)).not.toContain('upgrade')
      client[Symbol.dispose]()
    },
  )

  it('by the app, with a whole response', async () => {
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({
        type: 'websocket.http.response.start',
        status: 401,
        headers: [['content-length', '200000']],
      })
      for (let part = 0; part < 4; part += 1) {
        await send({
          type: 'websocket.http.response.body',
          body: Buffer.alloc(50_000, 'x'),
          moreBody: part < 3,
        })
      }
    }
    await using server = await serving(app)
    const { client, stream } = await open(server)
    const found = await answerOf(stream)
    expect([found.status, found.body?.length]).toEqual([401, 200_000])
    client[Symbol.dispose]()
  })
})
