// The rules of ASGI for HTTP in an app of Python: scope, receive and send, over raw bytes.

import { mount } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { served } from '../raw/served.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import type { PythonServer } from './serving.ts'

const END = 'server: isthmus|connection: close||'

describe.skipIf(NO_PYTHON !== undefined)(`an ASGI app of Python${SKIPPED}`, () => {
  let server: PythonServer

  beforeAll(async () => {
    server = await serving('asgi_semantics:app', { cancelAfterMs: 100 })
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  const hasLine = (text: string): Promise<void> =>
    eventually(() => server.lines.some((line) => line.includes(text)))

  describe('has a scope', () => {
    it('[3b.1] [3b.9] with all keys, of the types of Python', async () => {
      const { port } = new URL(server.server.url)
      const target = '/scope_of/%E2%82%AC/a%2Fb?q=%E2%82%AC'
      const scope = await server.json(target, {
        headers: [
          ['X-Two', '1'],
          ['x-two', 'caf\xe9'],
        ],
      })
      expect(scope).toEqual({
        type: 'http',
        asgi: { version: '3.0', spec_version: '2.5' },
        http_version: '1.1',
        method: 'GET',
        scheme: 'http',
        path: '/scope_of/€/a/b',
        raw_path: '/scope_of/%E2%82%AC/a%2Fb',
        query_string: 'q=%E2%82%AC',
        root_path: '',
        headers: [
          ['host', 'example.test'],
          ['x-two', '1'],
          ['x-two', 'caf\xe9'],
        ],
        client: ['127.0.0.1', expect.any(Number)],
        server: ['127.0.0.1', Number(port)],
        state: { count: 0, shared: expect.any(Array) },
        extensions: expect.any(Object),
        types: {
          type: 'str',
          asgi: 'dict',
          http_version: 'str',
          method: 'str',
          scheme: 'str',
          path: 'str',
          raw_path: 'bytes',
          query_string: 'bytes',
          root_path: 'str',
          headers: 'list',
          client: 'tuple',
          server: 'tuple',
          state: 'dict',
          extensions: 'dict',
        },
      })
    })

    it('[3b.11] with a path that is not UTF-8', async () => {
      expect(await server.json('/scope_of/%FF/%zz')).toMatchObject({
        path: '/scope_of/\ufffd/%zz',
        raw_path: '/scope_of/%FF/%zz',
      })
    })

    it('[3b.12] with the path at which the app is mounted', async () => {
      await using outer = await served(mount({ '/a b': server.app }), { lifespan: 'off' })
      using client = await outer.connect()
      client.send('GET /a%20b/scope_of/x HTTP/1.1\r\nHost: x\r\n\r\n')
      expect(JSON.parse((await client.response()).body)).toMatchObject({
        root_path: '/a b',
        path: '/a b/scope_of/x',
        raw_path: '/a%20b/scope_of/x',
      })
    })

    it('[3b.64] with a copy of the state, whose objects are shared', async () => {
      const [, before] = (await server.json('/count')) as number[]
      expect(await server.json('/count')).toEqual([1, (before ?? 0) + 1])
    })
  })

  describe('receives', () => {
    it('[3b.14] one event for no body', async () => {
      const expected = [{ type: 'http.request', body: '', more_body: false }]
      expect(await server.json('/events_of')).toEqual(expected)
      expect(await server.json('/events_of', { method: 'POST', body: [] })).toEqual(expected)
    })

    it('[3b.13] [3b.14] a body in order, without its chunks', async () => {
      const request = { method: 'POST', body: ['one', 'two', 'three'] }
      const events = (await server.json('/events_of', request)) as Array<{ body: string }>
      expect(events.map(({ body }) => body).join('')).toBe('onetwothree')
      expect(events.at(-1)).toMatchObject({ more_body: false })
    })

    it('[3b.15] [3b.16] nothing after the body, and the disconnect after the response', async () => {
      await server.ask('/after_the_body')
      await hasLine('events after the response: http.disconnect,http.disconnect,http.disconnect')
      expect(server.lines).toContain('info: receive() is done before the response: False')
    })

    it('[3b.17] the disconnect in the middle of a body', async () => {
      const client = await server.connect()
      client.send('POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
      await eventually(() => server.app.stats().inFlight > 0)
      client.reset()
      await hasLine('told:')
      const line = server.lines.find((each) => each.includes('told:'))
      expect(line).toMatch(/^info: told:( http\.requestTrue)* http\.disconnect$/)
    })

    it('[3b.19] has 100 Continue sent by its first receive()', async () => {
      using client = await server.connect()
      const head = 'HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n'
      client.send(`POST /reads_first ${head}`)
      expect((await client.head()).status).toBe(100)
      client.send('seat')
      expect((await client.response()).body).toBe('"s"')
    })

    it('[3b.19] has no 100 Continue sent by a response', async () => {
      using client = await server.connect()
      const head = 'HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n'
      client.send(`POST /unread ${head}`)
      expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*"unread"$/)
    })

    it('[3b.20] a message that an abandoned receive() has not taken', async () => {
      using client = await server.connect()
      client.send('POST /abandoned HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n')
      await client.head()
      expect(await client.chunk()).toBe('ready,')
      client.send('seat')
      expect(await client.chunk()).toBe('seat')
    })
  })

  describe('sends', () => {
    it('[3b.2] [3b.21] [3b.39] no event out of order, and none that is unknown', async () => {
      const response = await server.ask('/order')
      expect(response.status).toBe(201)
      expect(JSON.parse(response.body)).toEqual([
        expect.stringContaining('http.response.body is illegal here'),
        null,
        expect.stringContaining('http.response.start is illegal here'),
        expect.stringContaining("'http.response.unknown' is not an event"),
        expect.stringContaining('None is not an event'),
      ])
      await hasLine('after the end:')
      const line = server.lines.find((each) => each.includes('after the end:'))
      expect(line?.match(/is complete/g)).toHaveLength(2)
    })

    it('[3b.2] [3b.23] no wrong values; it may send unknown keys', async () => {
      const response = await server.ask('/values')
      expect(response.headers).toContainEqual(['x-case', 'kept'])
      expect(response.headers).not.toContainEqual(['transfer-encoding', 'x'])
      expect(JSON.parse(response.body)).toEqual([
        ...Array<unknown>(4).fill(expect.stringContaining('must be an int from 200 to 999')),
        expect.stringContaining('not a token'),
        expect.stringContaining('must be bytes, got a str'),
        expect.stringContaining('control character'),
        expect.stringContaining('plain digits'),
        expect.stringContaining('must be bytes, got a str'),
      ])
    })

    it('[3b.22] the head of an event stream at once, and another one with the body', async () => {
      using stream = await server.connect()
      using held = await server.connect()
      held.send('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
      await eventually(() => server.app.stats().inFlight >= 1)
      stream.send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
      expect((await stream.head()).status).toBe(200)
      expect(held.received).toBe(0)
      await server.ask('/go')
      expect(await stream.chunk()).toBe('data: x\n\n')
      expect((await held.response()).body).toBe('byte')
    })

    it('[3b.24] an empty body without keys', async () => {
      expect(await server.wire('/defaults')).toBe(`HTTP/1.1 200 OK|content-length: 0|${END}`)
    })

    it('[3b.25] no byte above the Content-Length', async () => {
      expect(await server.wire('/too_long')).toBe(`HTTP/1.1 200 OK|content-length: 4|${END}four`)
      await hasLine("too long: ['ContentLengthMismatchError")
    })

    it('[3b.25] too few bytes, which is a cut or an error', async () => {
      const wire = await server.wire('/too_short')
      expect(wire).not.toMatch(/\|\|four$/)
      await hasLine('the body has 4 bytes, the Content-Length announced 9')
    })

    it('[3b.8] [3b.27] to a client that has left: an OSError, which is no error in the log', async () => {
      const client = await server.connect()
      client.send('GET /after_disconnect HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.chunk().catch(() => client.head())
      client.reset()
      await hasLine('send() raised an OSError, a ConnectionResetError: True')
      expect(server.lines.filter((line) => /^(warn|error).*disconnect/.test(line))).toEqual([])
    })
  })

  describe('that ends its response', () => {
    it.each([
      ['nothing', /^HTTP\/1\.1 500 [^]*\|\|Internal Server Error\n$/],
      ['fails', /^HTTP\/1\.1 500 [^]*\|\|Internal Server Error\n$/],
      // The head has left the app.
      ['only_start', /^$/],
    ])('[3b.28] too early is 500, or no response: %s', async (path, line) => {
      expect(await server.wire(`/${path}`)).toMatch(line)
    })

    it.each(['half', 'fails_late'])('[3b.28] in the middle is a cut: %s', async (path) => {
      expect(await server.wire(`/${path}`)).toBe(
        `HTTP/1.1 200 OK|transfer-encoding: chunked|${END}4|half|`,
      )
    })

    it('[3b.7] [3b.28] and fails afterwards has a line in the log', async () => {
      expect((await server.ask('/fails_afterwards')).body).toBe('"answered"')
      await hasLine('an error after the response')
      expect((await server.ask('/unread')).body).toBe('"unread"')
    })

    it('[3b.29] [3b.30] may work on, while the connection serves the next request', async () => {
      await using other = await serving('asgi_semantics:app')
      using client = await other.connect()
      const requests = ['/goes_on', '/unread', '/go'].map(
        (target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
      )
      client.send(requests.join(''))
      expect((await client.response()).body).toBe('"answered"')
      expect((await client.response()).body).toBe('"unread"')
      expect((await client.response()).body).toBe('"gone"')
      await eventually(() => other.lines.includes('info: worked on'))
    })

    it('[3c.17] is cancelled some time after its client has left', async () => {
      const client = await server.connect()
      client.send('GET /is_cancelled HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.head()
      client.reset()
      await hasLine('info: cancelled')
      expect(server.lines).toContain('info: cancelled')
    })
  })
})
