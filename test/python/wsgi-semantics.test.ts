// The rules of PEP 3333 for an app of Python: the environ, the input and the errors, over raw bytes.

import { mount } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { served } from '../raw/served.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import type { HeaderPairs } from 'isthmus'
import type { Served } from '../raw/served.ts'
import type { PythonServer } from './serving.ts'

type Strings = Record<string, unknown>

describe.skipIf(NO_PYTHON !== undefined)(`a WSGI app of Python${SKIPPED}`, () => {
  let server: PythonServer
  const environOf = (target: string, request = {}): Promise<Strings> =>
    server.json(target, request) as Promise<Strings>

  beforeAll(async () => {
    server = await serving('wsgi_semantics:app', {}, { sync: { environ: { SHOP: 'one' } } })
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  describe('has an environ', () => {
    it('[3a.7] with all keys of PEP 3333', async () => {
      expect(await environOf('/environ_of?q=%20')).toMatchObject({
        REQUEST_METHOD: 'GET',
        SCRIPT_NAME: '',
        PATH_INFO: '/environ_of',
        QUERY_STRING: 'q=%20',
        SERVER_NAME: expect.stringMatching(/./),
        SERVER_PORT: expect.stringMatching(/^\d+$/),
        SERVER_PROTOCOL: 'HTTP/1.1',
        REMOTE_ADDR: '127.0.0.1',
        REMOTE_PORT: expect.stringMatching(/^\d+$/),
        'wsgi.version': [1, 0],
        'wsgi.url_scheme': 'http',
        'wsgi.multithread': false,
        'wsgi.multiprocess': false,
        'wsgi.run_once': false,
        'wsgi.input_terminated': true,
      })
    })

    it('[3a.2] of its own for each request', async () => {
      await environOf('/environ_of')
      expect(await environOf('/environ_of')).toMatchObject({ marked: 'yes' })
    })

    it('[3a.8] [3a.19] without the keys of fields that are not there', async () => {
      const environ = await environOf('/environ_of')
      expect(environ).not.toHaveProperty('CONTENT_TYPE')
      expect(environ).not.toHaveProperty('CONTENT_LENGTH')
      expect(Object.values(environ)).not.toContain(null)
    })

    it('[3a.8] [3a.15] with the fields: type, length, repeated ones, no underscores', async () => {
      const headers: HeaderPairs = [
        ['Content-Type', 'text/x'],
        ['X-Twice', '1'],
        ['Cookie', 'a=1'],
        ['x-twice', '2'],
        ['cookie', 'b=2'],
        ['X_Twice', '3'],
      ]
      const environ = await environOf('/environ_of', { method: 'POST', headers, body: 'seat' })
      expect(environ).toMatchObject({
        CONTENT_TYPE: 'text/x',
        CONTENT_LENGTH: '4',
        HTTP_X_TWICE: '1,2',
        HTTP_COOKIE: 'a=1; b=2',
      })
      expect(environ).not.toHaveProperty('HTTP_CONTENT_TYPE')
      expect(environ).not.toHaveProperty('HTTP_CONTENT_LENGTH')
    })

    it('[3a.9] [3a.10] [3a.12] with paths as bytes in latin-1, and the target as it came', async () => {
      const environ = await environOf('/environ_of/%E2%82%AC/a%2Fb?%E2%82%AC')
      expect(environ).toMatchObject({
        PATH_INFO: '/environ_of/\xe2\x82\xac/a/b',
        QUERY_STRING: '%E2%82%AC',
        REQUEST_URI: '/environ_of/%E2%82%AC/a%2Fb?%E2%82%AC',
      })
    })

    it('[3a.9] [3a.11] with bytes that are not UTF-8, and percent signs that encode nothing', async () => {
      const environ = await environOf('/environ_of/%FF/%zz/%0')
      expect(environ).toMatchObject({ PATH_INFO: '/environ_of/\xff/%zz/%0' })
    })

    it('[3a.13] with the path * of OPTIONS *', async () => {
      const environ = await environOf('*', { method: 'OPTIONS' })
      expect(environ).toMatchObject({ SCRIPT_NAME: '', PATH_INFO: '*' })
    })

    it('[3a.14] with the path at which the app is mounted', async () => {
      await using outer = await mounted()
      using client = await outer.connect()
      client.send('GET /a%20b/environ_of/x?y HTTP/1.1\r\nHost: x\r\n\r\n')
      expect(JSON.parse((await client.response()).body)).toMatchObject({
        SCRIPT_NAME: '/a b',
        PATH_INFO: '/environ_of/x',
        REQUEST_URI: '/a%20b/environ_of/x?y',
      })
    })

    it('[3a.17] without a length for a body in chunks', async () => {
      const environ = await environOf('/environ_of', { method: 'POST', body: ['one', 'two'] })
      expect(environ).not.toHaveProperty('CONTENT_LENGTH')
      expect(environ['wsgi.input_terminated']).toBe(true)
    })

    it('[3a.18] that tells of other threads and processes', async () => {
      await using many = await serving('wsgi_semantics:app', { threads: 2, processes: 2 })
      expect(await many.json('/environ_of')).toMatchObject({
        'wsgi.multithread': true,
        'wsgi.multiprocess': true,
      })
    })

    it('[3a.20] with the strings of the server', async () => {
      expect(await environOf('/environ_of')).toMatchObject({ SHOP: 'one' })
    })
  })

  describe.each([
    ['whole', 'abcdef\n\nlast'],
    ['in chunks', ['abc', 'def\n', '\nla', 'st']],
  ])('reads a body that comes %s', (_kind, body) => {
    it.each([
      ['[3a.22] [3a.24] read()', 'read', ['abcdef\n\nlast', '']],
      ['[3a.22] read(n)', 'sized', ['', 'abcd', 'ef\n\nlast', '', '']],
      ['[3a.22] read() after readline()', 'rest', ['abcdef\n', '\nl', 'ast', '']],
      ['[3a.23] readline()', 'readline', ['abcdef\n', '\n', 'last', '', '']],
      ['[3a.23] readline(n)', 'short', ['ab', 'cd', 'ef', '\n']],
      ['[3a.23] readlines()', 'readlines', [['abcdef\n', '\n', 'last'], []]],
      ['[3a.23] readlines(hint)', 'hint', [['abcdef\n'], ['\n', 'last'], '']],
      ['[3a.23] line by line', 'lines', [['abcdef\n', '\n', 'last'], '']],
    ])('by %s', async (_title, query, expected) => {
      expect(await server.json(`/reads?${query}`, { method: 'POST', body })).toEqual(expected)
    })
  })

  it('[3a.24] reads nothing from a request without a body', async () => {
    expect(await server.json('/reads?read')).toEqual(['', ''])
    expect(await server.json('/reads?lines', { method: 'POST', body: '' })).toEqual([[], ''])
  })

  it('[3a.26] gets no body above the limit: 413', async () => {
    await using limited = await serving('wsgi_semantics:app', {}, { maxBodyBytes: 10 })
    const request = { method: 'POST', body: 'x'.repeat(11) }
    expect((await limited.ask('/reads?read', request)).status).toBe(413)
    expect((await limited.ask('/reads?read', { ...request, body: [request.body] })).status).toBe(
      413,
    )
  })

  it('[3a.28] leaves a body unread without harm to the next request', async () => {
    using client = await server.connect()
    client.send('POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /')
    expect((await client.response()).body).toBe('"unread"')
    client.send('GET /unread HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await client.response()).body).toBe('"unread"')
  })

  it('[3a.30] writes any text into wsgi.errors, and the log has its lines', async () => {
    expect(await server.json('/errors')).toBe('written')
    await eventually(() => server.lines.some((line) => line.includes('three')))
    expect(server.lines).toContain('warn: one €')
    expect(server.lines).toContain('warn: two 🐟')
    expect(server.lines).toContain('warn: three \\ud800')
  })

  describe('without buffering', () => {
    let streaming: PythonServer
    const POST = 'POST /reads_first HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n'

    beforeAll(async () => {
      streaming = await serving('wsgi_semantics:app', { buffering: false })
    }, 60_000)
    afterAll(() => streaming[Symbol.asyncDispose]())

    it('[3a.27] has 100 Continue sent by its first read', async () => {
      using client = await streaming.connect()
      client.send(`${POST}Expect: 100-continue\r\n\r\n`)
      expect((await client.head()).status).toBe(100)
      client.send('seat')
      expect(await client.response()).toMatchObject({ status: 200, body: 's' })
    })

    it('[3a.27] has no 100 Continue sent if it reads nothing', async () => {
      using client = await streaming.connect()
      client.send(`${POST.replace('reads_first', 'unread')}Expect: 100-continue\r\n\r\n`)
      expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*"unread"$/)
    })

    it('[3a.27] has no 100 Continue sent to HTTP/1.0', async () => {
      using client = await streaming.connect()
      client.send(`${POST.replace('1.1', '1.0')}Expect: 100-continue\r\n\r\nseat`)
      expect(await client.rest()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ns$/)
    })

    it('[3a.25] [3c.32] has its read fail when the client leaves', async () => {
      const client = await streaming.connect()
      client.send('POST /read_cut HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
      await eventually(() => streaming.app.stats().inFlight === 1)
      client.reset()
      await eventually(() => streaming.lines.some((line) => line.includes('the read')))
      const lines = streaming.lines.filter((line) => !line.startsWith('debug'))
      expect(lines).toEqual(['info: the read raised ConnectionResetError True'])
    })

    it('[3c.7] reads a body that is longer than every window', async () => {
      const body = 'x'.repeat(300_000)
      const [read] = (await streaming.json('/reads?read', { method: 'POST', body })) as [string]
      expect(read === body).toBe(true)
    })
  })

  async function mounted(): Promise<Served> {
    const { app } = server
    return served(mount({ '/a b': app }), { lifespan: 'off' })
  }
})
