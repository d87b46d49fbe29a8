// Clients that end their side after their requests, and still read: `nc -N`, scripts, health checks.

import { setTimeout as delay } from 'node:timers/promises'
import { mount, threads } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { Send } from 'isthmus'
import type { RawClient } from './raw-client.ts'
import type { Served } from './served.ts'

const MIB = 1024 * 1024
const PAUSE_MS = 30
const SIZES: Record<string, number> = { '/large': 6 * MIB, '/huge': 14 * MIB }

// It lasts longer than the time after which a client that takes nothing has left.
async function stream(send: Send): Promise<void> {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  for (let part = 0; part < 12; part += 1) {
    await send({ type: 'http.response.body', body: 'x', moreBody: true })
    await delay(PAUSE_MS)
  }
  await send({ type: 'http.response.body', body: 'end' })
}

const events = httpApp(async ({ path }, receive, send) => {
  const body = await readAll(receive)
  if (path === '/streamed') return stream(send)
  if (path === '/slow') await delay(PAUSE_MS)
  const large = SIZES[path]
  await answer(send, large === undefined ? `hello ${body.toString()}` : Buffer.alloc(large, 'x'))
})
const app = mount({
  '/threads': threads(new URL('../fixtures/threads/pool-app.js', import.meta.url), { max: 1 }),
  '/': events,
})

const request = (path: string, method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const UPLOAD = 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nworld'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
const KINDS: Array<[string, string, RegExp]> = [
  ['a quick answer', request('/'), /hello $/],
  ['a slow answer', request('/slow'), /hello $/],
  ['a streamed answer', request('/streamed'), /x{12}end$/],
  ['an answer from a thread', request('/threads/burn/1'), /^\d+$/],
  ['an answer to HEAD', request('/slow', 'HEAD'), /^$/],
  ['a large answer', request('/large'), /^x/],
  ['the answer to an upload', UPLOAD, /hello world$/],
  ['the answer to chunks', `${CHUNKED}5\r\nworld\r\n0\r\n\r\n`, /hello world$/],
  ['the answer to HTTP/1.0', 'GET /slow HTTP/1.0\r\n\r\n', /hello $/],
  [
    'the answer to a close',
    request('/slow').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    /hello $/,
  ],
]

let server: Served
beforeAll(async () => {
  server = await served(app)
  // The thread starts.
  using client = await server.connect()
  client.send(request('/threads/'))
  await client.response()
})
afterAll(() => server[Symbol.asyncDispose]())

async function ended(bytes: string): Promise<RawClient> {
  const client = await server.connect()
  client.send(bytes)
  client.socket.end()
  return client
}

async function bodyOf(client: RawClient, bytes: string): Promise<string> {
  const { status, body } = await client.response(/^\w+/.exec(bytes)?.[0])
  expect(status).toBe(200)
  if (bytes.includes('/large')) expect(body.length).toBe(6 * MIB)
  return body
}

describe('a client that ends its side', () => {
  it.each(KINDS)('gets %s, and the connection closes', async (_what, bytes, body) => {
    using client = await ended(bytes)
    expect(await bodyOf(client, bytes)).toMatch(body)
    expect(await client.rest()).toBe('')
    expect(await client.ended()).toBe('end')
  })

  it.each(KINDS.slice(0, 8))('gets %s, and another one', async (_what, bytes, body) => {
    using client = await ended(bytes + bytes)
    for (const _ of [1, 2]) expect(await bodyOf(client, bytes)).toMatch(body)
    expect(await client.rest()).toBe('')
  })

  it.each(KINDS.slice(0, 8))('gets %s, and the refusal after it', async (_what, bytes, body) => {
    using client = await ended(`${bytes}G@T / HTTP/1.1\r\n\r\n`)
    expect(await bodyOf(client, bytes)).toMatch(body)
    expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
  })

  it.each([
    ['a request line', 'GET / HT'],
    ['a head', request('/').slice(0, -2)],
    ['a body', UPLOAD.slice(0, -1)],
    ['chunks', `${CHUNKED}5\r\nwor`],
    ['trailers', `${CHUNKED}0\r\nA: b`],
  ])('within %s gets no answer to it, but those before', async (_what, part) => {
    using alone = await ended(part)
    expect(await alone.rest()).toBe('')
    for (const [, bytes, body] of KINDS.slice(0, 4)) {
      using client = await ended(bytes + part)
      expect(await bodyOf(client, bytes)).toMatch(body)
      expect(await client.rest()).toBe('')
    }
  })

  it('gets a large answer although it reads slowly', async () => {
    using client = await ended(request('/huge'))
    await client.head()
    let read = client.received
    for (const size of [MIB, 4 * MIB, 8 * MIB]) {
      client.socket.pause()
      await delay(300)
      client.socket.resume()
      while (client.received < size && client.open) await delay(1)
      expect(client.received).toBeGreaterThan(read)
      read = client.received
    }
    expect((await client.rest()).length).toBe(14 * MIB)
  })

  it('while it idles closes the connection', async () => {
    using client = await server.connect()
    client.send(request('/'))
    await client.response()
    client.socket.end()
    expect(await client.rest()).toBe('')
  })

  it.each([
    ['nothing', false],
    ['the beginning of the answer', true],
  ])('and takes %s, then nothing more, has left', async (_what, begins) => {
    const left = deferred()
    const waiting = httpApp(async ({ 'isthmus.exchange': exchange }, receive, send) => {
      exchange?.onDisconnect(() => left.resolve())
      if (begins) {
        await send({ type: 'http.response.start', status: 200, headers: [] })
        await send({ type: 'http.response.body', body: 'x', moreBody: true })
      }
      for await (const _event of receive);
    })
    await using other = await served(waiting)
    using client = await other.connect()
    client.send(request('/').repeat(3))
    client.socket.end()
    await soon(left.promise, 'the disconnect')
    expect(await client.ended()).toBe('reset')
  })
})
