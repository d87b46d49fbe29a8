// Single frames of HTTP/2: malformed requests, cut responses, timeouts, and the end of a session.

import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../../src/waiting/deferred.ts'
import { answer, httpApp, served, soon } from '../../raw/served.ts'
import { FLAG, frame, FrameClient, GET, TYPE } from './frame-client.ts'
import { StreamClient } from './stream-client.ts'
import type { Receive, ReceiveEvent, ServeOptions } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const NO_ERROR = 0
const PROTOCOL_ERROR = 1
const INTERNAL_ERROR = 2

const hello = httpApp(async (_scope, _receive, send) => answer(send, 'hello'))
const half = httpApp(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'half', moreBody: true })
  throw new Error('the app broke')
})
const start = (app = hello, options: ServeOptions = {}): Promise<Served> =>
  served(app, { http2: true, ...options })
async function receiveLast(receive: Receive): Promise<ReceiveEvent> {
  for (;;) {
    const event = await receive()
    if (event.type === 'http.disconnect') return event
  }
}
const isData = ({ type }: { type: number }): boolean => type === TYPE.DATA
const MIB = 'x'.repeat(1024 * 1024)

describe('[3b.10] a malformed request is reset, and the session goes on', () => {
  it.each([
    ['a name with an upper-case letter', [...GET, ['X-Own', '1']]],
    ['a connection field', [...GET, ['connection', 'close']]],
    ['a transfer coding', [...GET, ['transfer-encoding', 'chunked']]],
    ['an upgrade', [...GET, ['upgrade', 'websocket']]],
    ['TE with another value than trailers', [...GET, ['te', 'gzip']]],
    ['two paths', [...GET, [':path', '/b']]],
    ['no path', GET.slice(0, 3)],
    ['an empty path', [...GET.slice(0, 3), [':path', '']]],
    ['no method', GET.slice(1)],
    ['a pseudo-field after a field', [['x-own', '1'], ...GET]],
    ['a pseudo-field of responses', [...GET, [':status', '200']]],
    ['lengths that differ', [...GET, ['content-length', '1'], ['content-length', '2']]],
    ['a length without a body', [...GET, ['content-length', '5']]],
  ] as Array<[string, typeof GET]>)('%s', async (_what, fields) => {
    await using server = await start()
    using client = await FrameClient.open(server.server.address)
    client.get(1, fields)
    expect(await client.reset(1)).toBe(PROTOCOL_ERROR)
    client.get(3)
    expect((await client.frame(isData)).payload.toString()).toBe('hello')
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})

describe('a value that is no field value', () => {
  // RFC 9113, 8.2.1, calls the request malformed. Some versions of node:http2 drop the field instead.
  it.each(['a\r\nb: c', ' a', 'a\0'])('does not reach the app: %j', async (value) => {
    const app = httpApp(async ({ headers }, _receive, send) =>
      answer(send, JSON.stringify(headers)),
    )
    await using server = await start(app)
    using client = await FrameClient.open(server.server.address)
    client.get(1, [...GET, ['x-own', value]])
    const first = await client.frame(({ type, stream }) => stream === 1 && type !== TYPE.HEADERS)
    expect([TYPE.RST_STREAM, TYPE.DATA]).toContain(first.type)
    expect(first.payload.toString()).not.toContain('x-own')
  })
})

describe('a response that breaks off', () => {
  it('[3a.54] ends with a reset, and never with the end of the stream', async () => {
    await using server = await start(half)
    using client = await FrameClient.open(server.server.address)
    client.get(1)
    expect(await client.reset(1)).toBe(INTERNAL_ERROR)
    const data = client.of(1).filter(isData)
    expect(data.map(({ payload }) => payload.toString()).join('')).toBe('half')
    expect(
      client.of(1).some(({ type, flags }) => type <= 1 && (flags & FLAG.END_STREAM) !== 0),
    ).toBe(false)
    client.get(3)
    expect(await client.reset(3)).toBe(INTERNAL_ERROR)
  })

  it('is reset after the time for a shutdown, and close() resolves', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
      await new Promise(() => undefined)
    })
    await using server = await start(app, { graceMs: 100 })
    using client = await FrameClient.open(server.server.address)
    client.get(1)
    await client.frame(isData)
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: true })
    expect(await client.goaway()).toBe(NO_ERROR)
    expect(await client.reset(1)).toBe(INTERNAL_ERROR)
  })
})

describe('an upload that the app does not read', () => {
  it('[3a.44] stops at the window, and after the response the client is asked to stop', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'enough')
    })
    await using server = await start(app)
    using client = await FrameClient.open(server.server.address)
    const fields = [[':method', 'POST'], ...GET.slice(1)] as typeof GET
    client.send(client.head(1, fields, FLAG.END_HEADERS))
    for (let sent = 0; sent < 60; sent += 1) client.send(frame(TYPE.DATA, 0, 1, Buffer.alloc(1000)))
    // Data on the wire after these frames: the server has read them.
    client.send(frame(TYPE.PING, 0, 0, Buffer.alloc(8)))
    await client.frame(({ type, flags }) => type === TYPE.PING && flags === FLAG.ACK)
    expect(client.of(1).filter(({ type }) => type === TYPE.WINDOW_UPDATE)).toEqual([])
    gate.resolve()
    expect(await client.reset(1)).toBe(NO_ERROR)
    expect(client.of(1).filter(isData).at(-1)?.flags).toBe(FLAG.END_STREAM)
  })

  it('of an app that has read a part', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await receive()
      await answer(send, 'enough')
    })
    await using server = await start(app)
    using client = await FrameClient.open(server.server.address)
    const fields = [[':method', 'POST'], ...GET.slice(1)] as typeof GET
    client.send(client.head(1, fields, FLAG.END_HEADERS), frame(TYPE.DATA, 0, 1, Buffer.alloc(10)))
    expect(await client.reset(1)).toBe(NO_ERROR)
  })

  it('[3b.28] a reset in the body is a disconnect, and no end of the body', async () => {
    const begun = deferred()
    const outcome = deferred<string>()
    const app = httpApp(async (_scope, receive) => {
      const first = await receive()
      begun.resolve()
      const second = await receive()
      outcome.resolve(`${first.type} ${second.type}`)
    })
    await using server = await start(app)
    using client = await FrameClient.open(server.server.address)
    const fields = [[':method', 'POST'], ...GET.slice(1)] as typeof GET
    client.send(client.head(1, fields, FLAG.END_HEADERS), frame(TYPE.DATA, 0, 1, Buffer.alloc(10)))
    await soon(begun.promise, 'the first part')
    client.send(frame(TYPE.RST_STREAM, 0, 1, Buffer.from([0, 0, 0, 8])))
    expect(await soon(outcome.promise, 'the outcome')).toBe('http.request http.disconnect')
  })
})

describe('a client that is too slow', () => {
  it('sends nothing: it is closed after headTimeoutMs', async () => {
    await using server = await start(hello, { headTimeoutMs: 200 })
    using client = await FrameClient.connect(server.server.address)
    await client.ended()
    expect(client.frames).toEqual([])
  })

  it('sends a part of the preface: it is closed after headTimeoutMs', async () => {
    await using server = await start(hello, { headTimeoutMs: 200 })
    using client = await FrameClient.connect(server.server.address)
    client.socket.write('PRI * HT')
    await client.ended()
    expect(client.frames).toEqual([])
  })

  it('sends a part of a head: it is told, and closed after headTimeoutMs', async () => {
    await using server = await start(hello, { headTimeoutMs: 200 })
    using client = await FrameClient.open(server.server.address)
    client.send(client.head(1, GET, 0))
    expect(await client.goaway()).toBe(NO_ERROR)
    await client.ended()
  })

  it('is idle: it is told, and closed after keepAliveTimeoutMs, whether it pings or not', async () => {
    await using server = await start(hello, { keepAliveTimeoutMs: 300 })
    using client = await FrameClient.open(server.server.address)
    client.get(1)
    await client.frame(isData)
    const ping = setInterval(() => client.send(frame(TYPE.PING, 0, 0, Buffer.alloc(8))), 50)
    expect(await client.goaway()).toBe(NO_ERROR)
    await client.ended()
    clearInterval(ping)
  })

  it('gives no window: its response is reset after writeTimeoutMs, and others are not', async () => {
    const app = httpApp(async ({ path }, _receive, send) =>
      answer(send, path === '/big' ? MIB : 'small'),
    )
    await using server = await start(app, { writeTimeoutMs: 300 })
    // SETTINGS_INITIAL_WINDOW_SIZE of 10 bytes.
    using client = await FrameClient.open(server.server.address, Buffer.from([0, 4, 0, 0, 0, 10]))
    client.get(1, [...GET.slice(0, 3), [':path', '/big']])
    client.get(3)
    await client.frame(
      ({ type, stream, flags }) => type === TYPE.DATA && stream === 3 && flags === 1,
    )
    expect(await client.reset(1)).toBe(INTERNAL_ERROR)
    client.get(5)
    await client.frame(
      ({ type, stream, flags }) => type === TYPE.DATA && stream === 5 && flags === 1,
    )
  })

  it('takes a byte now and then: its response is not reset', async () => {
    const app = httpApp(async (_scope, _receive, send) => answer(send, 'x'.repeat(100_000)))
    await using server = await start(app, { writeTimeoutMs: 200 })
    using client = await FrameClient.open(server.server.address, Buffer.from([0, 4, 0, 0, 0, 0]))
    client.get(1)
    const more = setInterval(() => {
      const grant = Buffer.from([0, 0, 0x40, 0])
      client.send(frame(TYPE.WINDOW_UPDATE, 0, 1, grant), frame(TYPE.WINDOW_UPDATE, 0, 0, grant))
    }, 100)
    await client.frame(({ type, flags }) => type === TYPE.DATA && flags === FLAG.END_STREAM)
    clearInterval(more)
    expect(
      client
        .of(1)
        .filter(isData)
        .reduce((sum, { payload }) => sum + payload.length, 0),
    ).toBe(100_000)
  })

  // nghttp2 ends the session, and node:http2 does not notice.
  it('sends a frame that is too long beside a request that waits: its connection is cut', async () => {
    const gone = deferred<string>()
    const app = httpApp(async (_scope, receive) => gone.resolve((await receiveLast(receive)).type))
    await using server = await start(app, { writeTimeoutMs: 100 })
    using client = await FrameClient.open(server.server.address)
    client.get(1)
    client.send(frame(TYPE.DATA, 0, 1, Buffer.alloc(20_000)))
    await client.goaway()
    client.socket.end()
    expect(await soon(gone.promise, 'the disconnect')).toBe('http.disconnect')
    await client.ended()
  })

  it.each([
    ['', false],
    [' in a session that ends', true],
  ])(
    'is only silent: a request that waits goes on%s, as the client acknowledges SETTINGS',
    async (_where, isEnding) => {
      const hasProved = deferred()
      const app = httpApp(async (_scope, _receive, send) => {
        await hasProved.promise
        await answer(send, 'at last')
      })
      await using server = await start(app, { writeTimeoutMs: 1_000 })
      using client = new StreamClient(server.server.url)
      const seen: unknown[] = []
      client.session.on('remoteSettings', (settings) => {
        if (seen.push(settings) > 1) hasProved.resolve()
      })
      const asked = client.ask()
      await once(client.session, 'remoteSettings', { signal: AbortSignal.timeout(30_000) })
      if (isEnding) client.session.goaway(0)
      expect((await asked).body).toBe('at last')
    },
  )

  it('reads nothing at all: its connection is cut', async () => {
    const app = httpApp(async (_scope, _receive, send) => answer(send, MIB.repeat(16)))
    await using server = await start(app, { writeTimeoutMs: 200, keepAliveTimeoutMs: 200 })
    const window = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff])
    using client = await FrameClient.open(server.server.address, window)
    client.socket.pause()
    client.send(frame(TYPE.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0, 0, 0])))
    client.get(1)
    const closed = (async () => {
      while (server.server.stats().connections > 0 || server.server.stats().requests.total === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    await soon(closed, 'the end of the connection')
    expect(server.server.stats().requests).toEqual({ inFlight: 0, total: 1 })
  })
})

describe('close()', () => {
  it('tells the client, serves the request under way, and takes no later one', async () => {
    const gate = deferred()
    const paths: string[] = []
    const app = httpApp(async ({ path }, _receive, send) => {
      paths.push(path)
      await gate.promise
      await answer(send, 'done')
    })
    await using server = await start(app, { graceMs: 8_000 })
    using client = await FrameClient.open(server.server.address)
    client.get(1)
    await soon(
      (async () => {
        while (paths.length === 0) await new Promise((resolve) => setImmediate(resolve))
      })(),
      'the request',
    )
    const closed = server.server.close()
    expect(await client.goaway()).toBe(NO_ERROR)
    client.get(3, [...GET.slice(0, 3), [':path', '/late']])
    gate.resolve()
    expect((await client.frame(isData)).payload.toString()).toBe('done')
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
    expect(paths).toEqual(['/'])
  })

  it('waits drainIdleMs for the first request of a session', async () => {
    await using server = await start(hello, { drainIdleMs: 4_000, graceMs: 8_000 })
    using client = await FrameClient.open(server.server.address)
    await client.frame(({ type }) => type === TYPE.SETTINGS)
    const closed = server.server.close()
    client.get(1)
    expect((await client.frame(isData)).payload.toString()).toBe('hello')
    client.socket.end()
    expect(await soon(closed, 'close()')).toEqual({ forced: false })
  })

  it('closes sessions without a request, and clients that have sent no byte', async () => {
    await using server = await start(hello, { graceMs: 8_000, drainIdleMs: 100 })
    using silent = await FrameClient.connect(server.server.address)
    using idle = await FrameClient.open(server.server.address)
    await idle.frame(({ type }) => type === TYPE.SETTINGS)
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
    expect(await idle.goaway()).toBe(NO_ERROR)
    await silent.ended()
  })

  it('does not wait for a client that keeps its side open', async () => {
    await using server = await start(hello, { graceMs: 8_000 })
    using client = await FrameClient.open(server.server.address)
    client.socket.allowHalfOpen = true
    client.get(1)
    await client.frame(isData)
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
  })
})
