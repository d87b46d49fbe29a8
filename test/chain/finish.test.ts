// request.onFinish(): the end of an exchange, for each middleware that listens.

import { openSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mount } from '../../src/bridge/mount.ts'
import { events, sync } from '../../src/bridge/style.ts'
import { ClientDisconnectedError, UnavailableError } from '../../src/errors.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import { errorStream } from '../../src/sync/errors-stream.ts'
import { SyncRun } from '../../src/sync/run.ts'
import { failureOf, Host, recordingLog } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { SyncApp } from '../../src/contract/environ.ts'
import type { EventApp, ResponseEnd } from '../../src/contract/events.ts'
import type { Wrap } from '../../src/chain/wrap.ts'

const BUG = new Error('a bug')

/** Keeps the ends of the exchanges that pass. */
const keeping = (ends: ResponseEnd[]): Wrap =>
  middleware('keeping', function* (request, next) {
    request.onFinish((end) => ends.push(end))
    return yield* next(request)
  })

/** The end of one request. */
async function endOf(app: App, wrap: Wrap | null = null, method = 'GET'): Promise<unknown> {
  const ends: ResponseEnd[] = []
  const inner = wrap ? [wrap] : []
  await using client = await clientOf(chain(keeping(ends), ...inner)(app))
  await failureOf(client.request(method, '/'))
  expect(ends).toHaveLength(1)
  const { outcome, status, bytes, error } = ends[0] as ResponseEnd
  return error === undefined ? [outcome, status, bytes] : [outcome, status, bytes, error]
}

describe.each(STYLES)('the end of a response of a %s app', (style) => {
  it('has its status and the bytes of its body', async () => {
    const chunks = ['grün', new Uint8Array(3), '']
    expect(await endOf(appOf(style, { status: 201, chunks }))).toEqual(['complete', 201, 8])
    expect(await endOf(appOf(style, { chunks: [] }))).toEqual(['complete', 200, 0])
  })

  it('counts the bytes that are sent: mapped, or those of another answer', async () => {
    const doubling = middleware('doubling', function* (request, next) {
      const response = yield* next(request)
      return mapBody(response, { chunk: (chunk) => `${chunk as string}${chunk as string}` })
    })
    const replacing = middleware('replacing', function* (request, next) {
      yield* next(request)
      return respond(403, [], ['n', 'o'])
    })
    expect(await endOf(appOf(style), doubling)).toEqual(['complete', 200, 10])
    expect(await endOf(appOf(style), replacing)).toEqual(['complete', 403, 2])
  })

  it('has no bytes for HEAD and for 204', async () => {
    expect(await endOf(appOf(style), null, 'HEAD')).toEqual(['complete', 200, 0])
    expect(await endOf(appOf(style, { status: 204 }))).toEqual(['complete', 204, 0])
  })

  it('is that of the answer that the server gave for the app', async () => {
    const failing = (error: unknown): App => appOf(style, { throwsAt: -1, error })
    expect(await endOf(failing(BUG))).toEqual(['complete', 500, 22, BUG])
    const busy = new UnavailableError('busy')
    expect(await endOf(failing(busy))).toEqual(['complete', 503, 20, busy])
  })

  it('is aborted if the response broke off', async () => {
    if (style === 'sync array') return expect(style).toBe('sync array')
    const app = appOf(style, { chunks: ['a', 'b'], throwsAt: 1, error: BUG })
    expect(await endOf(app)).toEqual(['aborted', 200, 1, BUG])
  })

  it('is disconnected if the client left', async () => {
    const ends: ResponseEnd[] = []
    const app = appOf(style, { chunks: Array.from({ length: 100 }, () => 'x'.repeat(100)) })
    await using client = await clientOf(keeping(ends)(app))
    await using response = await client.stream('GET', '/', { highWaterMark: 1 })
    response.cancel()
    await response.finished()
    expect(ends).toMatchObject([{ outcome: 'disconnected', status: 200 }])
    expect(ends[0]?.error).toBeInstanceOf(ClientDisconnectedError)
  })

  it('reaches the callbacks in reverse order, each once, and refuses a callback after next()', async () => {
    const notes: string[] = []
    const noting = (name: string) =>
      middleware(name, function* (request, next) {
        request.onFinish(() => notes.push(`${name} 1`))
        request.onFinish(() => notes.push(`${name} 2`))
        request.onAccept(() => notes.push('accepted'))
        const response = yield* next(request)
        expect(() => request.onFinish(() => notes.push('late'))).toThrow(
          /before next\(\), not after it/,
        )
        return response
      })
    await using client = await clientOf(chain(noting('a'), noting('b'))(appOf(style)))
    await client.get('/')
    expect(notes).toEqual(['b 2', 'b 1', 'a 2', 'a 1'])
  })

  it('is logged by the access log', async () => {
    const log = recordingLog()
    await using client = await clientOf(accessLog({ log })(appOf(style)))
    await client.post('/tickets?a=1')
    expect(log.lines).toEqual(['info: POST /tickets 200'])
    expect(log.fields).toMatchObject([{ client: '127.0.0.1:49152', bytes: 5, outcome: 'complete' }])
  })
})

describe('a callback that fails', () => {
  const failing = middleware('failing', function* (request, next) {
    request.onFinish(() => {
      throw BUG
    })
    return yield* next(request)
  })

  it('is logged, and skips no other callback', async () => {
    const log = recordingLog()
    const ends: ResponseEnd[] = []
    const app = chain(keeping(ends), failing)(appOf('events'))
    await using client = await clientOf(app, { log })
    expect((await client.get('/')).status).toBe(200)
    expect(log.lines).toEqual(['error: a callback of request.onFinish failed'])
    expect(ends).toHaveLength(1)
  })

  it('is written to wsgi.errors around a sync app', () => {
    let written = ''
    const environ = makeEnviron({ 'wsgi.errors': errorStream((text) => (written += text)) })
    const run = new SyncRun(failing(appOf('sync array') as SyncApp), environ, { warn() {} })
    run.pull()
    run.close()
    expect(written).toMatch(/^a callback of request.onFinish failed: Error: a bug/)
  })
})

describe('a sync app with a middleware that listens', () => {
  const body = (app: SyncApp): unknown => {
    const run = new SyncRun(keeping([])(app), makeEnviron(), { warn() {} })
    run.start()
    const { body } = run
    run.close()
    return body
  }
  const returning = (value: Iterable<string | Uint8Array> & object): SyncApp =>
    sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return value
    })

  it('keeps its array and its file, whose bytes the server counts', async () => {
    const array = ['a']
    const file = wrapFile({ read: () => new Uint8Array(0) })
    expect(body(returning(array))).toBe(array)
    expect(body(returning(file))).toBe(file)
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return wrapFile(openSync(fileURLToPath(import.meta.url), 'r'))
    })
    const { size } = statSync(fileURLToPath(import.meta.url))
    expect(await endOf(app)).toEqual(['complete', 200, size])
  })

  it('has its written bytes counted', async () => {
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])('abc')
      return ['d']
    })
    expect(await endOf(app)).toEqual(['complete', 200, 4])
  })
})

describe('onAccept()', () => {
  it('is called after the 101, and onFinish() when the WebSocket is closed', async () => {
    const notes: unknown[] = []
    const noting = middleware('noting', function* (request, next) {
      request.onAccept(() => notes.push('accepted'))
      request.onFinish(({ outcome, status, bytes, code }) =>
        notes.push([outcome, status, bytes, code]),
      )
      return yield* next(request)
    })
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      await receive()
    })
    await using client = await clientOf(noting(app))
    await using session = await client.websocket('/')
    expect(notes).toEqual(['accepted'])
    await session.close(3001)
    await session.finished()
    expect(notes).toEqual(['accepted', ['closed', 101, null, 3001]])
  })

  it('is not called for a handshake that a middleware denies after the accept of the app', async () => {
    const notes: unknown[] = []
    const denying = middleware('denying', function* (request, next) {
      request.onAccept(() => notes.push('accepted'))
      request.onFinish(({ outcome, status }) => notes.push([outcome, status]))
      yield* next(request)
      return respond(403)
    })
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
    })
    await using client = await clientOf(denying(app))
    await failureOf(client.websocket('/'))
    expect(notes).toEqual([['denied', 403]])
  })
})

describe('a chain inside of another chain', () => {
  const replacing = middleware('replacing', function* (request, next) {
    yield* next(request)
    return respond(403, [], 'no')
  })

  it('gets the answer that reached the client, and not its own', async () => {
    for (const style of STYLES) {
      const ends: ResponseEnd[] = []
      const inner = keeping(ends)(appOf(style))
      await using client = await clientOf(replacing(mount({ '/': inner as never })))
      expect((await client.get('/')).text()).toBe('no')
      expect(ends).toMatchObject([{ outcome: 'complete', status: 403, bytes: 2 }])
    }
  })

  it('is called before the chain around it', async () => {
    const notes: string[] = []
    const noting = (name: string): Wrap =>
      middleware(name, function* (request, next) {
        request.onFinish(() => notes.push(name))
        return yield* next(request)
      })
    const inner = mount({ '/': noting('inner')(appOf('events') as never) })
    await using client = await clientOf(noting('outer')(inner))
    await client.get('/')
    expect(notes).toEqual(['inner', 'outer'])
  })

  it('gets the denial that replaced its accept, and no accept', async () => {
    const notes: unknown[] = []
    const noting = middleware('noting', function* (request, next) {
      request.onAccept(() => notes.push('accepted'))
      request.onFinish(({ outcome, status, bytes }) => notes.push([outcome, status, bytes]))
      return yield* next(request)
    })
    const app = events(async (_scope, receive, send) => {
      await receive()
      await failureOf(send({ type: 'websocket.accept' }))
    })
    await using client = await clientOf(replacing(mount({ '/': noting(app) })))
    await failureOf(client.websocket('/'))
    expect(notes).toEqual([['denied', 403, 2]])
  })
})

describe('an exchange of a host that reports no end', () => {
  /** The end of an exchange with a host that takes every event. */
  async function endOn(app: App, scope: object): Promise<unknown[]> {
    const ends: ResponseEnd[] = []
    const { receive, send } = new Host()
    const whole = { method: 'GET', path: '/', headers: [], ...scope }
    await failureOf(keeping(ends)(app as EventApp)(whole as never, receive, send))
    return ends.map(({ outcome, status, bytes, code, error }) => [
      outcome,
      status,
      bytes,
      code ?? error,
    ])
  }
  const sending = (...types: Array<Record<string, unknown>>): App =>
    events(async (_scope, _receive, send) => {
      for (const event of types) await send(event as never)
    })
  const START = { type: 'http.response.start', status: 200 }
  const HALF = { type: 'http.response.body', body: 'half', moreBody: true }
  const ACCEPT = { type: 'websocket.accept' }

  it('is told from the events that the host took', async () => {
    const http = { type: 'http' }
    const file = { type: 'http.response.pathsend', path: '/x' }
    const trailers = { type: 'http.response.trailers' }
    const apps = [
      sending(START, HALF),
      sending({ ...START, trailers: true }, { ...HALF, moreBody: false }, trailers),
      sending(START, file),
      sending(),
    ]
    const seen = []
    for (const app of apps) seen.push(...(await endOn(app, http)))
    expect(seen).toEqual([
      ['aborted', 200, 4, undefined],
      ['complete', 200, 4, undefined],
      ['complete', 200, null, undefined],
      ['aborted', null, 0, undefined],
    ])
    expect(await endOn(sending(START, HALF), { ...http, method: 'HEAD' })).toEqual([
      ['aborted', 200, 0, undefined],
    ])
  })

  it('is told from the error of the app', async () => {
    const failing = appOf('events', { throwsAt: -1, error: BUG })
    expect(await endOn(failing, { type: 'http' })).toEqual([['complete', 500, null, BUG]])
  })

  it('is told for a WebSocket from the events of the app', async () => {
    const websocket = { type: 'websocket' }
    const denial = { type: 'websocket.http.response.start', status: 401 }
    const body = { type: 'websocket.http.response.body', body: 'who?' }
    const apps = [
      sending(ACCEPT, { type: 'websocket.close', code: 4000 }),
      sending(ACCEPT),
      sending({ type: 'websocket.close' }),
      sending(denial, body),
    ]
    const seen = []
    for (const app of apps) seen.push(...(await endOn(app, websocket)))
    expect(seen).toEqual([
      ['closed', 101, null, 4000],
      ['closed', 101, null, 1006],
      ['denied', 403, 0, undefined],
      ['denied', 401, 4, undefined],
    ])
  })

  it('is not told before an event that the app did not wait for', async () => {
    const rushing = events(async (_scope, _receive, send) => {
      void send(START as never)
      void send({ type: 'http.response.body', body: 'whole' })
    })
    expect(await endOn(rushing, { type: 'http' })).toEqual([['complete', 200, 5, undefined]])
  })

  it('is complete with the last byte', async () => {
    const ends: ResponseEnd[] = []
    const { receive, send } = new Host()
    const scope = { type: 'http', method: 'GET', path: '/', headers: [] }
    await keeping(ends)(events(appOf('events') as never))(scope as never, receive, send)
    expect(ends).toMatchObject([{ outcome: 'complete', status: 200, bytes: 5 }])
  })
})
