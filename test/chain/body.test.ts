// Bodies: an untouched body passes unchanged, and a mapped body is sent chunk by chunk.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { events, sync } from '../../src/bridge/style.ts'
import { ContentLengthMismatchError } from '../../src/errors.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import { lint } from '../../src/lint/lint.ts'
import { lintWrap } from '../../src/lint/sync/lint-wrap.ts'
import { SyncRun } from '../../src/sync/run.ts'
import { failureOf, Host } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { answerOf, appOf, clientOf, STYLES } from './styles.ts'
import type { Chunk, Environ, SyncApp } from '../../src/contract/environ.ts'
import type { EventApp, SendEvent } from '../../src/contract/events.ts'
import type { BodyMap } from '../../src/chain/body-map.ts'

const pass = middleware('pass', function* (request, next) {
  return yield* next(request)
})
const five = chain(pass, pass, pass, pass, pass)

const mapping = (map: BodyMap) =>
  middleware('mapping', function* (request, next) {
    return mapBody(yield* next(request), map)
  })
const shouting = mapping({ chunk: (chunk) => textOf(chunk).toUpperCase() })
const ending = (text: string) => mapping({ chunk: (chunk) => chunk, end: () => text })

const textOf = (chunk: Chunk): string => Buffer.from(chunk as Uint8Array).toString()

/** Runs a sync app as a host does, pulling to its end. */
function pulled(app: SyncApp, changes: Partial<Environ> = {}) {
  const warnings: string[] = []
  const run = new SyncRun(app, makeEnviron(changes), { warn: (message) => warnings.push(message) })
  const chunks: Chunk[] = []
  let failure: unknown
  try {
    for (let chunk = run.pull(); chunk !== null; chunk = run.pull()) chunks.push(chunk)
  } catch (error) {
    failure = error
  }
  const { body, head } = run
  run.close(failure)
  return { chunks, body, head, failure, warnings }
}

describe('a body that no middleware touches', () => {
  it('is the very array of a sync app', () => {
    const body = ['a', 'b']
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return body
    })
    const { body: own, chunks } = pulled(five(app))
    expect(own).toBe(body)
    expect(chunks).toEqual(['a', 'b'])
  })

  it('[3a.57] is the very file wrapper of a sync app, so that the server can send the file itself', () => {
    const file = wrapFile({ read: () => new Uint8Array(0) })
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return file
    })
    expect(pulled(five(app)).body).toBe(file)
  })

  it('gives its own results, through one iterator for all the middleware', () => {
    const results: IteratorResult<Chunk>[] = [
      { done: false, value: 'a' },
      { done: false, value: 'b' },
      { done: true, value: undefined },
    ]
    let nexts = 0
    let iterators = 0
    const body = {
      next: () => results[nexts++] as IteratorResult<Chunk>,
      [Symbol.iterator]() {
        iterators += 1
        return this
      },
    }
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return body
    })
    const outer = five(app)(makeEnviron(), () => () => undefined)[Symbol.iterator]()
    expect(results.every((result) => outer.next() === result)).toBe(true)
    expect([nexts, iterators]).toEqual([3, 1])
  })

  it('is, as events, the very events, and the promises of the server', async () => {
    const sent: unknown[] = []
    const promises: Array<Promise<void>> = []
    const send = (event: unknown): Promise<void> => {
      sent.push(event)
      promises.push(Promise.resolve())
      return promises.at(-1) as Promise<void>
    }
    const parts = [
      { type: 'http.response.start', status: 200, headers: [['a', 'b']] },
      { type: 'http.response.body', body: 'a', moreBody: true },
      { type: 'http.response.body', body: 'b', moreBody: true },
      { type: 'http.response.body' },
    ]
    const own: unknown[] = []
    const app = events(async (_scope, _receive, appSend) => {
      for (const event of parts) {
        const promise = appSend(event as never)
        own.push(promise)
        await promise
      }
    })
    await five(app)({ type: 'http', method: 'GET' } as never, (() => undefined) as never, send)
    expect(sent.every((event, at) => event === parts[at])).toBe(true)
    expect(own.slice(1).every((promise, at) => promise === promises[at + 1])).toBe(true)
    expect([sent.length, own.length]).toEqual([4, 4])
  })
})

describe.each(STYLES)('lint around and inside a chain, with a %s app,', (style) => {
  it('finds nothing, whether the body passes or is mapped', async () => {
    for (const wrap of [five, chain(shouting, ending('!'))]) {
      const app = lint(wrap(lint(appOf(style, { chunks: ['a', 'b'] }))))
      await using client = await clientOf(app, { raiseAppErrors: true })
      expect((await client.get('/')).text().toLowerCase()).toMatch(/^ab!?$/)
    }
  })
})

describe('the head', () => {
  it('goes through the middleware before the second chunk is asked for', () => {
    const notes: string[] = []
    const noting = middleware('noting', function* (request, next) {
      const response = yield* next(request)
      notes.push('head')
      return response
    })
    const app = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield ''
      notes.push('first')
      yield 'a'
      notes.push('second')
      yield 'b'
    })
    expect(pulled(noting(app)).chunks).toEqual(['a', 'b'])
    expect(notes).toEqual(['first', 'head', 'second'])
  })

  it('of server-sent events goes through at once, before there is an event', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const app = events(async (_scope, _receive, send) => {
      const headers: Array<[string, string]> = [['content-type', 'text/event-stream']]
      await send({ type: 'http.response.start', status: 200, headers })
      await gate
      await send({ type: 'http.response.body', body: 'data: x\n\n' })
    })
    await using client = await clientOf(five(app))
    await using response = await client.stream('GET', '/')
    expect(response.status).toBe(200)
    release()
    expect(Buffer.from((await response.read()) ?? []).toString()).toBe('data: x\n\n')
  })

  it('comes with the whole body if the whole body is known', async () => {
    const bodies: unknown[] = []
    const looking = middleware('looking', function* (request, next) {
      const response = yield* next(request)
      bodies.push(response.body && [...response.body])
      return response
    })
    const whole = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'whole' })
    })
    const apps = [whole, appOf('sync array', { chunks: ['a', 'b'] }), appOf('events')]
    for (const app of apps) await answerOf(looking(app))
    await answerOf(looking(appOf('sync generator', { chunks: [] })))
    expect(bodies).toEqual([['whole'], ['a', 'b'], null, []])
  })

  it('without changes is the very head of a sync app', () => {
    const heads: unknown[][] = []
    const headers = [['X-Own', '1']] as const
    const app = sync((_environ, startResponse) => {
      startResponse('200 Fine', headers)
      return []
    })
    five(app)(makeEnviron(), (...head) => {
      heads.push(head)
      return () => undefined
    })
    expect(heads).toEqual([['200 Fine', headers]])
    expect(heads[0]?.[1]).toBe(headers)
  })

  it('with changes keeps its reason, unless the status changes', () => {
    const changing = (status?: number) =>
      middleware('changing', function* (request, next) {
        const response = yield* next(request)
        response.headers.set('x-a', '1')
        response.status = status ?? response.status
        return response
      })
    const app = sync((_environ, startResponse) => {
      startResponse('200 Fine', [])
      return []
    })
    expect(pulled(changing()(app)).head).toMatchObject({ status: 200, reason: 'Fine' })
    expect(pulled(changing(404)(app)).head).toMatchObject({ status: 404, reason: 'Not Found' })
  })
})

describe.each(STYLES)('mapBody() around a %s app', (style) => {
  it('changes each chunk, inner maps first, and adds the result of end()', async () => {
    const app = chain(ending('!'), shouting, ending('?'))(appOf(style, { chunks: ['a', 'b'] }))
    expect(await answerOf(app)).toBe('200 AB?!')
    expect(await answerOf(chain(shouting, ending('end'))(appOf(style, { chunks: [] })))).toBe(
      '200 END',
    )
  })

  it('takes the Content-Length away, and checks it', async () => {
    const headers: Array<[string, string]> = [['content-length', '2']]
    const right = appOf(style, { headers, chunks: ['a', 'b'] })
    const short = appOf(style, { headers, chunks: ['a'] })
    expect(await answerOf(ending('!')(right))).toBe('200 ab!')
    expect(await answerOf(ending('!')(short))).toMatch(style === 'sync array' ? /^500/ : /^cut$/)
  })

  it('breaks the response off when a map throws', async () => {
    const failing = mapping({
      chunk(chunk) {
        if (textOf(chunk) === 'b') throw new Error('a bug')
        return chunk
      },
    })
    const app = failing(appOf(style, { chunks: ['a', 'b', 'c'] }))
    expect(await answerOf(app)).toMatch(style === 'sync array' ? /^500/ : /^cut$/)
  })

  it('changes an answer of the middleware too, of one chunk or many', async () => {
    const answering = (body: Chunk | Iterable<Chunk>) =>
      middleware('answering', function* (request, next) {
        return request.path === '/' ? respond(200, [], body) : yield* next(request)
      })
    for (const body of ['ab', new Set(['a', 'b'])]) {
      expect(await answerOf(chain(shouting, answering(body))(appOf(style)))).toBe('200 AB')
    }
  })

  it('is not called for HEAD before the body comes, and sends nothing', async () => {
    await using client = await clientOf(ending('!')(appOf(style, { chunks: ['a'] })))
    const response = await client.head('/')
    expect([response.status, response.text()]).toEqual([200, ''])
  })
})

describe('mapBody() around a sync app', () => {
  it('[3a.59] yields for each chunk of the app, and closes it: lint finds nothing', () => {
    const app = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      yield ''
      yield ''
      yield 'a'
      yield 'b'
    })
    for (const wrap of [five, chain(shouting, ending('!'))]) {
      const { failure, warnings } = pulled(lintWrap((inner) => wrap(inner))(app))
      expect([failure, warnings]).toEqual([undefined, []])
    }
  })

  it('refuses a map that returns a promise', () => {
    const waiting = mapping({ chunk: (chunk) => Promise.resolve(chunk) })
    const { failure } = pulled(waiting(appOf('sync generator') as SyncApp))
    expect(String(failure)).toMatch('chunk() and end() cannot return a promise around a sync app')
  })

  it('reads a wrapped file, and closes it once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-map-'))
    await writeFile(join(folder, 'a.txt'), 'abc')
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return wrapFile(openSync(join(folder, 'a.txt'), 'r'), 2)
    })
    expect(await answerOf(shouting(app))).toBe('200 ABC')
    await rm(folder, { recursive: true })
  })
})

describe('mapBody() as events', () => {
  it('sends one event for each event, even for an empty one, and lets maps wait', async () => {
    const host = new Host()
    const slow = mapping({
      chunk: async (chunk) => {
        await new Promise((resolve) => setImmediate(resolve))
        return textOf(chunk) === 'b' ? '' : chunk
      },
      end: async () => 'end',
    })
    const app = events(async (_scope, _receive, send) => {
      // The app does not await its sends, and the order is kept.
      const sends = [send({ type: 'http.response.start', status: 200, trailers: true })]
      for (const body of ['a', 'b', '']) {
        sends.push(send({ type: 'http.response.body', body, moreBody: true }))
      }
      sends.push(send({ type: 'http.response.body', body: 'c' }))
      sends.push(send({ type: 'http.response.trailers', headers: [['x-t', '1']] }))
      await Promise.all(sends)
    })
    await host.run(slow(app))
    const bodies = host.sent.flatMap((event) =>
      event.type === 'http.response.body' ? [event] : [],
    )
    expect(bodies.map(({ body }) => textOf(body ?? ''))).toEqual(['a', '', '', 'cend'])
    expect(host.types).toEqual(['start', 'body', 'body', 'body', 'body', 'trailers'])
  })

  it('fails the response even if the app ignores the rejections of its sends', async () => {
    const failing = mapping({
      chunk() {
        throw new Error('a bug')
      },
    })
    const careless = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await failureOf(send({ type: 'http.response.body', body: 'a', moreBody: true }))
      await failureOf(send({ type: 'http.response.body' }))
    })
    expect(await answerOf(failing(careless))).toBe('cut')
  })

  it('names the bytes that do not fit the Content-Length', async () => {
    const headers: Array<[string, string]> = [['content-length', '1']]
    const app = appOf('events', { headers, chunks: ['ab'] }) as EventApp
    expect(await failureOf(new Host().run(shouting(app)))).toBeInstanceOf(
      ContentLengthMismatchError,
    )
  })

  it('lets early hints pass, before and after the start', async () => {
    const host = new Host()
    const hint: SendEvent = { type: 'http.response.early_hint', links: ['</x>; rel=preload'] }
    const app = events(async (_scope, _receive, send) => {
      await send(hint)
      await send({ type: 'http.response.start', status: 200 })
      await send(hint)
      await send({ type: 'http.response.body', body: 'a' })
    })
    await host.run(shouting(app))
    expect(host.types).toEqual(['early_hint', 'early_hint', 'start', 'body'])
  })
})

describe('a file that an event app sends by path', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isthmus-path-'))
    await writeFile(join(folder, 'a.txt'), 'abc'.repeat(50_000))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const file = (name: string): EventApp =>
    events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.pathsend', path: join(folder, name) })
    })

  it('is sent by the server if no middleware maps it', async () => {
    const host = new Host()
    await host.run(five(file('a.txt')))
    expect(host.types).toEqual(['start', 'pathsend'])
  })

  it('is read in the chain if a middleware maps it', async () => {
    expect(await answerOf(chain(ending('!'), shouting)(file('a.txt')))).toBe(
      `200 ${'ABC'.repeat(50_000)}!`,
    )
  })

  it('that does not exist is answered by the server, mapped or not', async () => {
    expect(await answerOf(five(file('gone.txt')))).toMatch(/^404/)
    expect(await answerOf(shouting(file('gone.txt')))).toMatch(/^404/)
  })
})

describe('an app that calls write()', () => {
  const writing = sync((_environ, startResponse) => {
    const write = startResponse('200 OK', [])
    write('a')
    write('b')
    return ['c']
  })

  it('has its written bytes sent and mapped before the bytes that it returns', () => {
    const text = (app: SyncApp): string => pulled(app).chunks.map(textOf).join('')
    expect(text(five(writing))).toBe('abc')
    expect(text(chain(ending('!'), shouting)(writing))).toBe('ABC!')
  })

  it('is stopped, and its body is closed, if a middleware answers instead', () => {
    let closed = 0
    let stopped: unknown
    const app = sync((_environ, startResponse) => {
      const write = startResponse('200 OK', [])
      try {
        write('a')
      } catch (error) {
        stopped = error
      }
      return Object.assign(['b'], { close: () => (closed += 1) })
    })
    const replacing = middleware('replacing', function* (request, next) {
      yield* next(request)
      return respond(403, [], 'no')
    })
    expect(pulled(replacing(app)).chunks).toEqual(['no'])
    expect([closed, (stopped as { code: string }).code]).toEqual([1, 'ECONNRESET'])
  })

  it('fails with the error that a middleware throws there, even if the app continues', () => {
    const bug = new Error('a bug')
    const failing = middleware('failing', function* (request, next) {
      yield* next(request)
      throw bug
    })
    const swallowing = sync((_environ, startResponse) => {
      try {
        startResponse('200 OK', [])('a')
      } catch {
        // The app ignores the error.
      }
      return ['b']
    })
    expect(pulled(failing(writing)).failure).toBe(bug)
    expect(pulled(failing(swallowing)).failure).toBe(bug)
  })
})

describe('startResponse inside a chain', () => {
  const heading = middleware('heading', function* (request, next) {
    const response = yield* next(request)
    response.headers.set('x-status', String(response.status))
    return response
  })

  it('[3a.36] [3a.40] may replace the head until the first chunk, also from the body', () => {
    const app = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [['x-old', '1']])
      yield ''
      startResponse('500 Oops', [], new Error('a bug'))
      yield 'sorry'
    })
    expect(pulled(heading(app)).head).toMatchObject({
      status: 500,
      headers: [['x-status', '500']],
    })
  })

  it('[3a.35] [3a.37] refuses a second head, and rethrows after the first chunk', () => {
    const twice = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      startResponse('200 OK', [])
      return []
    })
    expect(String(pulled(heading(twice)).failure)).toMatch('startResponse was called twice')
    const bug = new Error('a bug')
    const late = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'a'
      startResponse('500 Oops', [], bug)
      yield 'b'
    })
    expect(pulled(heading(late))).toMatchObject({ failure: bug, chunks: ['a'] })
  })

  it('[3a.33] [3a.41] throws at an invalid call, and reports a missing call', () => {
    let seen: unknown
    const wrong = sync((_environ, startResponse) => {
      try {
        startResponse('200 OK', [['a b', 'c']])
      } catch (error) {
        seen = error
      }
      startResponse('500 Oops', [], seen)
      return []
    })
    expect(pulled(heading(wrong)).head).toMatchObject({ status: 500 })
    expect(String(seen)).toMatch('"a b" is not a token')
    for (const body of [['a'], new Set(['a'])]) {
      const { failure } = pulled(heading(sync(() => body)))
      expect(String(failure)).toMatch('startResponse was not called')
    }
  })

  it('[3a.52] calls return() and close() once on a body that is closed before its first chunk', () => {
    const notes: string[] = []
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return Object.assign(
        (function* () {
          try {
            yield ''
            yield 'a'
          } finally {
            notes.push('return')
          }
        })(),
        { close: () => notes.push('close') },
      )
    })
    const noting = middleware('noting', function* (request, next) {
      try {
        return yield* next(request)
      } finally {
        notes.push('middleware')
      }
    })
    const body = noting(app)(makeEnviron(), () => () => undefined)
    const iterator = body[Symbol.iterator]()
    expect(iterator.next()).toEqual({ done: false, value: '' })
    iterator.return?.()
    body.close?.()
    body.close?.()
    expect(notes).toEqual(['return', 'close', 'middleware'])
  })
})
