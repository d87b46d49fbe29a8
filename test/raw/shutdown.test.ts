// Closing a server in finite time and in order: requests in flight, idle connections, streams, and apps that hang.

import { once } from 'node:events'
import { ServerShutdownError } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { EventApp, SyncApp } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** An app that never ends, and the moment of its first request. */
function stuckApp(): { app: EventApp; started: Promise<void> } {
  const started = deferred()
  const app = httpApp(() => {
    started.resolve()
    return new Promise(() => undefined)
  })
  return { app, started: started.promise }
}

describe('close()', () => {
  it('[3b.63] lets a request in flight finish, and closes its connection', async () => {
    const gate = deferred()
    const started = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      started.resolve()
      await gate.promise
      await answer(send, 'finished')
    })
    await using server = await served(app, { graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET)
    await started.promise
    const closed = server.server.close()
    gate.resolve()
    const response = await client.response()
    expect(response.body).toBe('finished')
    expect(headerOf(response, 'connection')).toBe('close')
    expect(await client.ended()).toBe('end')
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
  })

  it('closes idle connections without a wait if drainIdleMs is 0: a new one, a kept one, one with half a head', async () => {
    const app = httpApp((_scope, _receive, send) => answer(send, 'x'))
    await using server = await served(app, { graceMs: 60_000, drainIdleMs: 0 })
    using fresh = await server.connect()
    using kept = await server.connect()
    using half = await server.connect()
    kept.send(GET)
    await kept.response()
    await half.sendApart('GET / HTTP/1.1\r\nHo')
    fresh.socket.resume()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    expect([await fresh.rest(), await kept.rest(), await half.rest()]).toEqual(['', '', ''])
  })

  it('closes a connection only after the client has taken the whole response', async () => {
    const size = 14 * 1024 * 1024
    const app = httpApp((_scope, _receive, send) => answer(send, Buffer.alloc(size, 'x')))
    for (const drainIdleMs of [0, 100]) {
      await using server = await served(app, { graceMs: 60_000, drainIdleMs })
      using client = await server.connect()
      client.send(GET)
      await client.head()
      client.socket.pause()
      const closed = server.server.close()
      await new Promise((resolve) => setTimeout(resolve, 300))
      client.socket.resume()
      expect((await client.rest()).length).toBe(size)
      expect(await soon(closed, 'close()')).toEqual({ forced: false })
    }
  })

  it('answers the requests that come on open connections meanwhile, and closes them after it', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await answer(send, await readAll(receive))
    })
    await using server = await served(app, { graceMs: 60_000, drainIdleMs: 30_000 })
    using fresh = await server.connect()
    using kept = await server.connect()
    using half = await server.connect()
    kept.send(GET)
    await kept.response()
    await half.sendApart('GET / HTTP/1.1\r\nHo')
    const closed = server.server.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    fresh.send(GET)
    kept.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi')
    half.send('st: x\r\n\r\n')
    for (const client of [fresh, kept, half]) {
      const response = await client.response()
      expect([response.status, headerOf(response, 'connection')]).toEqual([200, 'close'])
      expect(await client.ended()).toBe('end')
    }
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
  })

  it('answers connections that were open before the listener closed and were not accepted', async () => {
    const app = httpApp((_scope, _receive, send) => answer(send, 'x'))
    await using server = await served(app, { graceMs: 60_000, drainIdleMs: 30_000 })
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
    for (const client of clients) client.send(GET)
    const closed = server.server.close()
    for (const client of clients) expect((await client.response()).status).toBe(200)
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
    for (const client of clients) client[Symbol.dispose]()
  })

  it('closes an idle connection after drainIdleMs', async () => {
    const app = httpApp((_scope, _receive, send) => answer(send, 'x'))
    await using server = await served(app, { graceMs: 60_000, drainIdleMs: 300 })
    using client = await server.connect()
    client.send(GET)
    await client.response()
    const since = performance.now()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    expect(performance.now() - since).toBeGreaterThan(290)
    expect(await client.ended()).toBe('end')
  })

  it('refuses new connections', async () => {
    const server = await served(httpApp(async () => undefined))
    await server.server.close()
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('answers the request that was pipelined after a request in flight, and closes after it', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'first', moreBody: true })
      await gate.promise
      await send({ type: 'http.response.body' })
    })
    await using server = await served(app, { graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET + GET)
    await client.head()
    const closed = server.server.close()
    gate.resolve()
    expect(await client.bytes(15)).toBe('5\r\nfirst\r\n0\r\n\r\n')
    const second = await client.head()
    expect([second.status, headerOf(second, 'connection')]).toEqual([200, 'close'])
    expect(await client.ended()).toBe('end')
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
  })

  it('aborts the signal of an app that streams events', async () => {
    const app = httpApp(async ({ 'isthmus.exchange': connection }, _receive, send) => {
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [['content-type', 'text/event-stream']],
      })
      await new Promise((resolve) => connection?.signal.addEventListener('abort', resolve))
      const reason: unknown = connection?.signal.reason
      const told = reason instanceof ServerShutdownError ? 'shutdown' : 'something else'
      await send({ type: 'http.response.body', body: `data: ${told}\n\n` })
    })
    await using server = await served(app, { graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET)
    await client.head()
    const closed = server.server.close()
    expect(await client.rest()).toContain('data: shutdown\n\n')
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
  })

  it('sends a disconnect to an app that waits for one', async () => {
    const events: string[] = []
    const app = httpApp(async (_scope, receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'x', moreBody: true })
      for await (const event of receive) events.push(event.type)
      await send({ type: 'http.response.body', body: 'bye' })
    })
    await using server = await served(app, { graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET)
    await client.head()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    expect(await client.rest()).toContain('bye')
    expect(events).toEqual(['http.request', 'http.disconnect'])
  })

  it('[3b.54] closes WebSockets with 1001', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await receive()
    }
    await using server = await served(app)
    const socket = new WebSocket(server.server.url.replace('http', 'ws'))
    await once(socket, 'open', { signal: AbortSignal.timeout(30_000) })
    const ended = once(socket, 'close', { signal: AbortSignal.timeout(30_000) })
    await soon(server.server.close(), 'close()')
    expect((await ended)[0]).toBe(1001)
  })

  it('cuts off an app that never ends, in finite time, and reports that it did', async () => {
    const { app, started } = stuckApp()
    const server = await served(app, { graceMs: 100 })
    using client = await server.connect()
    client.send(GET)
    await started
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: true })
    expect(await client.ended()).not.toBe('open')
  })

  it('cuts off a client that never reads, and the app cleans up', async () => {
    const cleaned = deferred()
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [])
      try {
        for (;;) yield 'x'.repeat(65_536)
      } finally {
        cleaned.resolve()
      }
    }
    const server = await served(app, { graceMs: 100 })
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.socket.pause()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: true })
    await soon(cleaned.promise, 'finally')
  })

  it('waits for the graceMs of the caller', async () => {
    const { app, started } = stuckApp()
    const server = await served(app, { graceMs: 600_000 })
    using client = await server.connect()
    client.send(GET)
    await started
    expect(await soon(server.server.close({ graceMs: 10 }), 'close()')).toEqual({ forced: true })
  })

  it('gives further calls the same promise', async () => {
    const { server } = await served(httpApp(async () => undefined))
    const first = server.close()
    expect(server.close({ graceMs: 5 })).toBe(first)
    expect(await first).toEqual({ forced: false })
  })

  it('[3b.59] [3b.63] runs lifespan.startup first and lifespan.shutdown last', async () => {
    const order: string[] = []
    const gate = deferred()
    const started = deferred()
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type === 'http') {
        started.resolve()
        order.push('request')
        await gate.promise
        await answer(send, 'x')
        order.push('answered')
        return
      }
      await receive()
      order.push('startup')
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      order.push('shutdown')
      await send({ type: 'lifespan.shutdown.complete' })
    }
    const server = await served(app, { lifespan: 'on', graceMs: 8_000 })
    using client = await server.connect()
    client.send(GET)
    await started.promise
    const closed = server.server.close()
    gate.resolve()
    await soon(closed, 'close()')
    expect(order).toEqual(['startup', 'request', 'answered', 'shutdown'])
  })
})
