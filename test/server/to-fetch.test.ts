// An app of any style as a handler of the Fetch API.

import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import { mount as honoMount } from 'hono/mount'
import { describe, expect, it } from 'vitest'
import { chain, ConnectionCutError, iterable, mount, sync, UnsupportedScopeError } from 'isthmus'
import { accessLog, timeout } from 'isthmus/middleware'
import { fromFetch, toFetch } from 'isthmus/adapters'
import { testClient } from 'isthmus/testing'
import { recordingLog } from '../bridge/host.ts'
import { answer, httpApp, readAll, soon } from '../raw/served.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import type { EventApp, HostedApp, HttpScope, ResponseEnd, Send } from 'isthmus'
import type { ToFetchOptions } from 'isthmus/adapters'

const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))
const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
const target = httpApp((scope, _receive, send) =>
  answer(send, `${scope.rootPath}|${scope.path}?${scope.queryString}`),
)
const URL_OF_A = 'http://a.test'

function ask(
  app: HostedApp,
  path: string,
  init?: RequestInit,
  options?: ToFetchOptions,
): Promise<Response> {
  const handler = toFetch(app, { log: null, lifespan: 'off', ...options })
  return handler(new Request(URL_OF_A + path, init))
}

async function start(send: Send, status: number, headers: Array<[string, string]> = []) {
  await send({ type: 'http.response.start', status, headers })
}

/** A body that comes in these parts. */
function streamOf(...parts: string[]): ReadableStream<Uint8Array> {
  const waiting = parts.map((part) => new TextEncoder().encode(part))
  return new ReadableStream({
    pull(controller) {
      const part = waiting.shift()
      if (part) controller.enqueue(part)
      else controller.close()
    },
  })
}

describe('toFetch()', () => {
  it.each<[string, HostedApp]>([
    [
      'a sync app',
      sync((environ, startResponse) => {
        startResponse('200 OK', [])
        return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}?${environ.QUERY_STRING}`]
      }),
    ],
    [
      'an iterable app',
      iterable(async function* (environ, startResponse) {
        startResponse('200 OK', [])
        yield `${environ.SCRIPT_NAME}|${environ.PATH_INFO}?${environ.QUERY_STRING}`
      }),
    ],
    ['an event app', target],
    ['a chain', chain(timeout())(target)],
    ['a mount table', { '/none': hello, '/': target }],
  ])('serves %s', async (_name, app) => {
    const response = await ask(app, '/a%20b?c=%20')
    expect([response.status, await response.text()]).toEqual([200, '|/a b?c=%20'])
  })

  it('refuses an unknown option, an impossible value, and a value that is no app', () => {
    const options = (given: object) => () => toFetch(hello, given)
    expect(options({ websocket: {} })).toThrow('toFetch(): unknown option "websocket"')
    expect(options({ maxBodyBytes: 0 })).toThrow('toFetch(): option "maxBodyBytes" cannot be 0')
    expect(options({ errors: 'next' })).toThrow('it is answer or pass')
    expect(() => toFetch(7 as unknown as HostedApp)).toThrow('an app is a function')
  })

  it('says the remedy if it is taken for an event app', async () => {
    const handler = toFetch(hello, { log: null }) as unknown as EventApp
    await using client = await testClient(handler, { lifespan: 'off' })
    await expect(client.get('/')).rejects.toThrow('pass the app itself to serve()')
  })

  it('gives the app a scope without a client, with Host and the framing of the body', async () => {
    let scope: HttpScope | undefined
    const app = httpApp(async (given, receive, send) => {
      scope = given
      await answer(send, await readAll(receive))
    })
    await ask(app, '/%C3%A9?q', { method: 'PUT', body: 'abc', headers: { 'x-a': '1' } })
    expect(scope).toMatchObject({
      type: 'http',
      method: 'PUT',
      scheme: 'http',
      path: '/\xe9',
      rawPath: '/%C3%A9',
      queryString: 'q',
      rootPath: '',
      client: null,
      server: null,
      headers: [
        ['host', 'a.test'],
        ['content-type', 'text/plain;charset=UTF-8'],
        ['x-a', '1'],
        ['transfer-encoding', 'chunked'],
      ],
    })
    await toFetch(app, { log: null, lifespan: 'off', rootPath: '/api' })(
      new Request('https://b.test:8443/x', { headers: { host: 'c.test' } }),
    )
    expect(scope).toMatchObject({ scheme: 'https', path: '/api/x', rootPath: '/api' })
    expect(scope?.headers).toEqual([['host', 'c.test']])
  })
})

describe('the response of toFetch()', () => {
  it('has each Set-Cookie by itself, and no field of the connection', async () => {
    const response = await ask(
      httpApp(async (_scope, _receive, send) => {
        await start(send, 418, [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['x-name', 'Zo\xeb'],
          ['connection', 'close'],
        ])
        await send({ type: 'http.response.body', body: 'text' })
      }),
      '/',
    )
    expect(response.status).toBe(418)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect([...response.headers.keys()].toSorted()).toEqual([
      'content-length',
      'set-cookie',
      'set-cookie',
      'x-name',
    ])
    expect(response.headers.get('x-name')).toBe('Zo\xeb')
    expect(await response.text()).toBe('text')
  })

  it.each([204, 205, 304])('has no body with status %i', async (status) => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, status, [['etag', '"x"']])
      await send({ type: 'http.response.body', body: '', moreBody: true })
      await send({ type: 'http.response.body', body: '' })
    })
    const response = await ask(app, '/')
    expect([response.status, response.body, response.headers.get('etag')]).toEqual([
      status,
      null,
      '"x"',
    ])
  })

  it('has no body to HEAD, and the length of the app', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [['content-length', '7']])
      await send({ type: 'http.response.body', body: 'content' })
    })
    const response = await ask(app, '/', { method: 'HEAD' })
    expect([response.body, response.headers.get('content-length')]).toEqual([null, '7'])
  })

  it('rejects for a status that a Response cannot have', async () => {
    const app = httpApp((_scope, _receive, send) =>
      start(send, 700).then(() => send({ type: 'http.response.body', body: 'x' })),
    )
    await expect(ask(app, '/')).rejects.toThrow(RangeError)
  })

  it('streams: the app makes a part when the reader asks for it', async () => {
    let made = 0
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200)
      for (; made < 3; made += 1)
        await send({ type: 'http.response.body', body: `part ${made}`, moreBody: true })
      await send({ type: 'http.response.body' })
    })
    const response = await ask(app, '/')
    await sleep(20)
    expect(made).toBe(0)
    const reader = response.body?.getReader()
    const parts: unknown[] = []
    for (;;) {
      const part = await reader?.read()
      if (!part || part.done) break
      parts.push([Buffer.from(part.value).toString(), made])
    }
    expect(parts.map((part) => (part as unknown[])[0])).toEqual(['part 0', 'part 1', 'part 2'])
    expect(parts.every((part, at) => ((part as unknown[])[1] as number) <= at + 1)).toBe(true)
  })

  it('takes several reads at once', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200)
      for (const body of ['a', 'b', 'c'])
        await send({ type: 'http.response.body', body, moreBody: true })
      await send({ type: 'http.response.body' })
    })
    const reader = (await ask(app, '/')).body?.getReader()
    const reads = await soon(
      Promise.all([1, 2, 3, 4].map(async () => await reader?.read())),
      'the end of the reads',
    )
    expect(reads.map((read) => read?.done)).toEqual([false, false, false, true])
  })

  it('comes at once if it has server-sent events', async () => {
    const goOn = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200, [['content-type', 'text/event-stream']])
      await goOn.promise
      await send({ type: 'http.response.body', body: 'data: 1\n\n' })
    })
    const response = await soon(ask(app, '/'), 'the head')
    goOn.resolve()
    expect(await response.text()).toBe('data: 1\n\n')
  })

  it('keeps bytes that the app changes after send()', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200)
      const bytes = Buffer.from('abc')
      await send({ type: 'http.response.body', body: bytes, moreBody: true })
      bytes.fill('x')
      const last = Buffer.from('def')
      await send({ type: 'http.response.body', body: last })
      last.fill('y')
    })
    expect(await (await ask(app, '/')).text()).toBe('abcdef')
  })

  it('leaves trailers and early hints out', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.early_hint', links: ['</a>'] })
      await send({ type: 'http.response.start', status: 200, trailers: true })
      await send({ type: 'http.response.body', body: 'a' })
      await send({ type: 'http.response.trailers', headers: [['x-sum', '1']] })
    })
    const response = await ask(app, '/', { headers: { te: 'trailers' } })
    expect(await response.text()).toBe('a')
  })
})

describe('the request body under toFetch()', () => {
  it('streams, at the pace of the app', async () => {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1
          if (pulled === 100) controller.close()
          else controller.enqueue(new Uint8Array(65_536))
        },
      },
      { highWaterMark: 0 },
    )
    const goOn = deferred()
    const app = httpApp(async (_scope, receive, send) => {
      await receive()
      await goOn.promise
      const rest = await readAll(receive)
      await answer(send, String(rest.length))
    })
    const asked = ask(app, '/', { method: 'POST', body, duplex: 'half' })
    await sleep(50)
    expect(pulled).toBeLessThan(10)
    goOn.resolve()
    expect(await (await asked).text()).toBe(String(98 * 65_536))
  })

  it('may go on while the response streams', async () => {
    const app = httpApp(async (_scope, receive, send) => {
      await start(send, 200)
      for await (const event of receive) {
        if (event.type !== 'http.request') return
        await send({ type: 'http.response.body', body: event.body, moreBody: event.moreBody })
        if (!event.moreBody) return
      }
    })
    const init: RequestInit = { method: 'POST', body: streamOf('ab', 'cd', 'e'), duplex: 'half' }
    expect(await (await ask(app, '/', init)).text()).toBe('abcde')
  })

  it('is the departure of the client if it fails', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('broken')),
    })
    const seen: string[] = []
    const app = httpApp(async (_scope, receive, send) => {
      for await (const event of receive) seen.push(event.type)
      await answer(send, 'late')
    })
    const asked = ask(app, '/', { method: 'POST', body, duplex: 'half' })
    await expect(soon(asked, 'the end')).rejects.toThrow('broken')
    expect(seen).toEqual(['http.disconnect'])
  })

  it('is an error with the remedy if other code has read it', async () => {
    const log = recordingLog()
    const request = new Request(URL_OF_A, { method: 'POST', body: 'abc' })
    const handler = toFetch(echo, { log, lifespan: 'off' })
    await request.text()
    expect((await handler(request)).status).toBe(500)
    expect(String(log.fields[0]?.['err'])).toContain('give toFetch() a clone() of the request')
    expect((await toFetch(hello, { log: null, lifespan: 'off' })(request)).status).toBe(200)
  })

  it('is dropped when the app answers without it', async () => {
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => void (cancelled = true),
    })
    const app = httpApp(async (_scope, receive, send) => {
      await receive()
      await answer(send, 'enough')
    })
    const asked = await ask(app, '/', { method: 'POST', body, duplex: 'half' })
    expect(await asked.text()).toBe('enough')
    await soon(
      eventually(() => cancelled),
      'the cancel',
    )
  })

  it('has the limits of the options', async () => {
    const init = (): RequestInit => ({ method: 'POST', body: streamOf('ab', 'cd'), duplex: 'half' })
    expect((await ask(echo, '/', init(), { maxBodyBytes: 3 })).status).toBe(413)
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
    const stalled: RequestInit = { method: 'POST', body: silent, duplex: 'half' }
    expect((await ask(echo, '/', stalled, { bodyTimeoutMs: 50 })).status).toBe(408)
  })
})

describe('the end of an exchange under toFetch()', () => {
  /** An app that streams until its client leaves. */
  function endless() {
    const end = deferred<ResponseEnd>()
    const rejected = deferred<string>()
    const app = httpApp(async (scope, _receive, send) => {
      scope['isthmus.exchange']?.onEnd((ended) => end.resolve(ended))
      await start(send, 200)
      for (;;) {
        try {
          await send({ type: 'http.response.body', body: 'x', moreBody: true })
        } catch (error) {
          return rejected.resolve((error as Error).name)
        }
      }
    })
    return { app, end: end.promise, rejected: rejected.promise }
  }

  it('is told to the app when the signal aborts, before and after the head', async () => {
    const { app, end, rejected } = endless()
    const controller = new AbortController()
    const response = await ask(app, '/', { signal: controller.signal })
    controller.abort(new Error('left'))
    await expect(response.text()).rejects.toThrow('left')
    expect((await soon(end, 'the end')).outcome).toBe('disconnected')
    expect(await soon(rejected, 'the rejection')).toBe('ClientDisconnectedError')

    const second = new AbortController()
    const seen = deferred<string>()
    const waiting = httpApp(async (_scope, receive) => {
      await receive()
      seen.resolve((await receive()).type)
    })
    const asked = ask(waiting, '/', { signal: second.signal })
    await sleep(10)
    second.abort()
    await expect(asked).rejects.toThrow('aborted')
    expect(await soon(seen.promise, 'the disconnect')).toBe('http.disconnect')
  })

  it('comes at once if the signal has aborted already', async () => {
    const asked = ask(hello, '/', { signal: AbortSignal.abort() })
    await expect(asked).rejects.toThrow('aborted')
  })

  it('is told to the app when the body is cancelled', async () => {
    const { app, end, rejected } = endless()
    const response = await ask(app, '/')
    await response.body?.cancel()
    expect((await soon(end, 'the end')).outcome).toBe('disconnected')
    expect(await soon(rejected, 'the rejection')).toBe('ClientDisconnectedError')
  })

  it('leaves no listener on a signal that lives on', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const count = (by: number, name: 'addEventListener' | 'removeEventListener'): void => {
      const native = signal[name].bind(signal) as (...args: unknown[]) => void
      Object.defineProperty(signal, name, {
        value: (...args: unknown[]) => {
          listeners += by
          native(...args)
        },
      })
    }
    count(1, 'addEventListener')
    count(-1, 'removeEventListener')
    const request = new Request(URL_OF_A)
    Object.defineProperty(request, 'signal', { value: signal })
    const response = await toFetch(hello, { log: null, lifespan: 'off' })(request)
    await response.text()
    expect(listeners).toBe(0)
  })

  it('reaches the access log, and waitUntil of the host', async () => {
    const lines: string[] = []
    const release = deferred()
    const app: EventApp = async (scope, receive, send) => {
      await hello(scope, receive, send)
      await release.promise
    }
    const logged = chain(accessLog({ write: (line) => void lines.push(line), format: 'json' }))(app)
    const work: Array<Promise<unknown>> = []
    const context = { waitUntil: (one: Promise<unknown>) => void work.push(one) }
    const handler = toFetch(logged, { log: null, lifespan: 'off' })
    await handler(new Request(`${URL_OF_A}/seen`), undefined, context)
    expect(JSON.parse(lines[0] as string)).toMatchObject({ path: '/seen', status: 200, bytes: 5 })
    expect(work.length).toBe(1)
    release.resolve()
    await soon(Promise.all(work), 'the end of the app')
  })
})

describe('the errors of an app under toFetch()', () => {
  const throwing = (error: unknown): EventApp => httpApp(() => Promise.reject(error))

  it('are answered as under serve(), with a line in the log', async () => {
    const log = recordingLog()
    const response = await ask(throwing(new Error('oops')), '/', {}, { log })
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error\n'])
    expect(log.lines).toEqual(['error: the app failed'])
    expect((await ask(throwing(new UnsupportedScopeError('http')), '/')).status).toBe(404)
  })

  it('reject with errors: pass; a scope that is not served is a 404', async () => {
    const error = new Error('oops')
    await expect(ask(throwing(error), '/', {}, { errors: 'pass' })).rejects.toBe(error)
    const nothing = httpApp(() => Promise.resolve())
    await expect(ask(nothing, '/', {}, { errors: 'pass' })).rejects.toThrow('without a response')
    const unserved = throwing(new UnsupportedScopeError('http'))
    expect((await ask(unserved, '/', {}, { errors: 'pass' })).status).toBe(404)
  })

  it('reject if the app cuts its connection', async () => {
    await expect(ask(throwing(new ConnectionCutError()), '/')).rejects.toThrow(ConnectionCutError)
  })

  it('fail the body after the head', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200)
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      throw new Error('oops')
    })
    await expect((await ask(app, '/')).text()).rejects.toThrow(ConnectionCutError)
  })
})

describe('the life of an app under toFetch()', () => {
  it('starts with the first request, and ends with close()', async () => {
    const journal: string[] = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return answer(send, String(scope.state['from']))
      await receive()
      journal.push('start')
      scope.state['from'] = 'startup'
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      journal.push('stop')
      await send({ type: 'lifespan.shutdown.complete' })
    }
    const handler = toFetch(app, { log: null })
    const responses = await Promise.all([1, 2].map(() => handler(new Request(URL_OF_A))))
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual([
      'startup',
      'startup',
    ])
    expect(journal).toEqual(['start'])
    expect(await handler.close()).toEqual({ forced: false })
    expect(journal).toEqual(['start', 'stop'])
    const refused = await handler(new Request(URL_OF_A))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('answers 500 for a startup that fails, or rejects with errors: pass', async () => {
    const app: EventApp = async (_scope, receive, send) => {
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no database' })
    }
    expect((await toFetch(app, { log: null })(new Request(URL_OF_A))).status).toBe(500)
    const passing = toFetch(app, { log: null, errors: 'pass' })
    await expect(passing(new Request(URL_OF_A))).rejects.toThrow('no database')
  })

  it('fails the bodies that are left after graceMs', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await start(send, 200)
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await new Promise(() => undefined)
    })
    const handler = toFetch(app, { log: null, lifespan: 'off' })
    const response = await handler(new Request(URL_OF_A))
    const text = response.text().catch((error: Error) => error.name)
    expect(await handler.close({ graceMs: 30 })).toEqual({ forced: true })
    expect(await text).toBe('ConnectionCutError')
  })
})

describe('toFetch() inside Hono', () => {
  it.each([false, true])('is mounted, with light objects: %s', async (isLight) => {
    const app = new Hono()
    const handler = toFetch(target, { log: null, lifespan: 'off' })
    app.use(async (c, next) => {
      await next()
      c.header('x-outer', '1')
    })
    // oxlint-disable-next-line typescript/no-deprecated -- many apps use it
    app.mount('/sub', handler)
    app.all('/new/*', honoMount(handler))
    app.all('/all/*', (c) => handler(c.req.raw, c.env))
    const outer = fromFetch(app, { replaceGlobals: isLight })
    await using client = await testClient(outer, { lifespan: 'off' })
    const mounted = await client.get('/sub/a%20b?c')
    expect([mounted.text(), mounted.headers.get('x-outer')]).toEqual(['/sub|/sub/a b?c', '1'])
    const seen = async (path: string): Promise<string> => (await client.get(path)).text()
    expect(await seen('/sub')).toBe('/sub|/sub?')
    expect(await seen('/new/x')).toBe('/new|/new/x?')
    expect(await seen('/new')).toBe('/new|/new?')
    expect(await seen('/all/x')).toBe('|/all/x?')
    expect((await client.post('/sub/x', { body: 'y' })).text()).toBe('/sub|/sub/x?')
  })

  it('gets the mount path of isthmus around Hono', async () => {
    const app = new Hono()
    const handler = toFetch(target, { log: null, lifespan: 'off' })
    app.all('/at/here/*', (c) => handler(c.req.raw, c.env))
    const table = mount({ '/at': fromFetch(app) })
    await using client = await testClient(table, { lifespan: 'off' })
    expect((await client.get('/at/here/x')).text()).toBe('/at|/at/here/x?')
  })

  it('gives the error to onError with errors: pass', async () => {
    const app = new Hono()
    app.onError((error, c) => c.text(`outer: ${error.message}`, 418))
    app.all(
      '/*',
      honoMount(
        toFetch(
          httpApp(() => Promise.reject(new Error('oops'))),
          { log: null, lifespan: 'off', errors: 'pass' },
        ),
      ),
    )
    const response = await app.request('/')
    expect([response.status, await response.text()]).toEqual([418, 'outer: oops'])
  })
})

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
