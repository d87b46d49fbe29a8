// The parts of a connection that outlive one request: timers, lifespan, extensions.

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { deferred } from '../../src/waiting/deferred.ts'
import { answer, httpApp, served, soon } from './served.ts'
import type { EventApp } from 'isthmus'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

describe('a client that ends its side after its requests', () => {
  it('is answered, and the connection closes', async () => {
    const app = httpApp(({ path }, _receive, send) => answer(send, `${path}\n`))
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET.repeat(3))
    client.socket.end()
    expect([...(await client.rest()).matchAll(/^HTTP\/1\.1 200 /gm)]).toHaveLength(3)
  })

  it('gets a streamed response as long as it reads', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (let chunk = 0; chunk < 12; chunk += 1) {
        await send({ type: 'http.response.body', body: 'x', moreBody: true })
        await delay(100)
      }
      await send({ type: 'http.response.body', body: 'end' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    client.socket.end()
    expect((await client.response()).body).toBe(`${'x'.repeat(12)}end`)
  })

  it('is taken for gone when it reads nothing for a while', async () => {
    const left = deferred()
    const app = httpApp(async ({ 'isthmus.exchange': connection }, receive) => {
      connection?.onDisconnect(() => left.resolve())
      for await (const _event of receive);
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    client.socket.end()
    await soon(left.promise, 'the disconnect')
    expect(await client.ended()).not.toBe('open')
  })
})

describe('an upgrade in a version that is not served', () => {
  it('is refused with 505', async () => {
    await using server = await served(echo)
    using client = await server.connect()
    client.send('GET / HTTP/2.0\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect((await client.head()).status).toBe(505)
  })
})

describe('a connection', () => {
  it('[3b.56] has no HTTP timeouts after its upgrade', async () => {
    await using server = await served(echo, { keepAliveTimeoutMs: 20, headTimeoutMs: 100 })
    const socket = new WebSocket(server.server.url.replace('http', 'ws'))
    await once(socket, 'open', { signal: AbortSignal.timeout(30_000) })
    // Longer than both timeouts, and longer than the second between two checks of node:http for late heads.
    await delay(1_500)
    socket.send('still there?')
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(30_000) })
    expect(String(message)).toBe('still there?')
    socket.terminate()
  })

  it('[3b.58] serves any number of requests after one lifespan startup', async () => {
    let startups = 0
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return answer(send, String(startups))
      for await (const event of receive) {
        if (event.type === 'lifespan.startup') startups += 1
        await send({ type: `${event.type as 'lifespan.startup'}.complete` })
      }
    }
    await using server = await served(app, { lifespan: 'on' })
    const bodies = [1, 2, 3].map(async () => (await fetch(server.server.url)).text())
    expect(await Promise.all(bodies)).toEqual(['1', '1', '1'])
  })

  it('[3b.37, 38] offers the extensions that work, and no debug extension', async () => {
    const offered: string[][] = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type === 'lifespan') return
      offered.push(Object.keys(scope.extensions))
      if (scope.type === 'http') return answer(send, 'ok')
      await receive()
      await send({ type: 'websocket.close' })
    }
    await using server = await served(app)
    await (await fetch(server.server.url)).text()
    const socket = new WebSocket(server.server.url.replace('http', 'ws'))
    socket.on('error', () => undefined)
    await once(socket, 'unexpected-response', { signal: AbortSignal.timeout(30_000) })
    socket.terminate()
    expect(offered).toEqual([
      ['http.response.early_hint', 'http.response.pathsend', 'http.response.trailers'],
      ['websocket.http.response'],
    ])
  })

  it('[3b.37] refuses a debug event', async () => {
    let refusal: unknown
    const app = httpApp(async (_scope, _receive, send) => {
      refusal = await send({ type: 'http.response.debug', info: {} } as never).catch(
        (e: unknown) => e,
      )
      await answer(send, 'ok')
    })
    await using server = await served(app)
    await (await fetch(server.server.url)).text()
    expect(String(refusal)).toContain('"http.response.debug" is not an event of an HTTP response')
  })
})
