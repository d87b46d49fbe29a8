// Errors that a log cannot take, and logs that throw: the client still gets its answer or a cut, and close() ends.

import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { iterable, sync } from 'isthmus'
import { soon, served } from './served.ts'
import type { EventApp, HostedApp, Log } from 'isthmus'

beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
})

function deepCauses(): Error {
  let error = new Error('innermost')
  for (let depth = 0; depth < 20_000; depth += 1) error = new Error('outer', { cause: error })
  return error
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('revoked'), {})
  revoke()
  return proxy
}

const hostile = (): never => {
  throw new Error('this object cannot be read')
}

/** The values that an app may throw, each made for its use. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  'a frozen error': () => Object.freeze(new Error('frozen')),
  'an error whose getter throws': () =>
    Object.defineProperty(new Error('getter'), 'detail', { get: hostile, enumerable: true }),
  'an error whose stack throws': () =>
    Object.defineProperty(new Error('x'), 'stack', { get: hostile }),
  'an error whose message throws': () =>
    Object.defineProperty(new Error('x'), 'message', { get: hostile }),
  'a revoked proxy': revoked,
  'a proxy that throws': () =>
    new Proxy(new Error('x'), { get: hostile, has: hostile, getPrototypeOf: hostile }),
  'a deep chain of causes': deepCauses,
  'an error that causes itself': () => {
    const error = new Error('circle')
    error.cause = error
    return error
  },
  'a symbol': () => Symbol('thrown'),
  undefined: () => undefined,
  'an object without a prototype': () => Object.create(null),
}

const throwing = (): never => {
  throw new Error('the log fails')
}
const sink = pino({}, { write: () => undefined })
const LOGS: Readonly<Record<string, Log>> = {
  'the log of pino': sink,
  'a log that throws': { debug: throwing, info: throwing, warn: throwing, error: throwing },
}

const APPS: Readonly<Record<string, (thrown: () => unknown) => HostedApp>> = {
  'an event app': (thrown) =>
    (async (scope, receive) => {
      if (scope.type === 'lifespan') return
      if (scope.type === 'websocket') await receive()
      throw thrown()
    }) as EventApp,
  'a sync app': (thrown) =>
    sync(() => {
      throw thrown()
    }),
  'an iterable app': (thrown) =>
    iterable(async () => {
      throw thrown()
    }),
}

const CASES = Object.keys(THROWN).flatMap((value) =>
  Object.keys(LOGS).map((log) => [value, log] as const),
)
const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'

describe.each(CASES)('%s, with %s,', (value, log) => {
  const thrown = THROWN[value] as () => unknown
  const options = { log: LOGS[log] as Log, graceMs: 60_000 }

  it.each(Object.keys(APPS))('is answered with 500 if %s throws it', async (style) => {
    await using server = await served((APPS[style] as (typeof APPS)[string])(thrown), options)
    using client = await server.connect()
    client.send(GET)
    expect((await client.response()).status).toBe(500)
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
  })

  it('cuts a response that has begun', async () => {
    const app: EventApp = async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      await send({ type: 'http.response.body', body: 'part', moreBody: true })
      throw thrown()
    }
    await using server = await served(app, options)
    using client = await server.connect()
    client.send(GET)
    await client.head()
    expect(await client.rest()).not.toContain('0\r\n\r\n')
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
  })

  it('denies a WebSocket, and closes one that is open', async () => {
    const app: EventApp = async (scope, receive, send) => {
      await receive()
      if (scope.type === 'websocket' && scope.path === '/open')
        await send({ type: 'websocket.accept' })
      throw thrown()
    }
    await using server = await served(app, options)
    using denied = await server.connect()
    denied.send(HANDSHAKE)
    expect((await denied.head()).status).toBe(500)
    using open = await server.connect()
    open.send(HANDSHAKE.replace('GET / ', 'GET /open '))
    expect((await open.head()).status).toBe(101)
    // A close frame with the code 1011.
    expect((await open.bytes(4)).slice(0, 4)).toBe('\x88\x02\x03\xf3')
    open.socket.destroy()
    expect(await soon(server.server.close(), 'close()')).toEqual({ forced: false })
  })
})
