// A malformed request after a good one on its connection: the good one gets its whole answer, then the other is refused.

import { setTimeout as delay } from 'node:timers/promises'
import { mount, threads } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { ResponseEnd, Send } from 'isthmus'
import type { RawClient } from './raw-client.ts'
import type { Served } from './served.ts'

const MIB = 1024 * 1024
const PAUSE_MS = 30
const HEAD_TIMEOUT_MS = 200

async function stream(send: Send): Promise<void> {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  for (const part of ['one ', 'two ']) {
    await send({ type: 'http.response.body', body: part, moreBody: true })
    await delay(PAUSE_MS)
  }
  await send({ type: 'http.response.body', body: 'three' })
}

const events = httpApp(async ({ path }, receive, send) => {
  const body = await readAll(receive)
  if (path === '/streamed') return stream(send)
  if (path === '/slow') await delay(PAUSE_MS)
  await answer(send, path === '/large' ? Buffer.alloc(4 * MIB, 'x') : `hello ${body.toString()}`)
})
const app = mount({
  '/threads': threads(new URL('../fixtures/threads/pool-app.js', import.meta.url), { max: 1 }),
  '/': events,
})

const first = (path: string, method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const UPLOAD = 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nworld'
const FIRST: Array<[string, string]> = [
  ['quick', first('/')],
  ['slow', first('/slow')],
  ['streamed', first('/streamed')],
  ['in a thread', first('/threads/burn/30')],
  ['HEAD', first('/slow', 'HEAD')],
  ['large', first('/large')],
  ['an upload', UPLOAD],
]

const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
const SECOND: Array<[string, string, number]> = [
  ['a bad method', 'G@T / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a bad target', 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a bad version', 'GET / http/1.1\r\nHost: x\r\n\r\n', 400],
  ['another version', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['an unknown version', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n', 505],
  ['a bad field', 'GET / HTTP/1.1\r\nHost: x\r\nBad Field: x\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  ['a length and chunks', CHUNKED.replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\n'), 400],
  ['a bad chunk', `${CHUNKED}x\r\n`, 400],
  ['a bad chunk after a good one', `${CHUNKED}1\r\na\r\n1\r\nbc\r\n`, 400],
  ['a head that is too long', `${first('/').slice(0, -2)}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['a head that does not end', first('/').slice(0, -2), 408],
]

describe.each(FIRST)('after a request whose answer is %s', (what, good) => {
  let server: Served
  beforeAll(async () => {
    server = await served(app, { headTimeoutMs: HEAD_TIMEOUT_MS })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it.each(SECOND)('%s is refused, and the answer is whole', async (_fault, bad, status) => {
    for (const isApart of [false, true]) {
      using client = await server.connect()
      if (isApart) await client.sendApart(good)
      client.send(isApart ? bad : good + bad)
      await expectAnswer(client, what)
      const refusal = await client.response()
      expect(refusal.status).toBe(status)
      expect(headerOf(refusal, 'connection')).toBe('close')
      expect(await client.rest()).toBe('')
      expect(await client.ended()).toBe('end')
    }
  })
})

async function expectAnswer(client: RawClient, what: string): Promise<void> {
  const response = await client.response(what === 'HEAD' ? 'HEAD' : 'GET')
  expect(response.status).toBe(200)
  if (what === 'large') expect(response.body.length).toBe(4 * MIB)
  if (what === 'streamed') expect(response.body).toBe('one two three')
  if (what === 'an upload') expect(response.body).toBe('hello world')
}

describe('a malformed request', () => {
  it('is refused after a large answer that its client reads late', async () => {
    await using server = await served(app)
    using client = await server.connect()
    client.send(first('/large') + first('/large'))
    await client.head()
    client.socket.pause()
    await client.sendApart('G@T /\r\n\r\n')
    await delay(100)
    client.socket.resume()
    expect(await client.bytes(4 * MIB)).toBe('x'.repeat(4 * MIB))
    await expectAnswer(client, 'large')
    expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
  })

  it('is refused after several requests, each of them answered', async () => {
    await using server = await served(app)
    for (const count of [2, 15, 16, 17, 40]) {
      using client = await server.connect()
      client.send(`${first('/slow').repeat(count)}G@T / HTTP/1.1\r\n\r\nG@T / HTTP/1.1\r\n\r\n`)
      const statuses = []
      for (let asked = 0; asked <= count; asked += 1)
        statuses.push((await client.response()).status)
      expect(statuses).toEqual([...Array.from({ length: count }, () => 200), 400])
      expect(await client.rest()).toBe('')
    }
  })

  it.each([
    ['of the client', 'GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['of HTTP/1.0', 'GET /slow HTTP/1.0\r\n\r\n'],
    ['of the app', 'GET /closing HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('is ignored after a close %s', async (_whose, good) => {
    const closing = httpApp(async ({ path }, _receive, send) => {
      await delay(PAUSE_MS)
      const headers: Array<[string, string]> = path === '/closing' ? [['connection', 'close']] : []
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.body', body: 'bye' })
    })
    await using server = await served(closing)
    using client = await server.connect()
    client.send(`${good}G@T / HTTP/1.1\r\n\r\n`)
    expect((await client.response()).body).toBe('bye')
    expect(await client.rest()).toBe('')
  })

  it('in the place of a body ends a request that is under way with 400', async () => {
    const ended = deferred<ResponseEnd>()
    const reading = httpApp(async ({ 'isthmus.exchange': exchange }, receive, send) => {
      exchange?.onEnd((end) => ended.resolve(end))
      await answer(send, (await readAll(receive)).toString())
    })
    await using server = await served(reading)
    using client = await server.connect()
    await client.sendApart(`${CHUNKED}1\r\na\r\n`)
    client.send('x\r\n')
    expect((await client.response()).status).toBe(400)
    expect(await client.ended()).toBe('end')
    expect(await soon(ended.promise, 'the end')).toMatchObject({ outcome: 'complete', status: 400 })
  })
})
