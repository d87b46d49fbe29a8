// A handler that answers early and reads on gets the rest of the body, as under node:http.

import { describe, expect, it, vi } from 'vitest'
import { chain } from 'isthmus'
import { fromNode } from 'isthmus/adapters'
import { accessLog, compress } from 'isthmus/middleware'
import { testClient } from 'isthmus/testing'
import { deferred } from '../../../src/waiting/deferred.ts'
import { served } from '../../raw/served.ts'
import { SUBJECTS } from './subjects.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Send, SendEvent } from 'isthmus'
import type { NodeHandler } from 'isthmus/adapters'

const HOST = 'Host: example.test\r\n'
const PART = 'x'.repeat(100_000)

type Answer = (res: ServerResponse) => void

const ANSWERS: Array<[way: string, status: number, body: string, answer: Answer]> = [
  ['in one piece', 200, 'early', (res) => res.end('early')],
  ['in several pieces', 200, 'early', (res) => res.write('ea') && res.end('rly')],
  ['in chunks', 200, 'early', (res) => void res.write('ea', () => res.end('rly'))],
  ['without content', 204, '', (res) => res.writeHead(204).end()],
]

// Answers at the first bytes, and reads on.
function reading(answer: Answer, seen: string[], bytes: number[]): NodeHandler {
  return (req, res) => {
    if (req.method === 'GET') return void res.end('next')
    let count = 0
    req.on('data', (chunk: Buffer) => (count += chunk.length))
    req.once('data', () => answer(res))
    req.on('end', () => bytes.push(count)).on('aborted', () => seen.push('aborted'))
    req.on('error', (error: NodeJS.ErrnoException) => seen.push(`error ${error.code}`))
    res.on('finish', () => seen.push('finish')).on('close', () => seen.push('close'))
  }
}

describe.each(SUBJECTS)('a handler under $name that answers before it has the body', ({ host }) => {
  it.each(ANSWERS)('gets the rest, answering %s', async (_way, status, body, answer) => {
    const seen: string[] = []
    const bytes: number[] = []
    await using hosted = await host(reading(answer, seen, bytes))
    using client = await hosted.connect()
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 500000\r\n\r\n${PART}`)
    // The events of the response do not wait for the body.
    await expect.poll(() => seen).toEqual(['finish', 'close'])
    expect(bytes).toEqual([])
    for (let parts = 0; parts < 4; parts += 1) client.send(PART)
    const response = await client.response()
    expect([response.status, response.body]).toEqual([status, body])
    await expect.poll(() => bytes).toEqual([500_000])
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.response()).body).toBe('next')
    expect(seen).toEqual(['finish', 'close'])
  })

  it('gives the client the response before the end of the body', async () => {
    await using hosted = await host(reading((res) => res.end('early'), [], []))
    using client = await hosted.connect()
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\nabc`)
    expect((await client.response()).body).toBe('early')
    client.send('def')
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.response()).body).toBe('next')
  })
})

describe('the rest of a body that a handler of fromNode() reads after its response', () => {
  // Under node:http the handler hears nothing.
  it('fails with ECONNRESET if the client leaves', async () => {
    const seen: string[] = []
    await using hosted = await served(fromNode(reading((res) => res.end('early'), seen, [])))
    using client = await hosted.connect()
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\nabc`)
    expect((await client.response()).body).toBe('early')
    client.reset()
    const end = ['finish', 'close', 'aborted', 'error ECONNRESET']
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual(end)
  })

  it('comes through middleware that compress the answer', async () => {
    const bytes: number[] = []
    const page = 'early '.repeat(1_000)
    const early = reading((res) => res.setHeader('content-type', 'text/plain').end(page), [], bytes)
    await using hosted = await served(chain(accessLog(), compress())(fromNode(early)))
    using client = await hosted.connect()
    const head = `POST / HTTP/1.1\r\n${HOST}Accept-Encoding: gzip\r\nContent-Length: 6\r\n\r\n`
    client.send(`${head}abc`)
    expect((await client.head()).headers).toContainEqual(['content-encoding', 'gzip'])
    client.send('def')
    await expect.poll(() => bytes).toEqual([6])
  })

  it('comes in the test client, after the response', async () => {
    const bytes: number[] = []
    const app = fromNode(reading((res) => res.end('early'), [], bytes))
    await using client = await testClient(app, { lifespan: 'off' })
    const answered = deferred()
    async function* body(): AsyncGenerator<string> {
      yield 'abc'
      await answered.promise
      yield 'def'
    }
    await using response = await client.stream('POST', '/', { body: body() })
    for await (const chunk of response) {
      expect(Buffer.from(chunk).toString()).toBe('early')
      answered.resolve()
    }
    await expect.poll(() => bytes).toEqual([6])
  })

  it('is lost after a pause of 30 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { ended, events, req } = await hold((req) => req.on('data', () => req.pause()))
      await vi.advanceTimersByTimeAsync(29_000)
      expect(events.at(-1)).toMatchObject({ moreBody: true })
      await vi.advanceTimersByTimeAsync(1_000)
      await ended
      expect(events.at(-1)).toMatchObject({ moreBody: false })
      expect(req.errored).toMatchObject({ code: 'ECONNRESET' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('is lost if the handler destroys its request, and the response is complete', async () => {
    const { ended, events, req } = await hold((req) => req.on('data', () => undefined))
    req.destroy()
    await ended
    expect(events.at(-1)).toMatchObject({ moreBody: false })
  })

  it('is not waited for if the handler does not read', async () => {
    const { ended, events } = await hold((req) => req.once('data', () => req.pause()))
    await ended
    expect(events.at(-1)).toMatchObject({ moreBody: false })
  })

  it('is not waited for if the handler only drops it by resume()', async () => {
    const { ended, events } = await hold((req) => req.once('data', () => req.resume()))
    await ended
    expect(events.at(-1)).toMatchObject({ moreBody: false })
  })
})

interface Held {
  ended: unknown
  events: SendEvent[]
  req: IncomingMessage
}

// A client that sends two parts of its body, and then nothing.
async function hold(read: (req: IncomingMessage) => unknown): Promise<Held> {
  const events: SendEvent[] = []
  const send: Send = async (event) => void events.push(event)
  const part = { type: 'http.request', body: Buffer.alloc(100_000), moreBody: true }
  const parts = [part, part]
  const receive = () => {
    const next = parts.pop()
    return next ? Promise.resolve(next) : new Promise<never>(() => undefined)
  }
  let request!: IncomingMessage
  const handler: NodeHandler = (req, res) => {
    request = req
    read(req)
    req.once('data', () => res.end('early'))
  }
  const ended = fromNode(handler)(SCOPE as never, receive as never, send)
  await vi.waitFor(() => expect(events.length).toBeGreaterThan(1), 30_000)
  return { ended, events, req: request }
}

const SCOPE = {
  type: 'http',
  httpVersion: '1.1',
  method: 'POST',
  scheme: 'http',
  path: '/',
  rawPath: new TextEncoder().encode('/'),
  queryString: new Uint8Array(0),
  rootPath: '',
  headers: [['content-length', '300000']],
  client: null,
  server: null,
  extensions: {},
}
