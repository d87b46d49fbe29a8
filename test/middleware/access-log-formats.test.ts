// The lines of text: common, combined, JSON; in every style.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { BoundedWriter } from '../../src/bounded-writer.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { basicAuth } from '../../src/middleware/basic-auth.ts'
import { bodyLimit } from '../../src/middleware/body-limit.ts'
import { requestId } from '../../src/middleware/request-id.ts'
import { chain } from '../../src/chain/chain.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { recordingLog } from '../bridge/host.ts'
import { pooled } from '../hosting/behaviour-host.ts'
import type { App } from '../../src/bridge/style.ts'
import type { AccessLogOptions } from '../../src/middleware/access-log.ts'
import type { TestClient } from '../../src/testing/client.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

const APPS: Record<string, App> = {
  sync: sync((_environ, startResponse) => {
    startResponse('200 OK', [])
    return ['hello']
  }),
  'sync, streamed': sync(function* (_environ, startResponse) {
    startResponse('200 OK', [])
    yield 'hel'
    yield 'lo'
  }),
  iterable: iterable(async function* (_environ, startResponse) {
    startResponse('200 OK', [])
    yield 'hello'
  }),
  events: events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'hello' })
  }),
}

const BROWSER = { referer: 'http://a.test/', 'user-agent': 'Browser/1.0 (X11)' }

// A thread that starts beside other tests can take long.
const START_MS = 60_000

type Format = AccessLogOptions['format']

interface Asking {
  app?: App
  ask?: (client: TestClient) => Promise<unknown>
  options?: TestClientOptions
}

/** The lines for the requests of `ask`. */
async function linesOf(format: Format, { app = APPS['events'] as App, ask, options }: Asking = {}) {
  const lines: string[] = []
  const wrap = accessLog({ format, write: (line) => void lines.push(line) })
  await using client = await testClient(wrap(app), {
    lifespan: 'off',
    raiseAppErrors: false,
    ...options,
  })
  await (ask ?? ((it) => it.get('/a%20b?c=d', { headers: BROWSER })))(client)
  return lines
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 8, 3, 4, 5, 6, 7) })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the lines of a chain in a pool thread', () => {
  it(
    'are the lines of the same chain on the event loop',
    async () => {
      await using client = await testClient(pooled('logged', 'logged'), {
        raiseAppErrors: false,
        deadlineMs: START_MS,
      })
      await client.get('/')
      await client.get('/fails')
      await client.get('/breaks').catch(() => undefined)
      await client.request('HEAD', '/')
      const lines = (await client.get('/lines')).text().split('\n')
      expect(lines.map((line) => line.replace(/\[.*\]/, '[…]'))).toEqual([
        '127.0.0.1 - - […] "GET / HTTP/1.1" 200 5',
        '127.0.0.1 - - […] "GET /fails HTTP/1.1" 500 -',
        '127.0.0.1 - - […] "GET /breaks HTTP/1.1" 200 3',
        '127.0.0.1 - - […] "HEAD / HTTP/1.1" 200 -',
      ])
    },
    START_MS,
  )
})

describe('the format', () => {
  it('common has the second at which each request arrived', async () => {
    const ask = async (client: TestClient) => {
      for (const time of ['04:05:06.900', '04:05:07.100', '04:05:07.900', '04:05:06.000']) {
        vi.setSystemTime(`2026-09-03T${time}Z`)
        await client.get('/')
      }
    }
    const seconds = (await linesOf('common', { ask })).map((line) => /:(\d\d) /.exec(line)?.[1])
    expect(seconds).toEqual(['06', '07', '07', '06'])
  })

  it.each(Object.keys(APPS))('common is the format of Apache, around %s', async (style) => {
    expect(await linesOf('common', { app: APPS[style] as App })).toEqual([
      '127.0.0.1 - - [03/Sep/2026:04:05:06 +0000] "GET /a%20b HTTP/1.1" 200 5',
    ])
  })

  it.each(Object.keys(APPS))('combined adds referer and user agent, around %s', async (style) => {
    expect(await linesOf('combined', { app: APPS[style] as App })).toEqual([
      '127.0.0.1 - - [03/Sep/2026:04:05:06 +0000] "GET /a%20b HTTP/1.1" 200 5 ' +
        '"http://a.test/" "Browser/1.0 (X11)"',
    ])
  })

  it.each(Object.keys(APPS))('json is one object, around %s', async (style) => {
    const [line = '', ...others] = await linesOf('json', { app: APPS[style] as App })
    expect(others).toEqual([])
    expect(JSON.parse(line)).toEqual({
      time: '2026-09-03T04:05:06.007Z',
      client: '127.0.0.1:49152',
      method: 'GET',
      path: '/a%20b',
      status: 200,
      bytes: 5,
      outcome: 'complete',
      durationMs: expect.any(Number),
      protocol: 'HTTP/1.1',
      referer: 'http://a.test/',
      userAgent: 'Browser/1.0 (X11)',
    })
  })

  it('has a dash for a missing value', async () => {
    const ask = (client: TestClient) => client.head('/', { httpVersion: '1.0' })
    expect(await linesOf('combined', { ask, options: { client: null } })).toEqual([
      '- - - [03/Sep/2026:04:05:06 +0000] "HEAD / HTTP/1.0" 200 - "-" "-"',
    ])
    const leaving = (client: TestClient) =>
      client.get('/', { disconnect: 'at-once' }).catch(() => 0)
    const quiet = events(async (_scope, receive) => {
      while ((await receive()).type !== 'http.disconnect');
    })
    expect(await linesOf('common', { app: quiet, ask: leaving })).toEqual([
      '127.0.0.1 - - [03/Sep/2026:04:05:06 +0000] "GET / HTTP/1.1" - -',
    ])
  })

  it('has an IPv6 client without brackets', async () => {
    const [line] = await linesOf('common', { options: { client: ['::1', 80] } })
    expect(line).toMatch(/^::1 - - \[/)
  })

  it('has the user that a middleware outside has set', async () => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const guard = basicAuth({ users: { 'box office': 'x' } })
    const app = chain(guard, accessLog({ format: 'common', write }))(APPS['events'] as App)
    await using client = await testClient(app, { lifespan: 'off' })
    const authorization = `Basic ${Buffer.from('box office:x').toString('base64')}`
    await client.get('/', { headers: { authorization } })
    expect(lines[0]).toMatch(/^127\.0\.0\.1 - box\\x20office \[/)
  })

  it.each(['sync', 'sync, streamed', 'iterable', 'events'])(
    'has the user that a middleware inside has checked, and the requests that it refused, around %s',
    async (style) => {
      const lines: string[] = []
      const write = (line: string): void => void lines.push(line)
      const guard = chain(requestId(), basicAuth({ users: { will: 'x' } }))
      const guarded = mount({ '/in': guard(APPS[style] as App), '/': APPS[style] as App })
      const log = accessLog({ format: 'common', write })
      await using client = await testClient(log(guarded), { lifespan: 'off' })
      const authorization = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
      await client.get('/in', { headers: { authorization: authorization('will:x') } })
      await client.get('/in', { headers: { authorization: authorization('will:y') } })
      await client.get('/')
      expect(lines.map((line) => line.replace(/^\S+ - (\S+) .* (\d+) \d+$/, '$1 $2'))).toEqual([
        'will 200',
        '- 401',
        '- 200',
      ])
    },
  )

  it.each(['sync', 'sync, streamed', 'iterable', 'events'])(
    'has a line for a body that a middleware inside refuses, around %s',
    async (style) => {
      const ask = async (client: TestClient) => {
        await client.post('/', { body: 'long' })
        await client.post('/', { body: 'x' })
      }
      const refusing = chain(requestId(), bodyLimit({ maxBytes: 1 }))(APPS[style] as App)
      const lines = await linesOf('common', { app: refusing, ask })
      expect(lines.map((line) => line.replace(/ \d+$/, '').slice(-3))).toEqual(['413', '200'])
    },
  )

  it('has a line for a body without a length that is too long, around an app that reads', async () => {
    const readers: App[] = [
      sync((environ, startResponse) => {
        startResponse('200 OK', [])
        return [environ['wsgi.input'].read()]
      }),
      iterable(async function* (environ, startResponse) {
        startResponse('200 OK', [])
        yield await environ['wsgi.input'].readAsync()
      }),
    ]
    for (const app of readers) {
      const ask = (client: TestClient) => client.post('/', { body: ['lo', 'ng'] })
      const [line = ''] = await linesOf('common', { app: bodyLimit({ maxBytes: 1 })(app), ask })
      expect(line).toMatch(/"POST \/ HTTP\/1\.1" 413 \d+$/)
    }
  })

  it('has the user around a sync app in the chain, and in the fields of a log', async () => {
    const log = recordingLog()
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const app = chain(
      accessLog({ log }),
      accessLog({ format: 'json', write }),
      basicAuth({ users: { will: 'x' } }),
    )(APPS['sync'] as App)
    await using client = await testClient(app, { lifespan: 'off' })
    const authorization = `Basic ${Buffer.from('will:x').toString('base64')}`
    await client.get('/', { headers: { authorization } })
    await client.get('/')
    expect(log.fields.map(({ user, status }) => [user, status])).toEqual([
      ['will', 200],
      [undefined, 401],
    ])
    expect(lines.map((line) => (JSON.parse(line) as { user?: string }).user)).toEqual([
      'will',
      undefined,
    ])
  })

  it('has one line for a WebSocket in common, and one for each turn in json', async () => {
    const app = websocket(async (socket) => {
      for await (const message of socket) await socket.send(message)
    })
    const ask = async (client: TestClient): Promise<void> => {
      await using session = await client.websocket('/live')
      await session.close(1000)
    }
    expect(await linesOf('common', { app, ask })).toEqual([
      '127.0.0.1 - - [03/Sep/2026:04:05:06 +0000] "GET /live HTTP/1.1" 101 -',
    ])
    const turns = (await linesOf('json', { app, ask })).map((line) => JSON.parse(line) as object)
    expect(turns).toMatchObject([
      { method: 'WEBSOCKET', status: 101, outcome: 'accepted' },
      { method: 'WEBSOCKET', code: 1000, outcome: 'closed' },
    ])
  })

  it('cannot be forged by a client', async () => {
    const text = fc
      .string({ unit: 'binary-ascii' })
      .filter((value) => /^[\t\x20-\x7e]*$/.test(value))
    const COMBINED =
      /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/ HTTP\/1\.1" 200 5 "[^"\\]*(?:\\x[\da-f]{2}[^"\\]*)*" "[^"\\]*(?:\\x[\da-f]{2}[^"\\]*)*"$/
    await fc.assert(
      fc.asyncProperty(text, text, async (referer, agent) => {
        const headers = { referer: referer.trim(), 'user-agent': agent.trim() }
        const ask = (client: TestClient) => client.get('/', { headers })
        const [line = ''] = await linesOf('combined', { ask })
        expect(line).toMatch(COMBINED)
        expect(line).toMatch(/^[\x20-\x7e]*$/)
      }),
      { seed: 41, numRuns: 100 },
    )
  })
})

describe('accessLog()', () => {
  it('writes lines to standard output by default', async () => {
    const write = vi.spyOn(BoundedWriter.prototype, 'write').mockReturnValue()
    try {
      await using client = await testClient(accessLog({ format: 'common' })(APPS['sync'] as App))
      await client.get('/')
      expect(write.mock.calls.map(([line]) => line).filter((line) => line.includes('GET'))).toEqual(
        ['127.0.0.1 - - [03/Sep/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 5\n'],
      )
    } finally {
      write.mockRestore()
    }
  })

  it('writes no line for a request that is skipped by its path', async () => {
    const log = recordingLog()
    const wrap = accessLog({ log, skip: ({ path }) => path === '/health' })
    await using client = await testClient(wrap(APPS['events'] as App), { lifespan: 'off' })
    await client.get('/health')
    await client.get('/')
    expect(log.lines).toEqual(['info: GET / 200'])
  })

  it.each([
    [{ format: 'dev' }, 'option "format" cannot be \'dev\': it is log, json, common, combined'],
    [{ log: {} }, 'option "log" cannot be {}: it is a log with the levels of pino'],
    [
      { format: 'json', log: recordingLog() },
      'option "log" cannot be \'a log\': the format "json" goes to "write"',
    ],
    [{ format: 'json', write: 1 }, 'option "write" cannot be 1: it is a function'],
    [{ skip: '/health' }, 'option "skip" cannot be \'/health\': it is a function'],
    [{ query: 'token' }, 'option "query" cannot be \'token\': it is true, false or a function'],
    [{ stream: 1 }, 'unknown option "stream"; the options are format, log, write, query, skip'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => accessLog(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `accessLog(): ${message}`,
      }),
    )
  })

  it('refuses a destination that its format does not use', () => {
    expect(() => accessLog({ write: () => undefined })).toThrow('choose another format')
  })
})
