import { describe, expect, it } from 'vitest'
import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { BadRequestError } from '../../src/errors.ts'
import { checkedHead } from '../../src/server/checked-head.ts'
import { httpScope, websocketScope } from '../../src/server/scope.ts'
import type { HeaderPairs, HttpScope } from '../../src/contract/events.ts'
import type { Endpoints, RequestHead } from '../../src/http/request-head.ts'
import type { ReadHead } from '../../src/server/checked-head.ts'

type ScopeSettings = Parameters<typeof httpScope>[2]
type Parts = Partial<ReadHead & Endpoints>

const SETTINGS: ScopeSettings = {
  rootPath: '',
  rootPathMode: 'prepend',
  headerMap: 'drop',
  channels: null,
}
const CONTEXT = new ServerExchangeContext(SILENT_LOG)
const HOST: [string, string] = ['host', 'example.org']

function headOf(parts: Parts = {}): RequestHead {
  const {
    client = ['127.0.0.1', 5000],
    server = ['127.0.0.1', 8000],
    secure = false,
    tls = null,
  } = parts
  const head = checkedHead(
    {
      method: 'GET',
      target: '/',
      httpVersion: '1.1',
      headers: [HOST],
      expectsContinue: false,
      ends: { client, server, secure, tls },
      ...parts,
    },
    100,
  )
  expect(head.fault).toBeNull()
  return head
}

function scopeOf(parts: Parts = {}, settings: Partial<ScopeSettings> = {}): HttpScope {
  return httpScope(headOf(parts), {}, { ...SETTINGS, ...settings }, CONTEXT)
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
    expect(httpScope(head, { db: 1 }, SETTINGS, CONTEXT)).toEqual({
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
      'isthmus.exchange': CONTEXT,
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
    const scope = httpScope(headOf(), state, SETTINGS, CONTEXT)
    scope.state['own'] = true
    expect(state).toEqual({ shared })
    expect(scope.state['shared']).toBe(shared)
  })

  it('[3b.5] is fresh for every request', () => {
    const head = headOf()
    const first = httpScope(head, {}, SETTINGS, CONTEXT)
    first.client?.fill('changed')
    first.server?.fill('changed')
    first.state['changed'] = true
    expect(httpScope(head, {}, SETTINGS, CONTEXT)).toMatchObject({
      client: ['127.0.0.1', 5000],
      server: ['127.0.0.1', 8000],
      state: {},
    })
    expect(head.ends.client).toEqual(['127.0.0.1', 5000])
    expect(() => Object.assign(first.extensions, { x: {} })).toThrow(TypeError)
  })
})

describe('httpScope: the root path', () => {
  it('[3b.12] puts back the prefix that a proxy has stripped', () => {
    const scope = scopeOf({ target: '/a%20b' }, { rootPath: '/api' })
    expect(scope).toMatchObject({ path: '/api/a b', rawPath: '/a%20b', rootPath: '/api' })
  })

  it('[3b.12] verifies the prefix that a proxy passes on, on a segment boundary', () => {
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

  it('replaces Host by the authority of an absolute target', () => {
    const target = 'http://other.org:81/a'
    expect(scopeOf({ target }).headers).toEqual([['host', 'other.org:81']])
  })

  it('gives an HTTP/1.0 request without Host the authority of its absolute target', () => {
    const scope = scopeOf({ target: 'http://other.org/a', headers: [], httpVersion: '1.0' })
    expect(scope.headers).toEqual([['host', 'other.org']])
  })
})

describe('websocketScope', () => {
  it('[3b.40] is the scope of HTTP without a method, with subprotocols', () => {
    const handshake = httpScope(headOf({ target: '/a' }), { db: 1 }, SETTINGS, CONTEXT)
    const scope = websocketScope(handshake, ['chat'])
    expect(scope).toMatchObject({
      type: 'websocket',
      scheme: 'ws',
      path: '/a',
      subprotocols: ['chat'],
      state: { db: 1 },
      extensions: { 'websocket.http.response': {} },
    })
    const { method: _method, ...others } = handshake
    expect(Object.keys(scope).toSorted()).toEqual(
      [...Object.keys(others), 'subprotocols'].toSorted(),
    )
    expect(scope.extensions).not.toHaveProperty('http.response.pathsend')
    expect(websocketScope(scopeOf({ secure: true }), []).scheme).toBe('wss')
  })

  it('leaves the fields of the handshake unchanged when an app changes its own', () => {
    const handshake = scopeOf()
    websocketScope(handshake, []).headers.length = 0
    expect(handshake.headers).toEqual([HOST])
  })
})
