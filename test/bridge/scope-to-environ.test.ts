import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { scopeToEnviron } from '../../src/bridge/scope-to-environ.ts'
import { environToScope } from '../../src/bridge/environ-to-scope.ts'
import { BadRequestError } from '../../src/errors.ts'
import { EMPTY_INPUT } from '../../src/sync/input.ts'
import { httpScope } from './host.ts'
import type { Environ } from '../../src/contract/environ.ts'
import type { HeaderPairs, HttpScope } from '../../src/contract/events.ts'

function environOf(parts: Partial<HttpScope> = {}): Environ {
  return scopeToEnviron(httpScope(parts), EMPTY_INPUT)
}

function withHeaders(...headers: HeaderPairs): Environ {
  return environOf({ headers })
}

describe('scopeToEnviron', () => {
  it('[3a.7] [3a.18] always has the keys of PEP 3333', () => {
    expect(environOf()).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/',
      QUERY_STRING: '',
      REQUEST_URI: '/',
      SERVER_NAME: 'localhost',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.1',
      'wsgi.version': [1, 0],
      'wsgi.url_scheme': 'http',
      'wsgi.input': EMPTY_INPUT,
      'wsgi.input_terminated': true,
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
    })
    expect(environOf()['wsgi.errors']).toHaveProperty('write')
    expect(environOf()['wsgi.file_wrapper']).toBeTypeOf('function')
  })

  it('[3a.2] is mutable, and no other request sees the changes of an app', () => {
    const environ = environOf()
    environ.PATH_INFO = '/x'
    environ['isthmus.responseFinished']?.push(() => undefined)
    environ['mine'] = 1
    delete environ['wsgi.version' as string]
    const next = environOf()
    expect(next.PATH_INFO).toBe('/')
    expect(next['isthmus.responseFinished']).toEqual([])
    expect(next['mine']).toBeUndefined()
    expect(next['wsgi.version']).toEqual([1, 0])
  })

  it('[3a.8] takes CONTENT_TYPE and CONTENT_LENGTH from their headers, and from nowhere else', () => {
    const environ = withHeaders(['content-type', 'text/plain'], ['content-length', '3'])
    expect(environ).toMatchObject({ CONTENT_TYPE: 'text/plain', CONTENT_LENGTH: '3' })
    expect(Object.keys(environ).filter((key) => key.startsWith('HTTP_'))).toEqual([])
    expect(environOf()).not.toHaveProperty('CONTENT_TYPE')
    expect(environOf()).not.toHaveProperty('CONTENT_LENGTH')
  })

  it('[3a.9] keeps a UTF-8 path as text and a latin-1 header as on the wire', () => {
    const headers: HeaderPairs = [['x-name', 'caf\xe9']]
    const environ = environOf({ path: '/€', rawPath: '/%E2%82%AC', headers })
    expect(environ).toMatchObject({ PATH_INFO: '/€', HTTP_X_NAME: 'caf\xe9' })
  })

  it('[3a.12] has the raw target in REQUEST_URI', () => {
    const scope = { path: '/a/b', rawPath: '/a%2Fb', queryString: 'q=%20' }
    expect(environOf(scope)).toMatchObject({
      PATH_INFO: '/a/b',
      QUERY_STRING: 'q=%20',
      REQUEST_URI: '/a%2Fb?q=%20',
    })
  })

  it('[3a.13] has an asterisk as PATH_INFO, also under a root path', () => {
    const asterisk = { method: 'OPTIONS', path: '*', rawPath: '*' }
    expect(environOf(asterisk)).toMatchObject({ SCRIPT_NAME: '', PATH_INFO: '*' })
    expect(environOf({ ...asterisk, rootPath: '/a' }).PATH_INFO).toBe('*')
  })

  it('[3a.14] splits the path at the root path, and the parts join to it again', () => {
    for (const [path, rest] of [
      ['/a/b', '/b'],
      ['/a/', '/'],
      ['/a', ''],
    ] as const) {
      const environ = environOf({ path, rootPath: '/a' })
      expect(environ).toMatchObject({ SCRIPT_NAME: '/a', PATH_INFO: rest })
    }
  })

  it('[3c.5] answers 404 to a path that is not under the root path, on a segment boundary', () => {
    for (const path of ['/ab', '/', '/b/a', '/a%2Fb', '']) {
      const refused = (): Environ => environOf({ path, rootPath: '/a' })
      expect(refused).toThrow(new BadRequestError('the path is not under the root path "/a"', 404))
    }
  })

  it('[3a.15] joins repeated headers with a comma, and cookies with a semicolon', () => {
    const environ = withHeaders(
      ['accept', 'a'],
      ['cookie', 'x=1'],
      ['accept', 'b, c'],
      ['cookie', 'y=2'],
      ['accept', ''],
    )
    expect(environ).toMatchObject({ HTTP_ACCEPT: 'a,b, c,', HTTP_COOKIE: 'x=1; y=2' })
  })

  it('[3a.15] keeps every header name inside of HTTP_', () => {
    const environ = withHeaders(['__proto__', 'a'], ['constructor', 'b'], ['wsgi.input', 'c'])
    expect(environ).toMatchObject({ HTTP___PROTO__: 'a', HTTP_CONSTRUCTOR: 'b' })
    expect(environ['wsgi.input']).toBe(EMPTY_INPUT)
    expect(Object.getPrototypeOf(environ)).toBe(Object.prototype)
  })

  it('[3a.16] joins many values in linear time', () => {
    const headers: HeaderPairs = Array.from({ length: 50_000 }, () => ['x', 'y'])
    expect(environOf({ headers })['HTTP_X']).toBe('y,'.repeat(50_000).slice(0, -1))
  })

  it('[3a.17] has no CONTENT_LENGTH for a chunked body, even if the head has one', () => {
    const environ = withHeaders(['content-length', '3'], ['transfer-encoding', 'chunked'])
    expect(environ).not.toHaveProperty('CONTENT_LENGTH')
    expect(environ['wsgi.input_terminated']).toBe(true)
  })

  it('[3a.19] omits unknown facts', () => {
    expect(environOf()).not.toHaveProperty('REMOTE_ADDR')
    expect(environOf()).not.toHaveProperty('REMOTE_PORT')
    expect(Object.values(environOf())).not.toContain(null)
  })

  it('[3a.20] has the strings of the operator', () => {
    const connection = new ServerExchangeContext(SILENT_LOG, {
      environ: { SITE: 'a' },
      maxInlineBodyBytes: 1,
      inlineThreads: false,
    })
    expect(environOf({ 'isthmus.exchange': connection })['SITE']).toBe('a')
  })

  it('[3c.1] takes server and client from the connection', () => {
    const environ = environOf({
      scheme: 'https',
      httpVersion: '1.0',
      server: ['10.0.0.1', 8443],
      client: ['::1', 5000],
      headers: [['host', 'example.org:1']],
    })
    expect(environ).toMatchObject({
      SERVER_NAME: '10.0.0.1',
      SERVER_PORT: '8443',
      SERVER_PROTOCOL: 'HTTP/1.0',
      REMOTE_ADDR: '::1',
      REMOTE_PORT: '5000',
      'wsgi.url_scheme': 'https',
    })
  })

  it('[3c.1] takes the server of a unix socket from Host, or names the socket', () => {
    const named = (host?: string): string[] => {
      const headers: HeaderPairs = host === undefined ? [] : [['host', host]]
      const environ = environOf({ server: ['/run/app.sock', null], headers })
      return [environ.SERVER_NAME, environ.SERVER_PORT]
    }
    expect(named('example.org')).toEqual(['example.org', '80'])
    expect(named('example.org:81')).toEqual(['example.org', '81'])
    expect(named('[::1]:81')).toEqual(['[::1]', '81'])
    expect(named('[::1]')).toEqual(['[::1]', '80'])
    expect(named('')).toEqual(['/run/app.sock', '80'])
    expect(named()).toEqual(['/run/app.sock', '80'])
  })

  it('[3c.1] uses the port of https if the server is unknown', () => {
    expect(environOf({ scheme: 'https' }).SERVER_PORT).toBe('443')
  })

  it('[3a.69] makes the signal only on demand, and lets middleware replace it', () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    const environ = environOf({ 'isthmus.exchange': connection })
    expect(connection.watched).toBe(false)
    expect(environ['isthmus.signal']).toBe(connection.signal)
    const { signal } = new AbortController()
    environ['isthmus.signal'] = signal
    expect(environ['isthmus.signal']).toBe(signal)
    expect(environOf()['isthmus.signal']).toBeUndefined()
  })

  it('[3c.4] keeps the scope', () => {
    const scope = httpScope({ state: { db: 1 } })
    const environ = scopeToEnviron(scope, EMPTY_INPUT)
    expect(environ['isthmus.scope']).toBe(scope)
    expect(environ['isthmus.state']).toBe(scope.state)
  })
})

describe('environToScope', () => {
  const environ = environOf({ path: '/a/€', rawPath: '/a/%E2%82%AC', rootPath: '/a' })

  it('[3c.4] keeps the environ and the exchange context', () => {
    const connection = new ServerExchangeContext(SILENT_LOG)
    const environ = environOf({ 'isthmus.exchange': connection })
    const scope = environToScope(environ)
    expect(scope['isthmus.environ']).toBe(environ)
    expect(scope['isthmus.exchange']).toBe(connection)
    const foreign: Environ = { ...environ, 'isthmus.scope': undefined }
    expect(environToScope(foreign)).not.toHaveProperty('isthmus.exchange')
  })

  it('[3c.21] offers no extension', () => {
    const offered = { 'http.response.pathsend': {}, 'http.response.trailers': {} }
    expect(environToScope(environOf({ extensions: offered })).extensions).toEqual({})
  })

  it('[3c.2] has the path as text, and the raw path from REQUEST_URI', () => {
    const scope = { path: '/a/€', rawPath: '/a/%E2%82%AC', rootPath: '/a' }
    expect(environToScope(environ)).toMatchObject(scope)
  })

  it('[3c.2] makes a raw path from any text if REQUEST_URI is missing', () => {
    const rawPathOf = (PATH_INFO: string): string =>
      environToScope({ ...environ, PATH_INFO, REQUEST_URI: undefined }).rawPath
    expect(rawPathOf('/€ b')).toBe('/a/%E2%82%AC%20b')
    expect(rawPathOf('/50%')).toBe('/a/50%25')
    expect(rawPathOf('/a?b#c')).toBe('/a/a%3Fb%23c')
    expect(rawPathOf('/\ud800')).toBe('/a/%EF%BF%BD')
  })

  it('[3c.3] names headers in lower case with hyphens, and skips keys that are not headers', () => {
    const scope = environToScope({
      ...environOf({ headers: [['x-forwarded-for', '1']] }),
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '3',
      HTTP_CONTENT_TYPE: 'text/evil',
      HTTP_CONTENT_LENGTH: '99',
      HTTP_NUMBER: 7 as never,
      SITE: 'a',
    })
    const headers = Object.fromEntries(scope.headers)
    expect(scope.headers.length).toBe(3)
    expect(headers).toEqual({
      'content-length': '3',
      'content-type': 'text/plain',
      'x-forwarded-for': '1',
    })
  })

  it('[3a.8] treats an empty CONTENT_TYPE or CONTENT_LENGTH as an absent header', () => {
    const empty = { ...environOf(), CONTENT_TYPE: '', CONTENT_LENGTH: '', HTTP_X: '' }
    expect(environToScope(empty).headers).toEqual([['x', '']])
  })

  it('[3c.3] has ports as numbers, and no client if it is unknown', () => {
    const known = { ...environ, REMOTE_ADDR: '::1', REMOTE_PORT: '5000', SERVER_PORT: '81' }
    expect(environToScope(known)).toMatchObject({
      client: ['::1', 5000],
      server: ['localhost', 81],
    })
    expect(environToScope(environ).client).toBeNull()
    const addressOnly = { ...environ, REMOTE_ADDR: '::1', REMOTE_PORT: '' }
    expect(environToScope(addressOnly).client).toEqual(['::1', 0])
  })
})
