// A failed response never ends cleanly for the client, and a client that leaves never ends cleanly for the app.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { answer, httpApp, served, soon } from './served.ts'
import type { IterableApp, SyncApp } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

describe('an app that fails', () => {
  it('[3b.28] is answered with 500 if no head was sent, and the connection stays open', async () => {
    const app = httpApp(async () => {
      throw new Error('secret')
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET + GET)
    const response = await client.response()
    expect(response).toMatchObject({ status: 500, body: 'Internal Server Error\n' })
    expect((await client.response()).status).toBe(500)
    expect(server.lines).toContain('error: the app failed: secret')
  })

  it('[3a.53] shows the error only in debug mode', async () => {
    const app = httpApp(async () => {
      throw new Error('shown')
    })
    await using server = await served(app, { debug: true })
    using client = await server.connect()
    client.send(GET)
    expect((await client.response()).body).toContain('Error: shown')
  })

  it('[3b.28] is answered with 500 when it returns without a response', async () => {
    await using server = await served(httpApp(async () => undefined))
    using client = await server.connect()
    client.send(GET)
    expect((await client.response()).status).toBe(500)
  })

  it('[3a.54] leaves a chunked body without its last chunk', async () => {
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'half'
      throw new Error('broken')
    }
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toMatch(/\r\n\r\n4\r\nhalf\r\n$/)
  })

  it('[3a.54] leaves a body shorter than its length', async () => {
    const app: IterableApp = async function* (_environ, startResponse) {
      startResponse('200 OK', [['content-length', '9']])
      yield 'half'
      throw new Error('broken')
    }
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toMatch(/content-length: 9\r\n[^]*\r\n\r\nhalf$/)
  })

  it('[3a.54] resets a connection whose end would end the body', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
      throw new Error('broken')
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send('GET / HTTP/1.0\r\n\r\n')
    expect(await client.ended()).toBe('reset')
  })

  it('[3b.28] gets its connection cut when it returns in the middle of a response', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toMatch(/4\r\nhalf\r\n$/)
  })
})

describe('a body that does not fit its Content-Length', () => {
  it('[3a.45] is truncated when it is too long', async () => {
    const app: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [['content-length', '4']])
      yield 'three'
      yield 'more'
    }
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET + GET)
    expect((await client.response()).body).toBe('thre')
    expect((await client.response()).body).toBe('thre')
  })

  it('[3b.25] makes send reject the bytes above the length, and writes none of them', async () => {
    const refused = deferred<unknown>()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['content-length', '4']] })
      await send({ type: 'http.response.body', body: 'four', moreBody: true })
      await send({ type: 'http.response.body', body: 'more' }).catch((error: unknown) =>
        refused.resolve(error),
      )
      await send({ type: 'http.response.body' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET + GET)
    expect((await client.response()).body).toBe('four')
    expect((await client.response()).body).toBe('four')
    expect(await refused.promise).toMatchObject({ code: 'ISTHMUS_CONTENT_LENGTH_MISMATCH' })
  })

  it('[3b.25] ends in a cut connection when it is too short', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['content-length', '9']] })
      await send({ type: 'http.response.body', body: 'four', moreBody: true })
      await send({ type: 'http.response.body' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toMatch(/\r\n\r\nfour$/)
  })
})

describe('a client that leaves', () => {
  it('[3b.17] in the middle of its body is reported as a disconnect', async () => {
    const types = deferred<string[]>()
    const app = httpApp(async (_scope, receive) => {
      const seen = []
      for await (const event of receive) seen.push(`${event.type} ${String(event.moreBody)}`)
      types.resolve(seen)
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
    client.socket.end()
    const seen = await soon(types.promise, 'the disconnect')
    expect(seen.at(-1)).toBe('http.disconnect undefined')
    expect(seen.slice(0, -1).every((type) => type === 'http.request true')).toBe(true)
  })

  it('[3b.27] makes send reject with ECONNRESET', async () => {
    const refused = deferred<unknown>()
    const app = httpApp(async ({ 'isthmus.exchange': connection }, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'first', moreBody: true })
      await new Promise((resolve) => connection?.signal.addEventListener('abort', resolve))
      await send({ type: 'http.response.body', body: 'second' }).catch((error: unknown) =>
        refused.resolve(error),
      )
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.reset()
    expect(await soon(refused.promise, 'the rejection')).toMatchObject({ code: 'ECONNRESET' })
    await server.server.close()
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('[3b.16] makes every receive return http.disconnect', async () => {
    const events = deferred<string[]>()
    const started = deferred()
    const app = httpApp(async (_scope, receive) => {
      started.resolve()
      const first = await receive()
      const rest = [await receive(), await receive(), await receive()]
      events.resolve([first, ...rest].map(({ type }) => type))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await started.promise
    client.reset()
    expect(await soon(events.promise, 'the disconnect')).toEqual([
      'http.request',
      'http.disconnect',
      'http.disconnect',
      'http.disconnect',
    ])
  })

  it('[3a.51] [3a.52] [3a.55] lets a sync app clean up once, and is no error', async () => {
    const steps: string[] = []
    const closed = deferred()
    const app: SyncApp = (_environ, startResponse) => {
      startResponse('200 OK', [])
      const body = (function* () {
        try {
          for (;;) yield 'x'.repeat(65_536)
        } finally {
          steps.push('finally')
        }
      })()
      return Object.assign(body, {
        close() {
          steps.push('close')
          closed.resolve()
        },
      })
    }
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await client.head()
    client.reset()
    await soon(closed.promise, 'close()')
    await server.server.close()
    expect(steps).toEqual(['finally', 'close'])
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('does not disturb other clients', async () => {
    await using server = await served(httpApp((_scope, _receive, send) => answer(send, 'here')))
    for (let count = 0; count < 20; count += 1) {
      using leaving = await server.connect()
      leaving.send(GET.slice(0, count))
      leaving.reset()
    }
    using client = await server.connect()
    client.send(GET)
    expect((await client.response()).body).toBe('here')
  })

  it('[3a.44] stays, and reads slowly, makes the app wait', async () => {
    let sent = 0
    const blocked = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (;;) {
        const taken = send({
          type: 'http.response.body',
          body: Buffer.alloc(65_536),
          moreBody: true,
        })
        sent += 1
        const turn = new Promise((resolve) => setTimeout(resolve, 200, 'blocked'))
        if ((await Promise.race([taken, turn])) === 'blocked') blocked.resolve()
        await taken
      }
    })
    await using server = await served(app)
    using client = await server.connect()
    client.socket.pause()
    client.send(GET)
    await soon(blocked.promise, 'backpressure')
    expect(sent).toBeLessThan(1_000)
    client.reset()
  })
})
