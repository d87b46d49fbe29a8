// request.onFinish(): how it went, told to whoever asked before.

import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
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
import type { ResponseEnd } from '../../src/chain/response-end.ts'
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

  it('counts the bytes as they are sent: mapped, or of another answer', async () => {
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

  it('to HEAD, and with 204, has no bytes', async () => {
    expect(await endOf(appOf(style), null, 'HEAD')).toEqual(['complete', 200, 0])
    expect(await endOf(appOf(style, { status: 204 }))).toEqual(['complete', 204, 0])
  })

  it('that the server gave for the app has the status that it gave', async () => {
    const failing = (error: unknown): App => appOf(style, { throwsAt: -1, error })
    expect(await endOf(failing(BUG))).toEqual(['complete', 500, null, BUG])
    const busy = new UnavailableError('busy')
    expect(await endOf(failing(busy))).toEqual(['complete', 503, null, busy])
  })

  it('that broke off is aborted', async () => {
    if (style === 'sync array') return expect(style).toBe('sync array')
    const app = appOf(style, { chunks: ['a', 'b'], throwsAt: 1, error: BUG })
    expect(await endOf(app)).toEqual(['aborted', 200, 1, BUG])
  })

  it('that the client left is disconnected', async () => {
    const ends: ResponseEnd[] = []
    const app = appOf(style, { chunks: Array.from({ length: 100 }, () => 'x'.repeat(100)) })
    await using client = await clientOf(keeping(ends)(app))
    await using response = await client.stream('GET', '/', { highWaterMark: 1 })
    response.cancel()
    await response.finished()
    expect(ends).toMatchObject([{ outcome: 'disconnected', status: 200 }])
    expect(ends[0]?.error).toBeInstanceOf(ClientDisconnectedError)
  })

  it('is told in reverse order, each time once, and not to whoever asks too late', async () => {
    const notes: string[] = []
    const noting = (name: string) =>
      middleware(name, function* (request, next) {
        request.onFinish(() => notes.push(`${name} 1`))
        request.onFinish(() => notes.push(`${name} 2`))
        request.onAccept(() => notes.push('accepted'))
        const response = yield* next(request)
        expect(() => request.onFinish(() => notes.push('late'))).toThrow(
          /before next\(\), not behind/,
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

  it('is logged, and skips none of the others', async () => {
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

describe('a sync app whose end somebody wants to know', () => {
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

  it('keeps its array and its file, whose bytes only the server knows', async () => {
    const array = ['a']
    const file = wrapFile({ read: () => new Uint8Array(0) })
    expect(body(returning(array))).toBe(array)
    expect(body(returning(file))).toBe(file)
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return wrapFile(openSync(fileURLToPath(import.meta.url), 'r'))
    })
    expect(await endOf(app)).toEqual(['complete', 200, null])
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
  it('is called when the 101 was taken, and onFinish() when the WebSocket is closed', async () => {
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

  it('is not called for a handshake that a middleware denies behind the accept of the app', async () => {
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

describe('an exchange without a server that is isthmus', () => {
  it('ends all the same', async () => {
    const ends: ResponseEnd[] = []
    const { receive, send } = new Host()
    const scope = { type: 'http', method: 'GET', path: '/', headers: [] }
    await keeping(ends)(events(appOf('events') as never))(scope as never, receive, send)
    expect(ends).toMatchObject([{ outcome: 'complete', status: 200, bytes: 5 }])
  })
})
