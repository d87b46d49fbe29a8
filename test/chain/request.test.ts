// The request that a middleware reads and changes: the same members for a scope and for an environ.

import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { InvalidHeaderError } from '../../src/errors.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { ResponseHeaders } from '../../src/chain/header-list.ts'
import { respond } from '../../src/chain/response.ts'
import { httpScope } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { answerOf, appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { Environ } from '../../src/contract/environ.ts'
import type { HttpScope, Scope } from '../../src/contract/events.ts'
import type { ChainRequest, RequestChanges } from '../../src/chain/request.ts'

/** The members of a request that a middleware reads. */
function readings(request: ChainRequest) {
  const { kind, method, scheme, path, rawPath, rootPath, queryString, client, headers } = request
  return {
    kind,
    method,
    scheme,
    path,
    rawPath,
    rootPath,
    queryString,
    client,
    cookie: headers.get('Cookie'),
    accept: headers.get('accept'),
    missing: [headers.get('x-missing'), headers.has('x-missing'), headers.getAll('x-missing')],
    type: [headers.get('content-type'), headers.has('content-length')],
    names: [...headers].map(([name]) => name).toSorted(),
  }
}

const changing = (changes: RequestChanges) =>
  middleware('changing', function* (request, next) {
    return yield* next(request.with(changes))
  })

/** Apps of each style that show their scope or environ to `see`. */
const apps: Record<'sync' | 'iterable' | 'events', (see: (seen: unknown) => void) => App> = {
  sync: (see) =>
    sync((environ, startResponse) => {
      see(environ)
      startResponse('200 OK', [])
      return []
    }),
  iterable: (see) =>
    iterable(async function* (environ, startResponse) {
      see(environ)
      startResponse('200 OK', [])
      yield ''
    }),
  events: (see) =>
    events(async (scope, _receive, send) => {
      see(scope)
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body' })
    }),
}

async function insideOf(changes: RequestChanges, style: keyof typeof apps): Promise<unknown> {
  let seen: unknown
  await using client = await clientOf(changing(changes)(apps[style]((value) => (seen = value))), {
    rootPath: '/api',
  })
  await client.get('/items?a=1', { headers: [['x-old', '1']] })
  return seen
}

describe('a request', () => {
  it.each(STYLES)('reads the same around a %s app', async (style) => {
    let seen: unknown
    const reading = middleware('reading', function* (request, next) {
      seen = readings(request)
      return yield* next(request)
    })
    await using client = await clientOf(reading(appOf(style)), { rootPath: '/api', secure: true })
    const headers: Array<[string, string]> = [
      ['cookie', 'a=1'],
      ['accept', 'text/html'],
      ['cookie', 'b=2'],
      ['accept', '*/*'],
    ]
    await client.get('/caf%C3%A9?a=%20', { headers })
    expect(seen).toMatchObject({
      kind: 'http',
      method: 'GET',
      scheme: 'https',
      path: '/api/café',
      rawPath: '/caf%C3%A9',
      rootPath: '/api',
      queryString: 'a=%20',
      client: ['127.0.0.1', 49_152],
      cookie: 'a=1; b=2',
      accept: 'text/html,*/*',
      missing: [undefined, false, []],
      type: [undefined, false],
    })
    expect((seen as { names: string[] }).names).toEqual(expect.arrayContaining(['accept', 'host']))
  })

  it('has the scope, or else the environ, and the state that the app finds', async () => {
    const seen: unknown[] = []
    const putting = middleware('putting', function* (request, next) {
      seen.push([request.scope?.type, request.environ?.REQUEST_METHOD])
      request.state['user'] = 'ada'
      return yield* next(request)
    })
    for (const style of ['sync', 'iterable', 'events'] as const) {
      const see = (value: unknown): void => {
        const { state } = value as Scope
        seen.push((state ?? (value as Environ)['isthmus.state'])?.['user'])
      }
      await answerOf(putting(apps[style](see)))
    }
    expect(seen).toEqual([
      [undefined, 'GET'],
      'ada',
      ['http', undefined],
      'ada',
      ['http', undefined],
      'ada',
    ])
  })

  it('without a client, a state or a log has none', () => {
    const seen: unknown[] = []
    const reading = middleware('reading', function* (request, next) {
      seen.push(request.client, request.state, request.log)
      return yield* next(request)
    })
    const app = chain(reading)(sync(() => []))
    expect(() => app(makeEnviron(), () => () => undefined)).toThrow(/startResponse was not called/)
    expect(seen).toEqual([null, {}, undefined])
  })
})

describe('request.with()', () => {
  const changes: RequestChanges = {
    method: 'PUT',
    scheme: 'https',
    path: '/api/other',
    queryString: 'b=2',
    client: ['10.0.0.1', 7],
    headers: { 'X-Id': '42', 'x-old': null, host: 'example.org' },
    state: { id: 42 },
  }

  it('shows an event app the changes', async () => {
    const scope = (await insideOf(changes, 'events')) as HttpScope
    expect(scope).toMatchObject({
      method: 'PUT',
      scheme: 'https',
      path: '/api/other',
      rawPath: '/items',
      rootPath: '/api',
      queryString: 'b=2',
      client: ['10.0.0.1', 7],
      state: { id: 42 },
    })
    expect(scope.headers).toEqual(
      expect.arrayContaining([
        ['x-id', '42'],
        ['host', 'example.org'],
      ]),
    )
    expect(scope.headers.filter(([name]) => /^(host|x-old)$/.test(name))).toHaveLength(1)
  })

  it.each(['sync', 'iterable'] as const)('shows a %s app the changes', async (style) => {
    const environ = (await insideOf(changes, style)) as Environ
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'PUT',
      SCRIPT_NAME: '/api',
      PATH_INFO: '/other',
      QUERY_STRING: 'b=2',
      REMOTE_ADDR: '10.0.0.1',
      REMOTE_PORT: '7',
      HTTP_X_ID: '42',
      HTTP_HOST: 'example.org',
      'wsgi.url_scheme': 'https',
      'isthmus.state': { id: 42 },
    })
    expect(environ).not.toHaveProperty('HTTP_X_OLD')
  })

  it('[3b.5] does not change the outer scope and environ', async () => {
    const app = changing(changes)
    const scope = httpScope({ headers: [['x-old', '1']] })
    const before = structuredClone(scope)
    const inner = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body' })
    })
    await app(inner)(scope, (() => undefined) as never, async () => {})
    expect(scope).toEqual(before)

    const environ = makeEnviron({ HTTP_X_OLD: '1', REMOTE_ADDR: '1.1.1.1' })
    const kept = { ...environ }
    chain(app)(
      sync((_environ, startResponse) => {
        startResponse('200 OK', [])
        return []
      }),
    )(environ, () => () => undefined)
    expect({ ...environ, 'isthmus.state': undefined }).toEqual({
      ...kept,
      'isthmus.state': undefined,
    })
  })

  it('does not make a signal before the app reads it', async () => {
    let made = 0
    const environ = Object.defineProperty(makeEnviron(), 'isthmus.signal', {
      enumerable: true,
      configurable: true,
      get: () => {
        made += 1
        return 'the signal'
      },
    })
    let seen: unknown
    const app = sync((inner, startResponse) => {
      seen = [made, inner['isthmus.signal'], made]
      startResponse('200 OK', [])
      return []
    })
    changing({ state: {} })(app)(environ, () => () => undefined)
    expect(seen).toEqual([0, 'the signal', 1])
  })

  it('removes the client with null, and moves the root', async () => {
    const moved: RequestChanges = { client: null, rootPath: '/api/items', path: '/api/items' }
    const environ = (await insideOf(moved, 'sync')) as Environ
    expect(environ).toMatchObject({ SCRIPT_NAME: '/api/items', PATH_INFO: '' })
    expect(environ).not.toHaveProperty('REMOTE_ADDR')
    expect(await insideOf(moved, 'events')).toMatchObject({ client: null, rootPath: '/api/items' })
  })

  it('translates http and https to ws and wss for a WebSocket', async () => {
    const schemes: unknown[] = []
    const app = events(async (scope, receive, send) => {
      schemes.push((scope as HttpScope).scheme)
      await receive()
      await send({ type: 'websocket.accept' })
    })
    for (const scheme of ['https', 'http', 'wss', 'ws'] as const) {
      await using client = await clientOf(changing({ scheme })(app))
      await using session = await client.websocket('/')
      await session.closed
    }
    expect(schemes).toEqual(['wss', 'ws', 'wss', 'ws'])
  })

  it.each(STYLES)('refuses an invalid header, around a %s app', async (style) => {
    let thrown: unknown
    const breaking = middleware('breaking', function* (request, next) {
      try {
        request.with({ headers: { 'x-a': 'b\r\nc: d' } })
      } catch (error) {
        thrown = error
      }
      return yield* next(request)
    })
    await answerOf(breaking(appOf(style)))
    expect(thrown).toBeInstanceOf(InvalidHeaderError)
  })
})

describe('the headers of a response', () => {
  const list = (): ResponseHeaders =>
    new ResponseHeaders([
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ])

  it('have these members, and no others that a middleware could use', () => {
    const members = Object.getOwnPropertyNames(ResponseHeaders.prototype)
    const own = ['constructor', 'get', 'getAll', 'has', 'set', 'append', 'delete']
    expect(members.toSorted()).toEqual(own.toSorted())
    expect(Object.keys(list())).toEqual([])
  })

  it('are read by names in any case', () => {
    const headers = list()
    expect([headers.get('A'), headers.get('c')]).toEqual(['1', undefined])
    expect([headers.getAll('A'), headers.getAll('c')]).toEqual([['1', '3'], []])
    expect([headers.has('B'), headers.has('c')]).toEqual([true, false])
    expect([...headers].map(([name]) => name)).toEqual(['a', 'b', 'a'])
  })

  it('are set in their place, appended at the end, and deleted all at once', () => {
    const headers = list()
    headers.set('A', 'x')
    headers.set('c', 'y')
    headers.append('B', 'z')
    expect([...headers]).toEqual([
      ['a', 'x'],
      ['b', '2'],
      ['c', 'y'],
      ['b', 'z'],
    ])
    headers.delete('B')
    expect([...headers]).toEqual([
      ['a', 'x'],
      ['c', 'y'],
    ])
  })

  it('know whether anything was changed', () => {
    const headers = list()
    headers.delete('missing')
    expect(ResponseHeaders.isChanged(headers)).toBe(false)
    headers.delete('a')
    expect(ResponseHeaders.isChanged(headers)).toBe(true)
  })

  it('refuse an invalid name, value or status', () => {
    const headers = list()
    expect(() => headers.set('a b', 'c')).toThrow(InvalidHeaderError)
    expect(() => headers.append('a', 'b\nc')).toThrow(InvalidHeaderError)
    expect(() => respond(200, [['a b', 'c']])).toThrow(InvalidHeaderError)
    expect(() => respond(101)).toThrow(/an integer from 200 to 599, got 101/)
  })
})
