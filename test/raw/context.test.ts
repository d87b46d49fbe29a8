// The async context in which a request starts: that of its connection, and never that of the request before.

import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { answer, httpApp, served } from './served.ts'
import type { EventApp } from 'isthmus'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

/** An app that notes the value of a storage at its start, and then sets it with `enter`. */
function noting(
  enter: (
    storage: AsyncLocalStorage<string>,
    path: string,
    work: () => Promise<void>,
  ) => Promise<void>,
): {
  app: EventApp
  seen: Array<[path: string, value: string | undefined]>
} {
  const storage = new AsyncLocalStorage<string>()
  const seen: Array<[string, string | undefined]> = []
  const app = httpApp((scope, _receive, send) => {
    seen.push([scope.path, storage.getStore()])
    return enter(storage, scope.path, () => answer(send, scope.path))
  })
  return { app, seen }
}

const PATHS = ['/1', '/2', '/3']
const CLEAN = PATHS.map((path) => [path, undefined])

describe('a request', () => {
  it('starts outside of the context of the pipelined request before', async () => {
    const { app, seen } = noting((storage, path, work) => storage.run(path, work))
    await using server = await served(app)
    using client = await server.connect()
    client.send(PATHS.map(get).join(''))
    for (const path of PATHS) expect((await client.response()).body).toBe(path)
    expect(seen).toEqual(CLEAN)
  })

  it('starts outside of that context after an end in a later turn', async () => {
    const { app, seen } = noting((storage, path, work) =>
      storage.run(path, async () => {
        await delay(5)
        await work()
      }),
    )
    await using server = await served(app)
    using client = await server.connect()
    client.send(PATHS.map(get).join(''))
    for (const path of PATHS) expect((await client.response()).body).toBe(path)
    expect(seen).toEqual(CLEAN)
  })

  it('starts outside of that context after enterWith(), pipelined or not', async () => {
    const { app, seen } = noting((storage, path, work) => {
      storage.enterWith(path)
      return work()
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(get('/1') + get('/2'))
    for (const path of ['/1', '/2']) expect((await client.response()).body).toBe(path)
    client.send(get('/3'))
    expect((await client.response()).body).toBe('/3')
    expect(seen).toEqual(CLEAN)
  })

  it('starts outside of that context after a large response that a slow client takes', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const body = Buffer.alloc(4 * 1024 * 1024, 'x')
    const app = httpApp((scope, _receive, send) => {
      seen.push(storage.getStore())
      return storage.run(scope.path, () => answer(send, body))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.socket.pause()
    client.send(get('/1') + get('/2'))
    await delay(50)
    client.socket.resume()
    for (const _ of ['/1', '/2']) expect((await client.response()).body).toHaveLength(body.length)
    expect(seen).toEqual([undefined, undefined])
  })
})

describe('a WebSocket', () => {
  it('starts outside of the context of the request before its handshake', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type === 'lifespan') return
      seen.push(storage.getStore())
      if (scope.type === 'http') return storage.run('http', () => answer(send, 'x'))
      await receive()
      await send({ type: 'websocket.accept' })
    }
    await using server = await served(app)
    using client = await server.connect()
    const handshake =
      'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
    client.send(get('/') + handshake)
    expect((await client.response()).status).toBe(200)
    expect((await client.head()).status).toBe(101)
    expect(seen).toEqual([undefined, undefined])
  })
})
