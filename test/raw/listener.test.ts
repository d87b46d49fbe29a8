// serve({ listener }): another part of the program accepts the connections.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { websocket } from 'isthmus'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Listener } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const pem = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))

/** A listener of the program: it accepts connections before `open()` too, as a parent process does. */
async function ownListener(): Promise<Listener & AsyncDisposable> {
  const waiting: Socket[] = []
  let give = (socket: Socket): void => void waiting.push(socket)
  const server = createServer({ pauseOnConnect: true }, (socket) => give(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    open(accept) {
      for (const socket of waiting) accept(socket)
      give = accept
    },
    close: async () => void server.close(),
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

describe('serve({ listener })', () => {
  it('serves the connections that it gets, with their addresses, and has its address', async () => {
    await using listener = await ownListener()
    const app = httpApp(async ({ client, server }, _receive, send) => {
      await answer(send, JSON.stringify([client?.[0], server]))
    })
    await using host = await served(app, { listener })
    expect(host.server.address).toEqual(listener.address)
    using client = await host.connect()
    for (const _ of [1, 2]) {
      client.send(GET)
      const { body } = await client.response()
      expect(JSON.parse(body)).toEqual(['127.0.0.1', Object.values(listener.address)])
    }
    expect(host.server.stats().connections).toBe(1)
  })

  it('answers a client that has ended its side', async () => {
    await using listener = await ownListener()
    await using host = await served(
      httpApp((_scope, _receive, send) => answer(send, 'x')),
      { listener },
    )
    using client = await host.connect()
    client.socket.end(GET)
    expect((await client.response()).body).toBe('x')
  })

  it('drains: a request under way is answered, and close() ends', async () => {
    const gate = deferred()
    const started = deferred()
    await using listener = await ownListener()
    const app = httpApp(async (_scope, receive, send) => {
      started.resolve()
      await readAll(receive)
      await gate.promise
      await answer(send, 'finished')
    })
    await using host = await served(app, { listener, graceMs: 8_000 })
    using idle = await host.connect()
    using client = await host.connect()
    client.send(GET)
    await soon(started.promise, 'the request')
    const closed = host.server.close()
    gate.resolve()
    const response = await client.response()
    expect([response.body, headerOf(response, 'connection')]).toEqual(['finished', 'close'])
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
    expect(await idle.rest()).toBe('')
  })

  it('closes idle connections after keepAliveTimeoutMs', async () => {
    await using listener = await ownListener()
    const app = httpApp((_scope, _receive, send) => answer(send, 'x'))
    await using host = await served(app, { listener, keepAliveTimeoutMs: 50 })
    using client = await host.connect()
    client.send(GET)
    await client.response()
    expect(await client.ended()).toBe('end')
  })

  it('makes the TLS handshake of its connections', async () => {
    await using listener = await ownListener()
    const app = httpApp(async ({ scheme }, _receive, send) => answer(send, scheme))
    const tls = { cert: pem('server.pem'), key: pem('server.key') }
    await using host = await served(app, { listener, tls })
    expect(host.server.url).toMatch(/^https:/)
    const asked = get(host.server.url, { ca: pem('ca.pem'), agent: false })
    const [response] = (await once(asked, 'response', {
      signal: AbortSignal.timeout(30_000),
    })) as [IncomingMessage]
    expect(await text(response)).toBe('https')
  })

  it('serves WebSockets', async () => {
    await using listener = await ownListener()
    const echo = websocket(async (socket) => {
      for await (const message of socket) await socket.send(message)
    })
    await using host = await served(echo, { listener })
    const client = new WebSocket(host.server.url.replace('http', 'ws'))
    client.once('open', () => client.send('hello'))
    const [message] = await once(client, 'message', { signal: AbortSignal.timeout(30_000) })
    expect(String(message)).toBe('hello')
    client.close()
    await once(client, 'close', { signal: AbortSignal.timeout(30_000) })
  })
})
