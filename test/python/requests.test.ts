// Unusual requests: the environ of a WSGI app and the scope of an ASGI app have the values that PEP 3333 and ASGI ask for.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

type Case = [name: string, request: string, expected: Record<string, unknown>]

const { python, missing, note } = pythonWith([])
const LAX = isReference ? ' (gunicorn and uvicorn of Debian pass it on)' : ''
const OWN = isReference ? ' (gunicorn answers with HTTP/1.0)' : ''
const get = (target: string, fields = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')
const bytes = (text: string): { bytes: string } => ({ bytes: text })

const ENVIRON: Case[] = [
  [
    'a query',
    get('/a/b?x=1&y=%20+'),
    { PATH_INFO: '/a/b', QUERY_STRING: 'x=1&y=%20+', RAW_URI: '/a/b?x=1&y=%20+', SCRIPT_NAME: '' },
  ],
  [
    'UTF-8 in the path, as the latin-1 of its bytes',
    get('/caf%C3%A9/%2F?q=%C3%A9'),
    { PATH_INFO: latin1('/café//'), QUERY_STRING: 'q=%C3%A9' },
  ],
  ['bytes that are no UTF-8', get('/%FF%fe'), { PATH_INFO: '/\xff\xfe' }],
  ['a percent sign without digits', get('/100%/%zz'), { PATH_INFO: '/100%/%zz' }],
  ['dots and double slashes', get('//a/../b//c'), { PATH_INFO: '//a/../b//c' }],
  ['OPTIONS of the server', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', { PATH_INFO: '*' }],
  ['another method', 'PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n', { REQUEST_METHOD: 'PROPFIND' }],
  ['latin-1 in a field', get('/', 'X-Raw: caf\xe9\r\n'), { HTTP_X_RAW: 'caf\xe9' }],
  ['a field twice', get('/', 'X-A: 1\r\nX-A: 2\r\n'), { HTTP_X_A: '1,2' }],
  ['an empty field', get('/', 'X-Empty:\r\n'), { HTTP_X_EMPTY: '' }],
  [
    'a body',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc',
    { CONTENT_TYPE: 'text/plain', CONTENT_LENGTH: '3', body: 'abc' },
  ],
  [
    'a body in chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    { 'wsgi.input_terminated': true, body: 'abc' },
  ],
  [
    'the facts of the server',
    get('/'),
    {
      REMOTE_ADDR: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      'wsgi.url_scheme': 'http',
      'wsgi.version': [1, 0],
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
    },
  ],
]

const SCOPE: Case[] = [
  [
    'a query',
    get('/a/b?x=1&y=%20+'),
    { path: '/a/b', raw_path: bytes('/a/b'), query_string: bytes('x=1&y=%20+') },
  ],
  [
    'UTF-8 in the path',
    get('/caf%C3%A9/%2F?q=%C3%A9'),
    { path: '/café//', raw_path: bytes('/caf%C3%A9/%2F'), query_string: bytes('q=%C3%A9') },
  ],
  ['bytes that are no UTF-8', get('/%FF'), { path: '/\ufffd', raw_path: bytes('/%FF') }],
  ['a percent sign without digits', get('/100%/%zz'), { path: '/100%/%zz' }],
  ['dots and double slashes', get('//a/../b//c'), { path: '//a/../b//c' }],
  ['OPTIONS of the server', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', { path: '*' }],
  [
    'fields in order, as bytes',
    get('/', 'X-Raw: caf\xe9\r\nX-A: 1\r\nx-a: 2\r\nX-Empty:\r\n'),
    {
      headers: [
        ['host', 'a'],
        ['x-raw', 'caf\xe9'],
        ['x-a', '1'],
        ['x-a', '2'],
        ['x-empty', ''],
      ].map((field) => field.map(bytes)),
    },
  ],
  [
    'a body in chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    { method: 'POST', body: 'abc' },
  ],
  [
    'the facts of the server',
    get('/'),
    { type: 'http', http_version: '1.1', scheme: 'http', root_path: '', method: 'GET' },
  ],
]

describe.each([
  ['environ', 'wsgi', 'requests_seen:environ_app', ENVIRON],
  ['scope', 'asgi', 'requests_seen:scope_app', SCOPE],
] as const)('the %s', (_name, kind, spec, cases) => {
  describe.skipIf(missing)(`of a request${note}`, () => {
    let app: Hosted
    beforeAll(async () => {
      app = await hosted(spec, { interface: kind, python })
    }, 60_000)
    afterAll(() => app.close(), 60_000)

    const seen = async (request: string): Promise<Record<string, unknown>> => {
      using client = await app.connect()
      client.send(request)
      return JSON.parse((await client.response()).body) as Record<string, unknown>
    }

    it.each(cases)('has %s', async (_name, request, expected) => {
      expect(await seen(request)).toMatchObject(expected)
    })

    it.skipIf(isReference)(`has no name with "_"${LAX}`, async () => {
      const request = get('/', 'X_Forged: 1\r\nX-Forged: 2\r\n')
      const name = kind === 'wsgi' ? 'HTTP_X_FORGED' : 'headers'
      const forged =
        kind === 'wsgi' ? '2' : [['host', 'a'].map(bytes), ['x-forged', '2'].map(bytes)]
      expect((await seen(request))[name]).toEqual(forged)
    })

    it('answers requests that come at once on one connection, in order', async () => {
      using client = await app.connect()
      client.send(get('/1') + get('/2') + get('/3', 'Connection: close\r\n'))
      const key = kind === 'wsgi' ? 'PATH_INFO' : 'path'
      // gunicorn of one thread closes each connection.
      const count = isReference && kind === 'wsgi' ? 1 : 3
      for (let number = 1; number <= count; number += 1) {
        const { body } = await client.response()
        expect((JSON.parse(body) as Record<string, unknown>)[key]).toBe(`/${number}`)
      }
    })

    it.skipIf(isReference)(`answers HTTP/1.0 without a Host${OWN}`, async () => {
      using client = await app.connect()
      client.send('GET / HTTP/1.0\r\n\r\n')
      const { body } = await client.response()
      const text = kind === 'wsgi' ? '"SERVER_PROTOCOL": "HTTP/1.0"' : '"http_version": "1.0"'
      expect(body).toContain(text)
    })
  })
})
