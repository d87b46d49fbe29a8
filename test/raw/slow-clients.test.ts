// Clients that are slow with their head or their response, or never read. They do not disturb other clients.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { engine } from '../engine.ts'
import { answer, httpApp, served, soon } from './served.ts'
import type { RawClient } from './raw-client.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const MIB = 1024 * 1024
// node:http has no timeout for a client that does not read, and checks heads once a second.
const isNode = engine === 'node'
const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))

/** Reads the response in small pieces. */
async function sip(client: RawClient, totalBytes: number, pauseMs: number): Promise<void> {
  while (client.received < totalBytes && client.open) {
    client.socket.pause()
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    const before = client.received
    client.socket.resume()
    while (client.received < before + MIB && client.received < totalBytes && client.open) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe('two hundred slow heads', () => {
  it('are cut in time, while another client is served', async () => {
    await using server = await served(hello, { headTimeoutMs: 500 })
    const slow = await Promise.all(Array.from({ length: 200 }, () => server.connect()))
    for (const client of slow) client.send('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const drip = setInterval(() => {
      for (const client of slow) if (client.open) client.send('x')
    }, 50)

    using other = await server.connect()
    const ends = Promise.all(slow.map((client) => client.ended()))
    let served200 = 0
    const state = { isOver: false }
    void ends.finally(() => (state.isOver = true))
    while (!state.isOver) {
      other.send(GET)
      if ((await other.response()).status === 200) served200 += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    clearInterval(drip)
    expect(await ends).not.toContain('open')
    expect(served200).toBeGreaterThan(5)
    for (const client of slow) client[Symbol.dispose]()
  })
})

describe('a connection without a request', () => {
  it('is closed without a word after headTimeoutMs', async () => {
    await using server = await served(hello, { headTimeoutMs: 100 })
    using client = await server.connect()
    expect(await client.rest()).toBe('')
    expect(await client.ended()).toBe('end')
  })
})

describe('a client that takes nothing of its response', () => {
  const endless = (onLeft: () => void) =>
    httpApp(async ({ 'isthmus.exchange': connection }, _receive, send) => {
      connection?.onDisconnect(onLeft)
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (;;) {
        await send({ type: 'http.response.body', body: Buffer.alloc(65_536), moreBody: true })
      }
    })

  it.skipIf(isNode)('is cut after writeTimeoutMs, and the app is told', async () => {
    const left = deferred()
    await using server = await served(
      endless(() => left.resolve()),
      { writeTimeoutMs: 300 },
    )
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.socket.pause()
    await soon(left.promise, 'the disconnect')
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it.skipIf(isNode)(
    'is cut with a whole response waiting, also one that was to close',
    async () => {
      const large = httpApp((_scope, _receive, send) => answer(send, Buffer.alloc(64 * MIB)))
      for (const request of [GET, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')]) {
        await using server = await served(large, {
          writeTimeoutMs: 300,
          graceMs: 60_000,
        })
        using client = await server.connect()
        client.send(request)
        await client.head()
        client.socket.pause()
        expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
      }
    },
  )

  it.skipIf(isNode)('gets no further responses while it sends request upon request', async () => {
    let calls = 0
    const app = httpApp(async (_scope, _receive, send) => {
      calls += 1
      await answer(send, 'x'.repeat(65_536))
    })
    await using server = await served(app, { writeTimeoutMs: 60_000 })
    using client = await server.connect()
    client.socket.pause()
    client.send(GET.repeat(2_000))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(calls).toBeLessThan(200)
    client.socket.resume()
    for (let index = 0; index < 2_000; index += 1) await client.response()
    expect(calls).toBe(2_000)
  })
})

describe('a client that takes its response slowly', () => {
  it.skipIf(isNode)('gets the whole response, however short the timeouts are', async () => {
    const large = httpApp((_scope, _receive, send) => answer(send, Buffer.alloc(12 * MIB)))
    const short = { writeTimeoutMs: 1_200, keepAliveTimeoutMs: 100, headTimeoutMs: 100 }
    for (const request of [GET, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')]) {
      await using server = await served(large, short)
      using client = await server.connect()
      client.send(request)
      await sip(client, 12 * MIB, 150)
      expect((await client.response()).body.length).toBe(12 * MIB)
    }
  })
})
