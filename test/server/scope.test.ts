import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { BadRequestError } from '../../src/errors.ts'
import { httpScope, websocketScope } from '../../src/server/scope.ts'
import type { HeaderPairs, HttpScope } from '../../src/contract/events.ts'
import type { RequestHead } from '../../src/server/scope.ts'

type ScopeSettings = Parameters<typeof httpScope>[2]

const SETTINGS: ScopeSettings = {
  rootPath: '',
  rootPathMode: 'prepend',
  headerMap: 'drop',
  maxHeaderFields: 100,
}
const CONNECTION = new ServerExchangeContext(SILENT_LOG)
const HOST: [string, string] = ['host', 'example.org']

function headOf(parts: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    target: '/',
    httpVersion: '1.1',
    headers: [HOST],
    client: ['127.0.0.1', 5000],
    server: ['127.0.0.1', 8000],
    secure: false,
    ...parts,
  }
}

function scopeOf(
  parts: Partial<RequestHead> = {},
  settings: Partial<ScopeSettings> = {},
): HttpScope {
  return httpScope(headOf(parts), {}, { ...SETTINGS, ...settings }, CONNECTION)
}

function statusOf(make: () => unknown): number {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(BadRequestError)
    return (error as BadRequestError).status
  }
  return 200
}

describe('httpScope', () => {
  it('[3b.9] has every key of the contract', () => {
    const headers: HeaderPairs = [HOST, ['x', '1'], ['x', '2'], ['accept', 'caf\xe9']]
    const head = headOf({ method: 'POST', target: '/%E2%82%AC?a=%20', headers })
    expect(httpScope(head, { db: 1 }, SETTINGS, CONNECTION)).toEqual({
      type: 'http',
      asgi: { version: '3.0', specVersion: '2.5' },
      httpVersion: '1.1',
      method: 'POST',
      scheme: 'http',
      path: '/€',
      rawPath: '/%E2%82%AC',
      queryString: 'a=%20',
      rootPath: '',
      headers,
      client: ['127.0.0.1', 5000],
      server: ['127.0.0.1', 8000],
      state: { db: 1 },
      extensions: {
        'http.response.early_hint': {},
        'http.response.pathsend': {},
        'http.response.trailers': {},
      },
      'isthmus.exchange': CONNECTION,
    })
  })

  it('[3b.9] says https over TLS, and null where client or server are unknown', () => {
    const unknown = { secure: true, client: null, server: null }
    expect(scopeOf(unknown)).toMatchObject({ scheme: 'https', client: null, server: null })
    expect(scopeOf({ server: ['/run/app.sock', null] }).server).toEqual(['/run/app.sock', null])
  })

  it('[3b.64] copies the state shallowly', () => {
    const shared = { hits: 0 }
    const state = { shared }
    const scope = httpScope(headOf(), state, SETTINGS, CONNECTION)
    scope.state['own'] = true
    expect(state).toEqual({ shared })
    expect(scope.state['shared']).toBe(shared)
  })

  it('[3b.5] is fresh for every connection', () => {
    const head = headOf()
    const first = httpScope(head, {}, SETTINGS, CONNECTION)
    first.client?.fill('changed')
    first.server?.fill('changed')
    first.state['changed'] = true
    expect(httpScope(head, {}, SETTINGS, CONNECTION)).toMatchObject({
      client: ['127.0.0.1', 5000],
      server: ['127.0.0.1', 8000],
      state: {},
    })
    expect(head.client).toEqual(['127.0.0.1', 5000])
    expect(() => Object.assign(first.extensions, { x: {} })).toThrow(TypeError)
  })
})

describe('httpScope: the root path', () => {
  it('[3b.12] puts back what a proxy has stripped', () => {
    const scope = scopeOf({ target: '/a%20b' }, { rootPath: '/api' })
    expect(scope).toMatchObject({ path: '/api/a b', rawPath: '/a%20b', rootPath: '/api' })
  })

  it('[3b.12] verifies what a proxy passes on, on a segment boundary', () => {
    const settings = { rootPath: '/api', rootPathMode: 'verify' } as const
    for (const target of ['/api', '/api/', '/api/a', '/ap%69/a']) {
      expect(scopeOf({ target }, settings)).toMatchObject({ rawPath: target, rootPath: '/api' })
    }
    for (const target of ['/', '/apis', '/a/api', '/api%3F']) {
      expect(statusOf(() => scopeOf({ target }, settings))).toBe(404)
    }
  })

  it('[3a.13] leaves the asterisk alone', () => {
    for (const rootPathMode of ['prepend', 'verify'] as const) {
      const settings = { rootPath: '/api', rootPathMode }
      expect(scopeOf({ method: 'OPTIONS', target: '*' }, settings).path).toBe('*')
    }
  })
})

describe('httpScope: headers', () => {
  it('[3a.15] drops, refuses or keeps names with an underscore', () => {
    const headers: HeaderPairs = [HOST, ['content_length', '9'], ['x-a', '1']]
    expect(scopeOf({ headers }).headers).toEqual([HOST, ['x-a', '1']])
    expect(statusOf(() => scopeOf({ headers }, { headerMap: 'refuse' }))).toBe(400)
    expect(scopeOf({ headers }, { headerMap: 'dangerous' }).headers).toEqual(headers)
  })

  it('[3a.16] takes as many fields as the limit, and answers one more with 431', () => {
    const headers: HeaderPairs = [HOST, ['x', '1'], ['x', '2']]
    expect(scopeOf({ headers }, { maxHeaderFields: 3 }).headers.length).toBe(3)
    expect(statusOf(() => scopeOf({ headers }, { maxHeaderFields: 2 }))).toBe(431)
  })

  it('wants exactly one Host of HTTP/1.1, and none of HTTP/1.0', () => {
    expect(statusOf(() => scopeOf({ headers: [] }))).toBe(400)
    expect(scopeOf({ headers: [], httpVersion: '1.0' }).headers).toEqual([])
    for (const httpVersion of ['1.0', '1.1'] as const) {
      expect(statusOf(() => scopeOf({ headers: [HOST, HOST], httpVersion }))).toBe(400)
    }
  })

  it('takes a Host of any form that an authority has, be it empty', () => {
    const hosts = [
      '',
      'a',
      'a.b:80',
      'a_b',
      '[::1]',
      '[::1]:80',
      '127.0.0.1:',
      'a%20b',
      "!$&'()*+,;=",
    ]
    for (const host of hosts) {
      expect(scopeOf({ headers: [['host', host]] }).headers).toEqual([['host', host]])
    }
  })

  it('refuses a Host that could be taken for more than a host', () => {
    const hosts = ['a b', 'a/b', 'a@b', 'a?b', 'a#b', 'a\\b', '[::1', '::1', 'a:b', 'a:80:80', 'é']
    for (const host of hosts) {
      expect(statusOf(() => scopeOf({ headers: [['host', host]] }))).toBe(400)
    }
  })

  it('replaces Host by the authority of an absolute target', () => {
    const target = 'http://other.org:81/a'
    expect(scopeOf({ target }).headers).toEqual([['host', 'other.org:81']])
    expect(statusOf(() => scopeOf({ target, headers: [] }))).toBe(400)
    expect(statusOf(() => scopeOf({ target: 'http://a\\b/' }))).toBe(400)
  })

  it('gives an HTTP/1.0 request without Host the authority of its absolute target', () => {
    const scope = scopeOf({ target: 'http://other.org/a', headers: [], httpVersion: '1.0' })
    expect(scope.headers).toEqual([['host', 'other.org']])
  })
})

describe('websocketScope', () => {
  it('[3b.40] is the scope of HTTP without a method, with subprotocols', () => {
    const handshake = httpScope(headOf({ target: '/a' }), { db: 1 }, SETTINGS, CONNECTION)
    const scope = websocketScope(handshake, ['chat'])
    expect(scope).toMatchObject({
      type: 'websocket',
      scheme: 'ws',
      path: '/a',
      subprotocols: ['chat'],
      state: { db: 1 },
      extensions: { 'websocket.http.response': {} },
    })
    expect(scope).not.toHaveProperty('method')
    expect(scope.extensions).not.toHaveProperty('http.response.pathsend')
    expect(websocketScope(scopeOf({ secure: true }), []).scheme).toBe('wss')
  })

  it('leaves the fields of the handshake to who looks at them again', () => {
    const handshake = scopeOf()
    websocketScope(handshake, []).headers.length = 0
    expect(handshake.headers).toEqual([HOST])
  })
})
