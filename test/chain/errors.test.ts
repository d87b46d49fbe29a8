// Failures, and the place where each one appears: at next(), after the head, in a middleware.

import { describe, expect, it } from 'vitest'
import { events, sync } from '../../src/bridge/style.ts'
import { AppError, ClientDisconnectedError, ServerShutdownError } from '../../src/errors.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { failureOf, Host, httpScope } from '../bridge/host.ts'
import { answerOf, appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { EventApp } from '../../src/contract/events.ts'

const BUG = new Error('a bug')

/** Answers with the message of the error that is thrown at next(). */
const catching = middleware('catching', function* (request, next) {
  try {
    return yield* next(request)
  } catch (error) {
    return respond(502, [], `caught ${(error as Error).message}`)
  }
})

/** Notes the status or the error, and passes it on. */
function noting(notes: unknown[]) {
  return middleware('noting', function* (request, next) {
    try {
      const response = yield* next(request)
      notes.push(response.status)
      return response
    } catch (error) {
      notes.push(error)
      throw error
    } finally {
      notes.push('finally')
    }
  })
}

/** The error that the app throws to the server for one request. */
async function escapeOf(app: App): Promise<unknown> {
  await using client = await clientOf(app, { raiseAppErrors: true })
  return await failureOf(client.get('/'))
}

const misuse = (name: string, run: unknown) => middleware(name, run as never)

describe.each(STYLES)('around a %s app', (style) => {
  const failing = (throwsAt: number): App => appOf(style, { throwsAt, error: BUG })

  it('an error of the app before its head is thrown at next()', async () => {
    const notes: unknown[] = []
    const app = chain(noting(notes), noting(notes))(failing(-1))
    expect(await escapeOf(app)).toBe(BUG)
    expect(notes).toEqual([BUG, 'finally', BUG, 'finally'])
  })

  it('a middleware may answer instead, and the outer ones see its answer', async () => {
    const notes: unknown[] = []
    expect(await answerOf(chain(noting(notes), catching)(failing(-1)))).toBe('502 caught a bug')
    expect(notes).toEqual([502, 'finally'])
  })

  it('an error that no middleware catches is answered as without a chain', async () => {
    const bare = await answerOf(failing(-1))
    expect(await answerOf(chain(noting([]))(failing(-1)))).toBe(bare)
    expect(bare).toMatch(/^500 /)
  })

  it('[3a.54] [3b.28] an error after the head breaks the response off, and never looks like a clean end', async () => {
    // An app that returns an array throws before it has a response.
    if (style === 'sync array') return expect(await answerOf(catching(failing(1)))).toMatch(/^502/)
    const notes: unknown[] = []
    for (const throwsAt of [1]) {
      expect(await answerOf(chain(noting(notes), catching)(failing(throwsAt)))).toBe('cut')
    }
    expect(notes).toEqual([200, 'finally'])
  })

  it('an error of a middleware before next() goes outwards, and the app is not called', async () => {
    let calls = 0
    const app = appOf(style, { onCall: () => (calls += 1) })
    const failingEarly = middleware('failing', function* (request, next) {
      if (request.method === 'GET') throw BUG
      return yield* next(request)
    })
    expect(await answerOf(chain(catching, failingEarly)(app))).toBe('502 caught a bug')
    expect(await escapeOf(chain(failingEarly)(app))).toBe(BUG)
    expect(calls).toBe(0)
  })

  it('an error of a middleware after next() goes outwards, and the app is ended', async () => {
    let ended = 0
    const app = appOf(style, { onEnd: () => (ended += 1) })
    const failingLate = middleware('failing', function* (request, next) {
      yield* next(request)
      throw BUG
    })
    expect(await answerOf(chain(catching, failingLate)(app))).toBe('502 caught a bug')
    expect(await escapeOf(chain(failingLate)(app))).toBe(BUG)
    expect(ended).toBe(2)
  })

  it('[3a.51] an answer in place of the response of the app ends the app, once', async () => {
    let ended = 0
    const app = appOf(style, { chunks: ['a', 'b', 'c'], onEnd: () => (ended += 1) })
    const replacing = middleware('replacing', function* (request, next) {
      const response = yield* next(request)
      return respond(403, [], `instead of ${response.status}`)
    })
    expect(await answerOf(chain(replacing)(app))).toBe('403 instead of 200')
    expect(ended).toBe(1)
  })

  it('a middleware that returns no response is refused', async () => {
    const app = chain(
      misuse('forgetful', function* (request: never, next: (r: never) => Iterable<never>) {
        yield* next(request)
      }),
    )(appOf(style))
    const error = await escapeOf(app)
    expect(error).toBeInstanceOf(AppError)
    expect(String(error)).toMatch(
      'middleware "forgetful" returned undefined; return the response of next(), or respond(…)',
    )
  })

  it('a second next(), a bare yield of a step, and a yield of another value are refused', async () => {
    const twice = middleware('twice', function* (request, next) {
      yield* next(request)
      return yield* next(request)
    })
    const bare = misuse('bare', function* (request: never, next: (r: never) => unknown) {
      yield next(request)
    })
    const odd = misuse('odd', function* () {
      yield 7
    })
    const lost = misuse('lost', function* (_: never, next: () => Iterable<never>) {
      yield* next()
    })
    const again = middleware('again', function* (request, next) {
      const step = next(request)
      yield* step
      return yield* step
    })
    const said = async (wrap: typeof twice) => String(await escapeOf(chain(wrap)(appOf(style))))
    expect(await said(twice)).toMatch('middleware "twice" called next() a second time')
    expect(await said(again)).toMatch('a step is yielded once: call next(), wait() or either()')
    expect(await said(bare)).toMatch('middleware "bare" yielded a step; write yield* instead of')
    expect(await said(odd)).toMatch('middleware "odd" yielded a number; it can yield* next(),')
    expect(await said(lost)).toMatch('middleware "lost" called next() without a request')
  })

  it('a response that has answered another request is refused', async () => {
    const kept = respond(200, [], 'kept')
    const reusing = middleware('reusing', function* (request, next) {
      return request.path === '/' ? kept : yield* next(request)
    })
    const app = chain(reusing)(appOf(style))
    expect(await answerOf(app)).toBe('200 kept')
    expect(String(await escapeOf(app))).toMatch('a response answers one request: call respond()')
  })
})

describe.each(STYLES)('the body of respond() around a %s app', (style) => {
  const closable = (notes: string[], ...chunks: string[]) =>
    Object.assign(new Set(chunks), { close: () => notes.push('closed') })

  it('is closed once, after its last chunk, and if another answer is sent, or none', async () => {
    const notes: string[] = []
    const answering = middleware('answering', function* (request, next) {
      if (request.method === 'GET') return respond(200, [], closable(notes, 'a', 'b'))
      return yield* next(request)
    })
    const replacing = middleware('replacing', function* (request, next) {
      yield* next(request)
      return respond(403, [], 'no')
    })
    const failing = middleware('failing', function* (request, next) {
      yield* next(request)
      throw BUG
    })
    const app = appOf(style)
    expect([await answerOf(answering(app)), notes.splice(0)]).toEqual(['200 ab', ['closed']])
    const replaced = await answerOf(chain(replacing, answering)(app))
    expect([replaced, notes.splice(0)]).toEqual(['403 no', ['closed']])
    const failed = await answerOf(chain(catching, failing, answering)(app))
    expect([failed, notes.splice(0)]).toEqual(['502 caught a bug', ['closed']])
  })

  it('may be async around an app that awaits, and is refused around a sync app', async () => {
    const answering = middleware('answering', function* (request, next) {
      const body = (async function* () {
        yield 'a'
        yield 'b'
      })()
      return request.method === 'GET' ? respond(200, [], body) : yield* next(request)
    })
    const app = answering(appOf(style))
    if (!style.startsWith('sync')) return expect(await answerOf(app)).toBe('200 ab')
    expect(String(await escapeOf(app))).toMatch('respond() was given an async body around a sync')
  })
})

describe('an event app without a response', () => {
  const silent = events(async () => undefined)

  it('gets an AppError at next(), and the answer that it gets without a chain', async () => {
    const notes: unknown[] = []
    expect(await answerOf(chain(noting(notes))(silent))).toBe(await answerOf(silent))
    expect(String(notes[0])).toMatch('the app returned before its response began')
    expect(await answerOf(chain(catching)(silent))).toMatch(/^502 caught the app returned/)
  })

  it('gets the error of the lost client, or of the shutdown', async () => {
    const notes: unknown[] = []
    const app = chain(noting(notes))(silent)
    const [left, stopped] = [new Host(), new Host()]
    left.leave()
    await left.run(app)
    stopped.connection.abort(new ServerShutdownError())
    await stopped.run(app)
    expect(notes[0]).toBeInstanceOf(ClientDisconnectedError)
    expect(notes[2]).toBeInstanceOf(ServerShutdownError)
  })

  it('that has sent its start is cut, as without a chain', async () => {
    const started = (throws: boolean): EventApp =>
      events(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200 })
        if (throws) throw BUG
      })
    for (const throws of [true, false]) {
      expect(await answerOf(started(throws))).toBe('cut')
      expect(await answerOf(chain(noting([]))(started(throws)))).toBe('cut')
      expect(await answerOf(chain(catching)(started(throws)))).toMatch(/^502 caught/)
    }
  })
})

describe('an event app whose response is replaced', () => {
  const denying = middleware('denying', function* (request, next) {
    yield* next(request)
    return respond(403, [], 'no')
  })

  it('has its send() rejected as if its client had left, and receives a disconnect', async () => {
    const seen: unknown[] = []
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'http.response.start', status: 200 })
      seen.push(await failureOf(send({ type: 'http.response.body', body: 'x', moreBody: true })))
      seen.push(await failureOf(send({ type: 'http.response.body' })))
      seen.push(await receive())
    })
    expect(await answerOf(chain(denying)(app))).toBe('403 no')
    expect(seen[0]).toBeInstanceOf(ClientDisconnectedError)
    expect(seen[1]).toBeInstanceOf(ClientDisconnectedError)
    expect(seen[2]).toEqual({ type: 'http.disconnect' })
  })

  it('may fail after that: the failure is logged, and changes nothing', async () => {
    const host = new Host()
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body' }).catch(() => Promise.reject(BUG))
    })
    await host.run(chain(denying)(app))
    expect(host.types).toEqual(['start', 'body'])
    expect(host.log.lines).toEqual(['error: the app failed after the answer of a middleware'])
  })

  it('keeps the call of the chain open until it ends', async () => {
    const notes: string[] = []
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await failureOf(send({ type: 'http.response.body' }))
      await gate
      notes.push('app ended')
    })
    const host = new Host()
    const run = host.run(chain(denying)(app)).then(() => notes.push('chain ended'))
    await new Promise((resolve) => setImmediate(resolve))
    expect([host.types, notes]).toEqual([['start', 'body'], []])
    release()
    await run
    expect(notes).toEqual(['app ended', 'chain ended'])
  })

  it('does not keep the call open if no answer can be sent any more', async () => {
    const failing = middleware('failing', function* (request, next) {
      yield* next(request)
      throw BUG
    })
    const app = events(async (_scope, receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await failureOf(send({ type: 'http.response.body' }))
      for await (const { type } of receive) if (type === 'http.disconnect') return
    })
    expect(await failureOf(new Host().run(chain(failing)(app)))).toBe(BUG)
  })
})

describe('an event that an app sends out of order', () => {
  it('is refused as without a chain', async () => {
    const faults: unknown[] = []
    const app = events(async (_scope, _receive, send) => {
      const refused = async (event: unknown): Promise<void> => {
        faults.push((await failureOf(send(event as never))) !== undefined)
      }
      await refused({ type: 'http.response.body' })
      await refused(undefined)
      await refused({ type: 'http.response.start', status: 200, headers: [['a b', 'c']] })
      await send({ type: 'http.response.start', status: 200 })
      await refused({ type: 'http.response.start', status: 200 })
      await refused({ type: 'http.response.trailers' })
      await send({ type: 'http.response.body', body: 'x' })
      await refused({ type: 'http.response.body' })
    })
    expect(await answerOf(chain(noting([]))(app))).toBe('200 x')
    const bare = faults.splice(0)
    expect(await answerOf(app)).toBe('200 x')
    expect(faults).toEqual(bare)
    expect(faults).toEqual([true, true, true, true, true, true])
  })

  it('in a head that the server refuses, makes the call fail with the reason of the server', async () => {
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 99 })
      await send({ type: 'http.response.body' })
    })
    expect(String(await escapeOf(chain(noting([]))(app)))).toMatch('the status of http.response')
  })
})

describe('a chain that is called without a server', () => {
  it('lets a sync app fail as it fails', () => {
    const app = sync(() => {
      throw BUG
    })
    const call = () => chain(noting([]))(app)({} as never, () => () => undefined)
    expect(call).toThrow(BUG)
  })

  it('gives the app the receive that it was given', async () => {
    const { receive, send } = new Host()
    let seen: unknown
    const app = events(async (_scope, own, ownSend) => {
      seen = own
      await ownSend({ type: 'http.response.start', status: 204 })
      await ownSend({ type: 'http.response.body' })
    })
    await chain(noting([]))(app)(httpScope(), receive, send)
    expect(seen).toBe(receive)
  })
})
