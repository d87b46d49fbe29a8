// WebSockets of an app inside a server of node:http.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { events, mount, UnsupportedScopeError, websocket } from 'isthmus'
import { toNode } from 'isthmus/adapters'
import { deferred } from '../../../src/waiting/deferred.ts'
import { answer, httpApp, soon } from '../../raw/served.ts'
import { headerOf } from '../../raw/raw-response.ts'
import { get, outer } from './outer-server.ts'
import type { WebSocket } from 'ws'
import type { EventApp } from 'isthmus'
import type { EmbeddedHandler, ToNodeOptions } from 'isthmus/adapters'
import type { Outer } from './outer-server.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})
const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
].join('\r\n')

async function listening(handler: EmbeddedHandler): Promise<Outer> {
  const host = await outer(handler)
  host.server.on('upgrade', handler.upgrade)
  return host
}

function hosting(app: Parameters<typeof toNode>[0], options: ToNodeOptions = {}) {
  return toNode(app, { log: null, lifespan: 'off', ...options })
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  await soon(once(socket, 'open'), 'the open')
  return socket
}

async function closed(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await soon(once(socket, 'close'), 'the close')) as [number, Buffer]
  return [code, reason.toString()]
}

async function echoed(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  const [data] = (await soon(once(socket, 'message'), 'the message')) as [Buffer]
  return data.toString()
}

async function statusOf(socket: WebSocket): Promise<number | undefined> {
  socket.on('error', () => undefined)
  const [, response] = (await soon(once(socket, 'unexpected-response'), 'the denial')) as [
    unknown,
    { statusCode?: number },
  ]
  return response.statusCode
}

describe('upgrade() of a handler', () => {
  it('serves WebSockets beside HTTP, with the whole path', async () => {
    const paths: string[] = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type === 'websocket') paths.push(`${scope.rootPath}|${scope.path}`)
      return (scope.type === 'http' ? hello : echo)(scope, receive, send)
    }
    const handler = hosting(app)
    await using host = await listening(handler)
    const socket = await opened(host.webSocket('/live?x'))
    expect(await echoed(socket, 'a')).toBe('a')
    expect((await host.ask(get('/'))).body).toBe('hello')
    socket.close(4000, 'done')
    expect(await closed(socket)).toEqual([4000, 'done'])
    expect(paths).toEqual(['|/live'])
  })

  it('agrees on a subprotocol that the app chooses', async () => {
    const app = events(async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept', subprotocol: scope.subprotocols[1] })
      await receive()
    })
    await using host = await listening(hosting(app))
    const socket = await opened(host.webSocket('/', ['a', 'b']))
    expect(socket.protocol).toBe('b')
    socket.terminate()
  })

  it('denies with the response of the app', async () => {
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.http.response.start', status: 418, headers: [['x-a', '1']] })
      await send({ type: 'websocket.http.response.body', body: 'tea' })
    })
    await using host = await listening(hosting(app))
    const response = await host.ask(get('/', HANDSHAKE))
    expect([response.status, response.body, headerOf(response, 'x-a')]).toEqual([418, 'tea', '1'])
  })

  it.each([
    [426, HANDSHAKE.replace('13', '8')],
    [400, HANDSHAKE.replace('dGhl', '')],
    [400, HANDSHAKE.replace('websocket', 'h2c')],
    [403, `${HANDSHAKE}Origin: https://evil.test\r\n`],
  ])('answers %i to a bad handshake', async (status, fields) => {
    await using host = await listening(hosting(echo, { websocket: { origins: 'same' } }))
    expect((await host.ask(get('/', fields))).status).toBe(status)
  })

  it('answers 404 for an app without WebSockets, and for a path outside of a table', async () => {
    const httpOnly = events((scope) => Promise.reject(new UnsupportedScopeError(scope.type)))
    await using host = await listening(hosting({ '/none': httpOnly, '/live': echo }))
    expect(await statusOf(host.webSocket('/none'))).toBe(404)
    expect(await statusOf(host.webSocket('/other'))).toBe(404)
  })

  it('waits for the startup', async () => {
    const started = deferred()
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return echo(scope, receive, send)
      await receive()
      await started.promise
      await send({ type: 'lifespan.startup.complete' })
      await receive()
    }
    const handler = toNode(app, { log: null })
    await using host = await listening(handler)
    const socket = host.webSocket('/')
    await once(host.server, 'upgrade')
    started.resolve()
    expect(await echoed(await opened(socket), 'a')).toBe('a')
    socket.terminate()
  })

  it('denies with 500 if the startup fails', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no database' })
    }
    await using host = await listening(toNode(app, { log: null }))
    expect(await statusOf(host.webSocket('/'))).toBe(500)
  })
})

describe('the next handler of an upgrade', () => {
  it('takes the sockets that the app denies with 404: two handlers on one server', async () => {
    const first = hosting({ '/a': echo })
    const second = hosting({ '/b': echo })
    await using host = await outer(first)
    host.server.on('upgrade', (req, socket, head) =>
      first.upgrade(req, socket, head, () => second.upgrade(req, socket, head)),
    )
    const [a, b] = await Promise.all([opened(host.webSocket('/a')), opened(host.webSocket('/b'))])
    expect(await echoed(a, 'a')).toBe('a')
    expect(await echoed(b, 'b')).toBe('b')
    expect(await statusOf(host.webSocket('/c'))).toBe(404)
    a.close()
    await closed(a)
    expect(await first.close()).toEqual({ forced: false })
    expect(await echoed(b, 'still')).toBe('still')
    b.terminate()
  })

  it('is the next listener of the server, if it belongs to a handler too', async () => {
    const handlers = [hosting({ '/a': echo }), hosting({ '/b': echo }), hosting({ '/c': echo })]
    await using host = await outer(hosting(hello))
    for (const { upgrade } of handlers) host.server.on('upgrade', upgrade)
    for (const path of ['/a', '/b', '/c']) {
      const socket = await opened(host.webSocket(path))
      expect(await echoed(socket, path)).toBe(path)
      socket.close(1000, 'over')
      expect(await closed(socket)).toEqual([1000, 'over'])
    }
    const denied = await host.ask(get('/d', HANDSHAKE))
    expect([denied.status, denied.body]).toEqual([404, 'Not Found\n'])
    expect((await host.ask(get('/a', HANDSHAKE.replace('13', '8')))).status).toBe(426)
  })

  it('may be a server of another package', async () => {
    const handler = hosting(mount({ '/live': echo }))
    const others = new WebSocketServer({ noServer: true })
    others.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`ws ${(data as Buffer).toString()}`)),
    )
    await using host = await outer(handler)
    host.server.on('upgrade', (req, socket, head) =>
      handler.upgrade(req, socket, head, () =>
        others.handleUpgrade(req, socket, head, (open) => others.emit('connection', open, req)),
      ),
    )
    const socket = await opened(host.webSocket('/other'))
    expect(await echoed(socket, 'x'.repeat(100_000))).toBe(`ws ${'x'.repeat(100_000)}`)
    socket.terminate()
  })

  it('takes a request for another protocol, and no bad handshake', async () => {
    const handler = hosting(echo)
    await using host = await outer(handler)
    host.server.on('upgrade', (req, socket, head) =>
      handler.upgrade(req, socket, head, () => socket.end('HTTP/1.1 299 Other\r\n\r\n')),
    )
    const other = await host.ask(get('/', HANDSHAKE.replace('websocket', 'h2c')))
    expect(other.status).toBe(299)
    expect((await host.ask(get('/', HANDSHAKE.replace('13', '8')))).status).toBe(426)
  })

  it('takes the socket from an app that streams its 404', async () => {
    const ended = deferred<string>()
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.http.response.start', status: 404 })
      await send({ type: 'websocket.http.response.body', body: 'a', moreBody: true })
      await sleep(20)
      const last = send({ type: 'websocket.http.response.body', body: 'b' })
      ended.resolve(
        await last.then(
          () => 'sent',
          (error: Error) => error.name,
        ),
      )
    })
    const handler = hosting(app)
    await using host = await outer(handler)
    host.server.on('upgrade', (req, socket, head) =>
      handler.upgrade(req, socket, head, () => socket.end('HTTP/1.1 299 Other\r\n\r\n')),
    )
    const response = await host.ask(get('/', HANDSHAKE))
    expect([response.status, response.body]).toEqual([299, ''])
    expect(await soon(ended.promise, 'the end')).toBe('ClientDisconnectedError')
    expect(await handler.close()).toEqual({ forced: false })
  })
})

describe('close() of a handler', () => {
  it('closes the WebSockets of an app that takes no signal with 1001, and waits for them', async () => {
    const handler = hosting(async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      while ((await receive()).type !== 'websocket.disconnect');
    })
    await using host = await listening(handler)
    const socket = await opened(host.webSocket('/'))
    const [end, result] = await Promise.all([closed(socket), handler.close()])
    expect(end).toEqual([1001, 'server shutdown'])
    expect(result).toEqual({ forced: false })
    expect(await statusOf(host.webSocket('/'))).toBe(503)
  })

  it('tells an app that takes its signal, which may say goodbye', async () => {
    const ready = deferred()
    const handler = hosting(async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      scope['isthmus.exchange']?.signal.addEventListener('abort', () => {
        void send({ type: 'websocket.close', code: 4001, reason: 'goodbye' })
      })
      ready.resolve()
      while ((await receive()).type !== 'websocket.disconnect');
    })
    await using host = await listening(handler)
    const socket = await opened(host.webSocket('/'))
    await soon(ready.promise, 'the listener')
    const [end, result] = await Promise.all([closed(socket), handler.close()])
    expect([end, result]).toEqual([[4001, 'goodbye'], { forced: false }])
  })

  it('closes the others with 1001 after graceMs', async () => {
    const ready = deferred()
    const handler = hosting(async (scope, receive, send) => {
      if (scope.type !== 'websocket') return
      await receive()
      await send({ type: 'websocket.accept' })
      scope['isthmus.exchange']?.signal.addEventListener('abort', () => undefined)
      ready.resolve()
      while ((await receive()).type !== 'websocket.disconnect');
    })
    await using host = await listening(handler)
    const socket = await opened(host.webSocket('/'))
    await soon(ready.promise, 'the listener')
    const [end, result] = await Promise.all([closed(socket), handler.close({ graceMs: 30 })])
    expect([end, result]).toEqual([[1001, 'server shutdown'], { forced: true }])
  })
})
