// server.stats(): the connections, requests and WebSockets of this moment, and the sums since the start.

import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { deferred } from '../../src/waiting/deferred.ts'
import { answer, served, soon } from './served.ts'
import type { EventApp, Server, ServerStats } from 'isthmus'
import type { Served } from './served.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Answers `/` at once and every other path after `gate`; accepts each WebSocket and waits for its close. */
function gatedApp(gate: Promise<void>): EventApp {
  return async (scope, receive, send) => {
    if (scope.type === 'lifespan') throw new Error('there is no lifespan')
    if (scope.type === 'websocket') {
      await send({ type: 'websocket.accept' })
      for await (const event of receive) if (event.type === 'websocket.disconnect') return
      return
    }
    if (scope.path !== '/') await gate
    await answer(send, 'x')
  }
}

/** The stats of `server` once they are `expected`, or after a deadline; an end is counted in a later turn. */
async function statsOf({ server }: Served, expected: object): Promise<object> {
  const matched = (async (): Promise<void> => {
    while (JSON.stringify(own(server)) !== JSON.stringify(expected)) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  await soon(matched, JSON.stringify(expected)).catch(() => undefined)
  return own(server)
}

// The channels have tests of their own.
function own(server: Server): Omit<ServerStats, 'channels'> {
  const { channels: _channels, ...stats } = server.stats()
  return stats
}

describe('stats()', () => {
  it('counts the open exchanges and all exchanges so far', async () => {
    const gate = deferred()
    await using server = await served(gatedApp(gate.promise), {
      maxConcurrency: 2,
      keepAliveTimeoutMs: 60_000,
    })
    let expected: Omit<ServerStats, 'channels'> = {
      connections: 0,
      requests: { inFlight: 0, total: 0 },
      webSockets: { open: 0, total: 0 },
      refused: 0,
    }
    expect(await statsOf(server, expected)).toEqual(expected)

    using kept = await server.connect()
    kept.send(GET)
    await kept.response()
    using waiting = await server.connect()
    waiting.send('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    const socket = new WebSocket(server.server.url)
    await once(socket, 'open')
    // The 503 closes its connection.
    kept.send(GET)
    expect((await kept.response()).status).toBe(503)
    expected = {
      connections: 2,
      requests: { inFlight: 1, total: 2 },
      webSockets: { open: 1, total: 1 },
      refused: 1,
    }
    expect(await statsOf(server, expected)).toEqual(expected)

    gate.resolve()
    await waiting.response()
    socket.close()
    await once(socket, 'close')
    expected = {
      connections: 1,
      requests: { inFlight: 0, total: 2 },
      webSockets: { open: 0, total: 1 },
      refused: 1,
    }
    expect(await statsOf(server, expected)).toEqual(expected)

    await server.server.close()
    expected = {
      connections: 0,
      requests: { inFlight: 0, total: 2 },
      webSockets: { open: 0, total: 1 },
      refused: 1,
    }
    expect(await statsOf(server, expected)).toEqual(expected)
  })

  it('counts no connection once close() has resolved', async () => {
    await using server = await served((_scope, _receive, send) => answer(send, 'x'), {
      keepAliveTimeoutMs: 60_000,
    })
    const kept = await Promise.all(Array.from({ length: 10 }, () => server.connect()))
    for (const connection of kept) {
      connection.send(GET)
      await connection.response()
    }
    expect(server.server.stats().connections).toBe(10)
    await server.server.close()
    expect(server.server.stats().connections).toBe(0)
  })

  it('counts a WebSocket that the app refuses as one that has been', async () => {
    const app: EventApp = async (_scope, _receive, send) => send({ type: 'websocket.close' })
    await using server = await served(app)
    const socket = new WebSocket(server.server.url)
    await new Promise((resolve) => socket.on('error', resolve))
    const expected: Omit<ServerStats, 'channels'> = {
      connections: 0,
      requests: { inFlight: 0, total: 0 },
      webSockets: { open: 0, total: 1 },
      refused: 0,
    }
    expect(await statsOf(server, expected)).toEqual(expected)
  })

  it('returns a new object with each call', async () => {
    await using server = await served(gatedApp(Promise.resolve()))
    const before = server.server.stats()
    before.requests.total = 7
    expect(server.server.stats().requests.total).toBe(0)
  })
})
