// Streams through middleware: their pace, the moment of their parts, and clients that leave them.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { constants, createGunzip } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import compression from 'compression'
import { describe, expect, it } from 'vitest'
import { events } from 'isthmus'
import { fromConnect } from 'isthmus/adapters'
import { deferred } from '../../../src/waiting/deferred.ts'
import { Host, turn } from '../../bridge/host.ts'
import { served, soon } from '../../raw/served.ts'
import type { ConnectMiddleware } from 'isthmus/adapters'
import type { EventApp, HeaderPairs } from 'isthmus'

const GZIP = 'GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n'
const compressing: ConnectMiddleware = compression({ threshold: 0 })

const replacing =
  (method: 'writeHead' | 'write' | 'end'): ConnectMiddleware =>
  (_req, res, next) => {
    const inner = res[method] as (...args: unknown[]) => unknown
    Object.assign(res, { [method]: (...args: unknown[]): unknown => inner.apply(res, args) })
    next()
  }
const WAYS: Array<[way: string, middleware: ConnectMiddleware]> = [
  ['past res', (_req, _res, next) => next()],
  ['through a replaced res.writeHead()', replacing('writeHead')],
  ['through a replaced res.write()', replacing('write')],
  ['through a replaced res.end()', replacing('end')],
]

describe('compression', () => {
  it('passes each server-sent event on at once', async () => {
    const received = deferred()
    const app = events(async (_scope, _receive, send) => {
      const headers: HeaderPairs = [['content-type', 'text/event-stream']]
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.body', body: 'data: one\n\n', moreBody: true })
      await soon(received.promise, 'the first event at the client')
      await send({ type: 'http.response.body', body: 'data: two\n\n' })
    })
    await using hosted = await served(fromConnect(compressing)(app))
    using client = await hosted.connect()
    client.send(GZIP)
    await client.head()
    const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH })
    let text = ''
    gunzip.on('data', (part: Buffer) => (text += part.toString()))
    for (let chunk = await client.chunk(); chunk !== null; chunk = await client.chunk()) {
      await new Promise((resolve) => gunzip.write(Buffer.from(chunk ?? '', 'latin1'), resolve))
      await turn()
      if (text === 'data: one\n\n') received.resolve()
    }
    expect(text).toBe('data: one\n\ndata: two\n\n')
  })

  it('waits for a slow client many times, with one listener', async () => {
    const warnings: string[] = []
    const warned = ({ message }: Error): number => warnings.push(message)
    process.on('warning', warned)
    const app = events(async (_scope, _receive, send) => {
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [['content-type', 'text/plain']],
      })
      for (let part = 0; part < 60; part += 1) {
        await send({ type: 'http.response.body', body: randomBytes(64 * 1024), moreBody: true })
      }
      await send({ type: 'http.response.body' })
    })
    await using hosted = await served(fromConnect(compressing)(app))
    using client = await hosted.connect()
    client.send(GZIP)
    expect((await client.response()).status).toBe(200)
    await turn()
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })
})

describe.each(WAYS)('a response %s', (_way, middleware) => {
  it('has its head at the client after an empty part', async () => {
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', moreBody: true })
      for await (const event of receive) if (event.type === 'http.disconnect') return
    })
    await using hosted = await served(fromConnect(middleware)(app))
    using client = await hosted.connect()
    client.send(GZIP)
    expect((await client.head()).status).toBe(200)
  })

  it('takes a hint after its start', async () => {
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] })
      await send({ type: 'http.response.body', body: 'inside' })
    })
    const host = new Host()
    await soon(host.run(fromConnect(middleware)(app)), 'the end of the exchange')
    expect(host.types).toContain('early_hint')
  })

  it('that 2,000 clients leave stays in no memory', { timeout: 60_000 }, async () => {
    const counts = { closed: 0, told: 0 }
    const listening: ConnectMiddleware = (req, res, next) => {
      res.on('close', () => (counts.closed += 1))
      req.socket.setTimeout(60_000)
      next()
    }
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'x'.repeat(1_000), moreBody: true })
      for await (const event of receive) if (event.type === 'http.disconnect') counts.told += 1
    })
    const layered = fromConnect(listening, middleware)(app)
    await leave(layered, 500)
    const before = heapBytes()
    await leave(layered, 2_000)
    expect(counts).toEqual({ closed: 2_500, told: 2_500 })
    // 2,000 exchanges that stay would take some 10 MiB.
    expect(heapBytes() - before).toBeLessThan(3 * 1024 * 1024)
  })
})

it('a response ends when a middleware that holds its end has saved', async () => {
  const order: string[] = []
  const saving: ConnectMiddleware = (_req, res, next) => {
    const end = res.end.bind(res) as (...args: unknown[]) => unknown
    const later = (...args: unknown[]): unknown => {
      setTimeout(() => {
        order.push('saved')
        end(...args)
      }, 10)
      return res
    }
    Object.assign(res, { end: later })
    next()
  }
  const app = events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'inside' })
    order.push('returned')
  })
  await soon(new Host().run(fromConnect(saving)(app)), 'the end of the exchange')
  expect([...order, 'over']).toEqual(['returned', 'saved', 'over'])
})

async function leave(app: EventApp, times: number): Promise<void> {
  for (let done = 0; done < times; done += 50) {
    const hosts = Array.from({ length: 50 }, () => new Host())
    const runs = hosts.map((host) => host.run(app))
    await turn()
    for (const host of hosts) host.leave()
    await soon(Promise.all(runs), 'the end of the exchanges')
    await turn()
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
