// What belongs to a connection, and not to one request of it: timers, lifespan, extensions.

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { websocket } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { answer, httpApp, served } from './served.ts'
import type { EventApp } from 'isthmus'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

describe('a connection', () => {
  it('[3b.56] has no timers of HTTP any more once it is upgraded', async () => {
    await using server = await served(echo, { keepAliveTimeoutMs: 20, headTimeoutMs: 100 })
    const socket = new WebSocket(server.server.url.replace('http', 'ws'))
    await once(socket, 'open', { signal: AbortSignal.timeout(5_000) })
    // Longer than both timeouts, and than the second in which node:http looks for late heads.
    await delay(1_500)
    socket.send('still there?')
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })
    expect(String(message)).toBe('still there?')
    socket.terminate()
  })

  it('[3b.58] finds a lifespan that ran once, however many requests there are', async () => {
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

  it('[3b.37, 38] is offered the extensions that work, and no debugging', async () => {
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
    await once(socket, 'unexpected-response', { signal: AbortSignal.timeout(5_000) })
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
