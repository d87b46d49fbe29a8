import { describe, expect, it, vi } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { ReceiveEvent } from '../../src/contract/events.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

const OPTIONS: TestClientOptions = { lifespan: 'off', identity: false }

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

describe('a WebSocket session', () => {
  it('sends and receives text and bytes', async () => {
    await using client = await testClient(echo, OPTIONS)
    await using session = await client.websocket('/echo')
    await session.send('größe')
    await session.send(new Uint8Array([1, 2]))
    expect(await session.receive()).toBe('größe')
    expect(await session.receive()).toEqual(new Uint8Array([1, 2]))
  })

  it('[3b.43] offers subprotocols and shows the chosen one, and the headers of the 101', async () => {
    const app = websocket(async (socket) => {
      const [, second] = socket.subprotocols
      await socket.accept({ ...(second && { subprotocol: second }), headers: [['x-seat', '12']] })
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/', { subprotocols: ['v1', 'v2'] })
    expect([session.subprotocol, session.headers.list]).toEqual(['v2', [['x-seat', '12']]])
  })

  it('[3b.40] reaches the app as a websocket scope', async () => {
    const app = websocket(async (socket) => {
      const { scheme, path, queryString, headers } = socket.scope
      await socket.send(JSON.stringify([scheme, path, queryString, headers.at(-1)]))
    })
    await using client = await testClient(app, { ...OPTIONS, secure: true })
    await using session = await client.websocket('/live?a=1', { headers: { Cookie: 'k=v' } })
    expect(JSON.parse(String(await session.receive()))).toEqual([
      'wss',
      '/live',
      'a=1',
      ['cookie', 'k=v'],
    ])
  })

  it('[3b.51] closes with a code and a reason that the app sees, after the messages', async () => {
    const seen: ReceiveEvent[] = []
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'websocket.accept' })
      for await (const event of receive) seen.push(event)
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/')
    await session.send('last words')
    expect(await session.close(3001, 'bye')).toEqual({ code: 3001, reason: 'bye' })
    await session.finished()
    expect(seen).toEqual([
      { type: 'websocket.connect' },
      { type: 'websocket.receive', text: 'last words' },
      { type: 'websocket.disconnect', code: 3001, reason: 'bye' },
    ])
  })

  it('[3b.51] that drops is 1006 to the app', async () => {
    const end = deferred<ReceiveEvent>()
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'websocket.accept' })
      for await (const event of receive)
        if (event.type === 'websocket.disconnect') end.resolve(event)
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/')
    session.drop()
    expect(await end.promise).toMatchObject({ code: 1006, reason: '' })
    expect(await session.closed).toEqual({ code: 1006, reason: '' })
  })

  it('[3b.50] sees the close of the app after its messages', async () => {
    const app = websocket(async (socket) => {
      await socket.send('one')
      await socket.close(4000, 'enough')
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('one')
    await expect(session.receive()).rejects.toMatchObject({ end: { code: 4000, reason: 'enough' } })
    expect(await session.closed).toEqual({ code: 4000, reason: 'enough' })
    await expect(session.send('too late')).rejects.toThrow('the WebSocket is closed: 4000 "enough"')
  })

  it('is iterated up to the close', async () => {
    const app = websocket(async (socket) => {
      for (const text of ['a', 'b', 'c']) await socket.send(text)
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/')
    const messages: unknown[] = []
    for await (const message of session) messages.push(message)
    expect(messages).toEqual(['a', 'b', 'c'])
  })

  it('[3b.46] that reads nothing holds the app back', async () => {
    const sent: string[] = []
    const app = websocket(async (socket) => {
      for (const text of ['a', 'b']) {
        await socket.send(text)
        sent.push(text)
      }
    })
    await using client = await testClient(app, OPTIONS)
    await using session = await client.websocket('/', { highWaterMark: 0 })
    expect(sent).toEqual([])
    await session.receive()
    await vi.waitFor(() => expect(sent).toEqual(['a']), 30_000)
    await session.receive()
    await session.finished()
    expect(sent).toEqual(['a', 'b'])
  })

  it('[3b.55] is held back when the app reads nothing', async () => {
    const read = deferred()
    const app = websocket(async (socket) => {
      await socket.accept()
      await read.promise
      for await (const message of socket) if (message === 'last') return
    })
    await using client = await testClient(app, { ...OPTIONS, websocket: { maxQueue: 2 } })
    await using session = await client.websocket('/', { deadlineMs: 50 })
    const long = 'x'.repeat(128 * 1024)
    await session.send(long)
    await session.send(long)
    await expect(session.send('3')).rejects.toThrow('room for a message to the WebSocket /')
    read.resolve()
    await session.send('last')
    expect(await session.closed).toMatchObject({ code: 1000 })
  })

  it('[3b.53] of an app that throws is closed with 1011, and throws it to the test', async () => {
    const app = websocket(async (socket) => {
      await socket.accept()
      throw new RangeError('seat taken')
    })
    await using client = await testClient(app, OPTIONS)
    await using lenient = await testClient(app, { ...OPTIONS, raiseAppErrors: false })
    await expect(client.websocket('/').then((session) => session.receive())).rejects.toThrow(
      'seat taken',
    )
    await using session = await lenient.websocket('/')
    expect(await session.closed).toMatchObject({ code: 1011 })
  })

  it('names the missing message', async () => {
    await using client = await testClient(echo, { ...OPTIONS, deadlineMs: 20 })
    await using session = await client.websocket('/quiet')
    await expect(session.receive()).rejects.toThrow(
      'a message from the WebSocket /quiet did not come within 20 ms',
    )
  })

  it('is dropped when its client is closed', async () => {
    const end = deferred<ReceiveEvent>()
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'websocket.accept' })
      for await (const event of receive)
        if (event.type === 'websocket.disconnect') end.resolve(event)
    })
    {
      await using client = await testClient(app, OPTIONS)
      await client.websocket('/')
    }
    expect(await end.promise).toMatchObject({ code: 1006 })
  })
})

describe('a denied handshake', () => {
  it('[3b.47] throws the response of the app', async () => {
    const app = websocket((socket) =>
      socket.deny(401, [['www-authenticate', 'Basic']], 'who are you?'),
    )
    await using client = await testClient(app, OPTIONS)
    const denial = await client.websocket('/').catch((error: unknown) => error)
    expect(denial).toMatchObject({
      code: 'ISTHMUS_TEST_HANDSHAKE_DENIED',
      message: 'the WebSocket handshake was denied with status 401',
      response: { status: 401, body: new TextEncoder().encode('who are you?') },
    })
  })

  it('[3b.44] is a 403 when the app closes before it accepts', async () => {
    const app = websocket((socket) => socket.close())
    await using client = await testClient(app, OPTIONS)
    await expect(client.websocket('/')).rejects.toMatchObject({ response: { status: 403 } })
  })

  it('[3b.45] is the exception of the app, or the 500 that a client sees', async () => {
    const app = websocket(() => {
      throw new RangeError('no seats')
    })
    await using client = await testClient(app, OPTIONS)
    await using lenient = await testClient(app, { ...OPTIONS, raiseAppErrors: false })
    await expect(client.websocket('/')).rejects.toThrow('no seats')
    await expect(lenient.websocket('/')).rejects.toMatchObject({ response: { status: 500 } })
  })

  it('[3b.6] is the answer of an app without WebSockets', async () => {
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return []
    })
    const refusing = events((scope) => Promise.reject(new UnsupportedScopeError(scope.type)))
    await using client = await testClient({ '/sync': app, '/events': refusing }, OPTIONS)
    for (const path of ['/sync', '/events']) {
      await expect(client.websocket(path)).rejects.toThrow('the WebSocket handshake was denied')
    }
  })

  it('is the answer of the server when the target is malformed', async () => {
    await using client = await testClient(echo, OPTIONS)
    await expect(client.websocket('/%00')).rejects.toMatchObject({ response: { status: 400 } })
  })

  it('is named when no answer comes', async () => {
    const app = events(async (_scope, receive) => {
      while ((await receive()).type !== 'websocket.disconnect');
    })
    await using client = await testClient(app, { ...OPTIONS, deadlineMs: 20 })
    await expect(client.websocket('/slow')).rejects.toThrow('the answer to the WebSocket /slow')
  })
})
