import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../../src/async/websocket-app.ts'
import { chain } from '../../../src/chain/chain.ts'
import { middleware } from '../../../src/chain/middleware.ts'
import { closeOf, frame, Handover, handshake, host, nextMessage, readUntil } from './host.ts'
import type { IncomingMessage } from 'node:http'
import type { EventApp, ReceiveEvent, WebSocketScope } from '../../../src/contract/events.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

describe('a WebSocket handshake', () => {
  it('[3b.41] with another version than 13 is answered 426, which names 13 and the protocol', async () => {
    await using server = await host(echo)
    const socket = server.raw()
    socket.write(handshake({ 'Sec-WebSocket-Version': '8' }))
    const answer = await readUntil(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/)
    expect(answer).toContain('\r\nsec-websocket-version: 13\r\n')
    expect(answer).toContain('\r\nupgrade: websocket\r\n')
  })

  it('[3b.41] that is malformed is answered 400 without calling the app', async () => {
    let calls = 0
    await using server = await host(async () => void calls++)
    const malformed = [
      handshake({ 'Sec-WebSocket-Key': undefined }),
      handshake({ 'Sec-WebSocket-Key': 'short==' }),
      handshake({}, 'POST / HTTP/1.1'),
      handshake({ 'Content-Length': '5' }),
      handshake({ 'Transfer-Encoding': 'chunked' }),
    ]
    for (const bytes of malformed) {
      const socket = server.raw()
      socket.write(bytes)
      expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    }
    expect(calls).toBe(0)
  })

  it('[3b.40] with malformed subprotocols is answered 400', async () => {
    await using server = await host(echo)
    for (const field of ['a,,b', 'a, a', ',a', 'a,', 'a b', 'a/b', 'caf\xe9', '\xa0a']) {
      const socket = server.raw()
      socket.write(handshake({ 'Sec-WebSocket-Protocol': field }), 'latin1')
      expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /)
    }
  })

  it('[3b.40] gives the app a websocket scope with the subprotocols trimmed and in order', async () => {
    const seen = new Handover<WebSocketScope>()
    await using server = await host(async (scope) => {
      if (scope.type === 'websocket') seen.resolve(scope)
    })
    const socket = server.raw()
    socket.write(handshake({ 'Sec-WebSocket-Protocol': 'b \t,  a' }, 'GET /live?x=1 HTTP/1.1'))
    const scope = await seen.value
    expect(scope).toMatchObject({
      type: 'websocket',
      scheme: 'ws',
      path: '/live',
      queryString: 'x=1',
    })
    expect(scope.subprotocols).toEqual(['b', 'a'])
    expect(scope).not.toHaveProperty('method')
  })

  it('[3b.43] is accepted with the app’s subprotocol and its headers, in order and in latin-1', async () => {
    await using server = await host(
      websocket((socket) =>
        socket.accept({
          subprotocol: 'b',
          headers: [
            ['x-b', '1'],
            ['x-a', 'caf\xe9'],
            ['x-b', '2'],
          ],
        }),
      ),
    )
    const socket = server.raw()
    socket.write(handshake({ 'Sec-WebSocket-Protocol': 'a, b' }))
    const head = await readUntil(socket, '\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
    expect(head).toContain('Sec-WebSocket-Protocol: b\r\n')
    expect(head).toContain('x-b: 1\r\nx-a: caf\xe9\r\nx-b: 2\r\n')
  })

  it('[3b.43] has no subprotocol when the app chooses none', async () => {
    await using server = await host(websocket((socket) => socket.accept()))
    const socket = server.raw()
    socket.write(handshake({ 'Sec-WebSocket-Protocol': 'a' }))
    expect(await readUntil(socket, '\r\n\r\n')).not.toMatch(/sec-websocket-protocol/i)
  })

  it('[3b.48] writes text as UTF-8 although the headers were latin-1', async () => {
    await using server = await host(websocket((socket) => socket.send('é€')))
    const client = server.open()
    expect(await nextMessage(client)).toBe('é€')
  })

  it('[3b.42] keeps frames that the client sent early, and delivers them after the accept', async () => {
    const connected = new Handover<void>()
    const go = new Handover<void>()
    const app: EventApp = async (_scope, receive, send) => {
      const first = await receive()
      connected.resolve()
      await go.value
      await send({ type: 'websocket.accept' })
      const next = [await receive(), await receive()].map((event) => event.text)
      await send({ type: 'websocket.send', text: [first.type, ...next].join() })
    }
    await using server = await host(app)
    const socket = server.raw()
    socket.write(Buffer.concat([Buffer.from(handshake()), frame(1, 'with the head')]))
    await connected.value
    socket.write(frame(1, 'later'), () => go.resolve())
    const answer = await readUntil(socket, 'later')
    expect(answer).toContain('websocket.connect,with the head,later')
  })

  it('[3b.51] ends for the app when the client drops or ends the connection before the answer', async () => {
    for (const leave of ['destroy', 'end', 'resetAndDestroy'] as const) {
      const connected = new Handover<void>()
      const seen = new Handover<[ReceiveEvent, boolean | undefined]>()
      await using server = await host(async (scope, receive, send) => {
        await receive()
        connected.resolve()
        const event = await receive()
        await send({ type: 'websocket.accept' }).catch(() => undefined)
        if (scope.type === 'websocket')
          seen.resolve([event, scope['isthmus.exchange']?.signal.aborted])
      })
      const socket = server.raw()
      socket.write(handshake())
      await connected.value
      socket[leave]()
      expect(await seen.value).toEqual([
        { type: 'websocket.disconnect', code: 1006, reason: '' },
        true,
      ])
    }
  })

  it('[3b.44] that the app closes is answered 403', async () => {
    await using server = await host(websocket((socket) => socket.close()))
    const socket = server.raw()
    socket.write(handshake())
    expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
  })

  it('[3b.47] is denied with a streamed response of the app', async () => {
    const seen = new Handover<ReceiveEvent>()
    await using server = await host(async (_scope, receive, send) => {
      await receive()
      const headers: Array<[string, string]> = [['www-authenticate', 'Basic']]
      await send({ type: 'websocket.http.response.start', status: 401, headers })
      await send({ type: 'websocket.http.response.body', body: 'log ', moreBody: true })
      await send({ type: 'websocket.http.response.body', body: 'in', moreBody: false })
      seen.resolve(await receive())
    })
    const client = server.open()
    const signal = AbortSignal.timeout(30_000)
    const [, response] = (await once(client, 'unexpected-response', { signal })) as [
      unknown,
      IncomingMessage,
    ]
    const chunks = (await response.toArray()) as Buffer[]
    expect(response.statusCode).toBe(401)
    expect(response.headers).toMatchObject({
      'www-authenticate': 'Basic',
      'transfer-encoding': 'chunked',
    })
    expect(Buffer.concat(chunks).toString()).toBe('log in')
    expect(await seen.value).toMatchObject({ type: 'websocket.disconnect', code: 1006 })
  })

  it('[3b.47] denies with more than the socket takes at once, and waits for the client', async () => {
    const body = 'x'.repeat(64 * 1024)
    await using server = await host(async (_scope, _receive, send) => {
      await send({ type: 'websocket.http.response.start', status: 404 })
      for (let at = 0; at < 200; at++) {
        await send({ type: 'websocket.http.response.body', body, moreBody: true })
      }
      await send({ type: 'websocket.http.response.body' })
    })
    const socket = server.raw()
    socket.write(handshake())
    const answer = await readUntil(socket)
    expect(answer.split('10000\r\n')).toHaveLength(201)
    expect(answer.endsWith('\r\n0\r\n\r\n')).toBe(true)
  })

  it('[3b.45] that the app leaves unanswered is answered 500', async () => {
    await using server = await host(async () => undefined)
    const socket = server.raw()
    socket.write(handshake())
    expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 500 /)
    expect(server.lines).toEqual(['error: the app returned without an answer to the handshake'])
  })

  it('has no compression by default, and compression without context if an option switches it on', async () => {
    const offer = { perMessageDeflate: true }
    await using plain = await host(echo)
    await using deflating = await host(echo, { deflate: true })
    const extensions = await Promise.all(
      [plain, deflating].map(async (server) => {
        const client = server.open(offer)
        await once(client, 'open', { signal: AbortSignal.timeout(30_000) })
        const big = 'a'.repeat(10_000)
        client.send(big)
        expect(await nextMessage(client)).toBe(big)
        return client.extensions
      }),
    )
    expect(extensions).toEqual(['', 'permessage-deflate'])
  })

  it('with a malformed offer of extensions is answered 400, and ends for the app', async () => {
    const seen = new Handover<ReceiveEvent>()
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      seen.resolve(await receive())
    }
    await using server = await host(app, { deflate: true })
    const socket = server.raw()
    socket.write(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate; =' }))
    expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await seen.value).toMatchObject({ type: 'websocket.disconnect', code: 1006 })
  })

  it('with a malformed offer of extensions is no accepted WebSocket at its end', async () => {
    const turns: unknown[] = []
    const ended = new Handover<unknown>()
    const note = middleware('note', function* (request, next) {
      request.onAccept(() => turns.push('accepted'))
      request.onFinish(({ outcome, status, code }) => turns.push([outcome, status, code]))
      return yield* next(request)
    })
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      ended.resolve(await receive())
    }
    await using server = await host(chain(note)(app), { deflate: true })
    server.raw().write(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate; =' }))
    await ended.value
    expect(turns).toEqual([['disconnected', null, undefined]])
  })

  it('[3b.54] is answered 503 once the server shuts down', async () => {
    await using server = await host(echo)
    const idle = server.raw()
    await once(idle, 'connect', { signal: AbortSignal.timeout(30_000) })
    const client = server.open()
    await once(client, 'open', { signal: AbortSignal.timeout(30_000) })
    server.shutdown()
    expect(await closeOf(client)).toEqual([1001, 'server shutdown'])
    idle.write(handshake())
    expect(await readUntil(idle)).toMatch(/^HTTP\/1\.1 503 /)
  })
})
