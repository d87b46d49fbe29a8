// Requests of one connection do not see the AsyncLocalStorage values of each other.

import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { ListenerContext } from '../../src/server/listener-context.ts'
import { answer, httpApp, served } from '../raw/served.ts'
import type { EventApp, Receive, Send } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const storage = new AsyncLocalStorage<number>()

type Answer = (send: Send, receive: Receive) => Promise<void>

/** An app that answers in a context of its own; `found` has the values that its requests start with. */
function contextApp(found: Array<number | undefined>, reply: Answer): EventApp {
  return httpApp(async (_scope, receive, send) => {
    found.push(storage.getStore())
    await storage.run(found.length, () => reply(send, receive))
  })
}

const REPLIES: Record<string, Answer> = {
  'at once': (send) => answer(send, 'x'),
  'after a turn': async (send) => {
    await new Promise((resolve) => setImmediate(resolve))
    await answer(send, 'x')
  },
  'after a timer': async (send) => {
    await delay(5)
    await answer(send, 'x')
  },
  'with more than the client reads at once': (send) => answer(send, Buffer.alloc(4 * 1024 * 1024)),
  'in pieces': async (send) => {
    await send({ type: 'http.response.start', status: 200, headers: [] })
    await send({ type: 'http.response.body', body: 'x', moreBody: true })
    await delay(5)
    await send({ type: 'http.response.body', body: 'y' })
  },
  'after it has asked for a body': async (send, receive) => {
    await receive()
    await answer(send, 'x')
  },
}

describe('a pipelined request', () => {
  it.each(Object.entries(REPLIES))(
    'starts in the context of its connection, after an answer %s',
    async (_when, reply) => {
      const found: Array<number | undefined> = []
      await using server = await served(contextApp(found, reply))
      using client = await server.connect()
      client.send(GET.repeat(4))
      for (let count = 0; count < 4; count += 1) await client.response()
      client.send(GET)
      await client.response()
      expect(found).toEqual([undefined, undefined, undefined, undefined, undefined])
    },
  )

  it('starts in the context of its connection, after an app that enters a context', async () => {
    const found: Array<number | undefined> = []
    const app = httpApp(async (_scope, _receive, send) => {
      found.push(storage.getStore())
      storage.enterWith(found.length)
      await answer(send, 'x')
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET.repeat(3))
    for (let count = 0; count < 3; count += 1) await client.response()
    expect(found.slice(1)).not.toContain(2)
    expect(found.slice(1)).not.toContain(1)
  })

  it('starts in the context of its connection, after an upload that the app did not read', async () => {
    const found: Array<number | undefined> = []
    await using server = await served(contextApp(found, REPLIES['after a turn'] as Answer))
    using client = await server.connect()
    await client.sendApart('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n')
    await client.response()
    client.send(`hello${GET}${GET}`)
    await client.response()
    await client.response()
    expect(found).toEqual([undefined, undefined, undefined])
  })

  it('for a WebSocket starts in the context of its connection', async () => {
    const found: Array<number | undefined> = []
    const http = contextApp(found, REPLIES['after a turn'] as Answer)
    const socket = websocket(async () => void found.push(storage.getStore()))
    const app: EventApp = (scope, receive, send) =>
      scope.type === 'http' ? http(scope, receive, send) : socket(scope, receive, send)
    await using server = await served(app)
    using client = await server.connect()
    client.send(
      `${GET}GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await client.response()
    await client.head()
    expect(found).toEqual([undefined, undefined])
  })
})

it('ListenerContext gives each start a context of its own', () => {
  const context = storage.run(7, () => new ListenerContext())
  const found: Array<number | undefined> = []
  const start = (value: number): void => {
    found.push(storage.getStore())
    storage.enterWith(value)
  }
  storage.run(8, () => {
    context.run(() => start(1))
    context.run(() => start(2))
    found.push(storage.getStore())
  })
  expect(found).toEqual([7, 7, 8])
})
