// Request bodies: expectations, limits, time, and bodies that the app does not read.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, readAll, served, soon } from './served.ts'
import type { RawClient } from './raw-client.ts'
import type { ResponseEnd, SyncApp } from 'isthmus'

const sizeApp = httpApp(async (_scope, receive, send) => {
  await answer(send, String((await readAll(receive)).length))
})
const deafApp = httpApp((_scope, _receive, send) => answer(send, 'unread'))
const syncSize: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [])
  return [String(environ['wsgi.input'].read().length)]
}

const post = (length: number, ...fields: string[]): string =>
  ['POST / HTTP/1.1', 'Host: x', `Content-Length: ${length}`, ...fields, '', ''].join('\r\n')
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'

/** Sends `total` bytes while the server takes them. */
async function upload(client: RawClient, total: number): Promise<void> {
  const block = Buffer.alloc(65_536)
  const closed = new Promise((resolve) => client.socket.once('close', resolve))
  for (let sent = 0; sent < total && client.open; sent += block.length) {
    const flushed = new Promise((resolve) => client.socket.write(block, resolve))
    await Promise.race([flushed, closed])
  }
}

describe('Expect: 100-continue', () => {
  it('[3a.27] [3b.19] is answered at the first read, not before', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, receive, send) => {
      await gate.promise
      await answer(send, (await readAll(receive)).toString('latin1'))
    })
    await using server = await served(app)
    using client = await server.connect()
    await client.sendApart(post(5, 'Expect: 100-continue'))
    using other = await server.connect()
    other.send('nonsense\r\n\r\n')
    await other.response()
    expect(client.received).toBe(0)

    gate.resolve()
    expect((await client.head()).statusLine).toBe('HTTP/1.1 100 Continue')
    client.send('hello')
    expect(await client.response()).toMatchObject({ status: 200, body: 'hello' })
    client.send(GET)
    expect((await client.response()).status).toBe(200)
  })

  it('[3a.27] is answered once for an inline sync app, before the app is called with the complete body', async () => {
    await using server = await served(syncSize)
    using client = await server.connect()
    client.send(post(5, 'Expect: 100-continue'))
    expect((await client.head()).status).toBe(100)
    client.send('hello')
    expect((await client.response()).body).toBe('5')
  })

  it('[3a.27] [3b.19] gets no 100 from an app that does not read, and the connection closes', async () => {
    await using server = await served(deafApp)
    using client = await server.connect()
    client.send(post(5, 'Expect: 100-continue'))
    const response = await client.response()
    expect(response).toMatchObject({ status: 200, body: 'unread' })
    expect(headerOf(response, 'connection')).toBe('close')
    expect(await client.ended()).toBe('end')
  })

  it('[3a.27] is ignored in HTTP/1.0', async () => {
    await using server = await served(sizeApp)
    using client = await server.connect()
    client.send('POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello')
    expect(await client.response()).toMatchObject({ status: 200, body: '5' })
  })

  it('is the only expectation: another one is refused with 417', async () => {
    await using server = await served(deafApp)
    using client = await server.connect()
    client.send(post(5, 'Expect: 200-ok'))
    expect((await client.response()).status).toBe(417)
    expect(await client.ended()).toBe('end')
  })
})

describe('a body that the app does not read', () => {
  it('[3a.28] is dropped, and the connection stays open', async () => {
    await using server = await served(deafApp)
    using client = await server.connect()
    client.send(post(500_000))
    await upload(client, 500_000 - (500_000 % 65_536))
    client.send(Buffer.alloc(500_000 % 65_536))
    expect((await client.response()).body).toBe('unread')
    client.send(GET)
    expect((await client.response()).body).toBe('unread')
  })

  it('[3a.28] is never taken for the next request', async () => {
    const paths: string[] = []
    const app = httpApp(async ({ path }, _receive, send) => {
      paths.push(path)
      await answer(send, path)
    })
    await using server = await served(app)
    using client = await server.connect()
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    await client.sendApart(post(smuggled.length))
    await client.sendApart(smuggled)
    client.send(GET)
    await client.response()
    await client.response()
    expect(paths).toEqual(['/', '/'])
  })

  it('[3a.28] ends the connection if it is longer than one megabyte', async () => {
    await using server = await served(deafApp)
    using client = await server.connect()
    client.send(post(64 * 1024 * 1024))
    expect((await client.response()).body).toBe('unread')
    await upload(client, 64 * 1024 * 1024)
    expect(await client.ended()).not.toBe('open')
    expect(client.socket.bytesWritten).toBeLessThan(60 * 1024 * 1024)
  })

  it('[3b.18] stays with the client while the app does not ask for it', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, receive, send) => {
      await receive()
      await gate.promise
      await answer(send, String((await readAll(receive)).length))
    })
    await using server = await served(app)
    using client = await server.connect()
    const total = 32 * 1024 * 1024
    client.send(post(total))
    const sent = upload(client, total)
    expect(await Promise.race([sent, new Promise((done) => setTimeout(done, 300, 'held'))])).toBe(
      'held',
    )
    gate.resolve()
    expect(Number((await client.response()).body)).toBeGreaterThan(total - 200_000)
    await soon(sent, 'the end of the upload')
  })
})

describe('a body that is too long', () => {
  it('[3a.26] is refused by its length with a complete answer, even if the client has sent much of the body', async () => {
    await using server = await served(sizeApp, { maxBodyBytes: 1_000 })
    using client = await server.connect()
    client.send(post(900_000))
    client.send(Buffer.alloc(900_000))
    const response = await client.response()
    expect(response.status).toBe(413)
    expect(headerOf(response, 'connection')).toBe('close')
    expect(await client.ended()).toBe('end')
  })

  it('[3a.26] is refused by its length before 100 Continue', async () => {
    await using server = await served(sizeApp, { maxBodyBytes: 4 })
    using client = await server.connect()
    client.send(post(5, 'Expect: 100-continue'))
    expect((await client.response()).status).toBe(413)
  })

  it('[3a.26] is refused by the count of its chunks, under every style', async () => {
    for (const app of [sizeApp, syncSize]) {
      await using server = await served(app, { maxBodyBytes: 1_000 })
      using client = await server.connect()
      client.send(`${CHUNKED}200\r\n${'x'.repeat(512)}\r\n`)
      await client.sendApart(`200\r\n${'x'.repeat(512)}\r\n`)
      expect((await client.response()).status).toBe(413)
      expect(await client.ended()).toBe('end')
    }
  })

  it('[3a.26] may be as long as the limit', async () => {
    await using server = await served(syncSize, { maxBodyBytes: 1_000 })
    using client = await server.connect()
    client.send(post(1_000) + 'x'.repeat(1_000))
    expect((await client.response()).body).toBe('1000')
  })
})

describe('a body that does not arrive', () => {
  it('is answered with 408 once the app has waited for bodyTimeoutMs', async () => {
    await using server = await served(sizeApp, { bodyTimeoutMs: 100 })
    using client = await server.connect()
    client.send(`${post(9)}half`)
    const response = await client.response()
    expect(response.status).toBe(408)
    expect(headerOf(response, 'connection')).toBe('close')
  })

  it('may take longer than bodyTimeoutMs in total', async () => {
    await using server = await served(sizeApp, { bodyTimeoutMs: 400 })
    using client = await server.connect()
    client.send(post(8))
    for (let byte = 0; byte < 8; byte += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      client.send('x')
    }
    expect((await client.response()).body).toBe('8')
  })

  it('[3a.25] is no empty body for a sync app: the app is not called', async () => {
    let called = false
    const app: SyncApp = (_environ, startResponse) => {
      called = true
      startResponse('200 OK', [])
      return []
    }
    await using server = await served(app)
    using client = await server.connect()
    client.send(`${post(9)}half`)
    client.socket.end()
    await client.ended()
    await server.server.close()
    expect(called).toBe(false)
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})

describe('a malformed body', () => {
  it.each([
    ['a chunk without a size', 'x\r\n'],
    ['a negative size', '-1\r\n'],
    ['a size beyond 64 bits', 'fffffffffffffffff\r\n'],
    ['a chunk longer than its size', '1\r\nab\r\n0\r\n\r\n'],
  ])('[3b.17] is no end of body: %s', async (_what, chunks) => {
    const ends: string[] = []
    const over = deferred()
    const app = httpApp(async (_scope, receive) => {
      for await (const event of receive) {
        if (event.type !== 'http.request' || event.moreBody !== true) ends.push(event.type)
      }
      over.resolve()
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(CHUNKED + chunks)
    await client.ended()
    await soon(over.promise, 'the disconnect')
    expect(ends).toEqual(['http.disconnect'])
  })

  it('is reported with the answer of the server', async () => {
    const ends: ResponseEnd[] = []
    const app = httpApp(async ({ 'isthmus.exchange': exchange }, receive) => {
      exchange?.onEnd((end) => ends.push(end))
      await readAll(receive)
    })
    for (const bytes of ['x\r\n', '1\r\nab\r\n', '0\r\nbad trailer\r\n\r\n']) {
      await using server = await served(app)
      using client = await server.connect()
      client.send(CHUNKED + bytes)
      const { status, body } = await client.response()
      expect(status).toBe(400)
      const { outcome, status: reported, bytes: size } = ends.pop() as ResponseEnd
      expect({ outcome, reported, size }).toEqual({
        outcome: 'complete',
        reported: 400,
        size: body.length,
      })
    }
  })

  it('is a disconnect if the response has begun', async () => {
    const ended = deferred<ResponseEnd>()
    const app = httpApp(async ({ 'isthmus.exchange': exchange }, receive, send) => {
      exchange?.onEnd((end) => ended.resolve(end))
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'begun', moreBody: true })
      await readAll(receive)
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(CHUNKED)
    await client.head()
    client.send('x\r\n')
    const { outcome, status } = await soon(ended.promise, 'the end')
    expect({ outcome, status }).toEqual({ outcome: 'disconnected', status: 200 })
  })
})
