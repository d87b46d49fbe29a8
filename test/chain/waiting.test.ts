// wait(), which works only around apps that await, and the async context, which follows a request around all apps.

import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { WaitUnderSyncError } from '../../src/errors.ts'
import { chain } from '../../src/chain/chain.ts'
import { either, wait, within } from '../../src/chain/effects.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { failureOf, Host } from '../bridge/host.ts'
import { tenant } from '../fixtures/threads/behaviour-carried.ts'
import { ask, hosted, pooled } from '../hosting/behaviour-host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { answerOf, appOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { SyncApp } from '../../src/contract/environ.ts'

const later = <Value>(value: Value): Promise<Value> =>
  new Promise((resolve) => setImmediate(() => resolve(value)))

const AWAITING = ['iterable', 'events'] as const
const SYNC = ['sync array', 'sync generator'] as const

describe.each(AWAITING)('wait() around an %s app', (style) => {
  const tagging = middleware('tagging', function* (request, next) {
    const name = yield* wait(later('before'))
    expectTypeOf(name).toEqualTypeOf<string>()
    const response = yield* next(request.with({ headers: { 'x-name': name } }))
    response.headers.set('x-after', yield* wait(later('after')))
    return response
  })

  it('gives the value of the promise, on the way in and on the way out', async () => {
    let name: unknown
    const app = appOf(style, { onCall: (seen) => (name = seen.header('x-name')) })
    expect(await answerOf(chain(tagging, tagging)(app))).toBe('200 hello')
    expect(name).toBe('before')
  })

  it('throws the rejection, and a middleware may catch it', async () => {
    const bug = new Error('a bug')
    const catching = middleware('catching', function* (request, next) {
      try {
        yield* wait(Promise.reject(bug))
      } catch (error) {
        return respond(502, [], (error as Error).message)
      }
      return yield* next(request)
    })
    expect(await answerOf(catching(appOf(style)))).toBe('502 a bug')
    const failing = middleware('failing', function* (request, next) {
      const response = yield* next(request)
      yield* wait(Promise.reject(bug))
      return response
    })
    expect(await answerOf(failing(appOf(style)))).toMatch(/^500/)
  })

  it('may answer something else after a wait', async () => {
    const replacing = middleware('replacing', function* (request, next) {
      yield* next(request)
      return respond(403, [], yield* wait(later('no')))
    })
    let ended = 0
    const app = appOf(style, { onEnd: () => (ended += 1) })
    expect(await answerOf(replacing(app))).toBe('403 no')
    expect(ended).toBe(1)
  })
})

describe('wait() after next()', () => {
  const slow = middleware('slow', function* (request, next) {
    const response = yield* next(request)
    yield* wait(later(undefined))
    return response
  })

  it('holds the send() of the app, and keeps the order of events that the app does not await', async () => {
    const app = events(async (_scope, _receive, send) => {
      await Promise.all([
        send({ type: 'http.response.start', status: 200 }),
        send({ type: 'http.response.body', body: 'a', moreBody: true }),
        send({ type: 'http.response.body', body: 'b', moreBody: true }),
        send({ type: 'http.response.body', body: 'c' }),
      ])
    })
    const host = new Host()
    await host.run(chain(slow, slow)(app))
    expect(host.sent.map((event) => Reflect.get(event, 'body') as unknown)).toEqual([
      undefined,
      'a',
      'b',
      'c',
    ])
  })

  it('continues after an app that has returned, or failed, meanwhile', async () => {
    const gate = deferred()
    const bug = new Error('a bug')
    const waiting = middleware('waiting', function* (request, next) {
      const response = yield* next(request)
      yield* wait(gate.promise)
      return response
    })
    const rushing = (fails: boolean) =>
      events(async (_scope, _receive, send) => {
        void send({ type: 'http.response.start', status: 200 })
        void send({ type: 'http.response.body', body: 'a', moreBody: fails })
        if (fails) throw bug
      })
    const hosts = [new Host(), new Host()] as const
    const runs = [
      failureOf(hosts[0].run(waiting(rushing(false)))),
      failureOf(hosts[1].run(waiting(rushing(true)))),
    ]
    await later(undefined)
    expect(hosts.map(({ types }) => types)).toEqual([[], []])
    gate.resolve()
    expect(await Promise.all(runs)).toEqual([undefined, bug])
    expect(hosts.map(({ types }) => types)).toEqual([
      ['start', 'body'],
      ['start', 'body'],
    ])
  })
})

describe.each(SYNC)('around a %s app', (style) => {
  it('wait() is an error that names the middleware and the solutions', async () => {
    const waiting = middleware('session', function* (request, next) {
      yield* wait(later(1))
      return yield* next(request)
    })
    const error = failureOfSync(() => run(waiting(appOf(style)) as SyncApp))
    expect(error).toBeInstanceOf(WaitUnderSyncError)
    expect(error).toMatchObject({
      code: 'ISTHMUS_WAIT_UNDER_SYNC',
      message:
        'middleware "session" waits for a promise, and the app inside it is sync; ' +
        'give it both forms with either({ sync, async }), or put the chain around threads(…) or toEvents(app)',
    })
  })

  it('the rejection of a refused promise does not end the process', async () => {
    const waiting = middleware('waiting', function* (request, next) {
      try {
        yield* wait(Promise.reject(new Error('a bug')))
      } catch (error) {
        return respond(500, [], (error as { code: string }).code)
      }
      return yield* next(request)
    })
    expect(run(waiting(appOf(style)) as SyncApp)).toBe('ISTHMUS_WAIT_UNDER_SYNC')
    await later(undefined)
  })
})

describe.each(STYLES)('either() around a %s app', (style) => {
  const reading = (forms: { sync: () => string; async: () => Promise<string> }) =>
    middleware('reading', function* (request, next) {
      try {
        const text = yield* either(forms)
        expectTypeOf(text).toEqualTypeOf<string>()
        return request.path === '/' ? respond(200, [], text) : yield* next(request)
      } catch (error) {
        return respond(502, [], (error as Error).message)
      }
    })

  it('runs the form that fits the app', async () => {
    const app = reading({ sync: () => 'sync', async: () => later('async') })(appOf(style))
    expect(await answerOf(app)).toBe(style.startsWith('sync') ? '200 sync' : '200 async')
  })

  it('throws the error of its form', async () => {
    const bug = (): never => {
      throw new Error('a bug')
    }
    expect(await answerOf(reading({ sync: bug, async: bug })(appOf(style)))).toBe('502 a bug')
  })
})

describe('within()', () => {
  const outer = new AsyncLocalStorage<string>()
  const inner = new AsyncLocalStorage<string>()

  /** Sets both storages, and notes their values after next(). */
  const setting = (value: string, notes: unknown[]) =>
    middleware('setting', function* (request, next) {
      const step = within(outer, value, within(inner, `${value}!`, next(request)))
      const response = yield* step
      notes.push([value, outer.getStore(), inner.getStore()])
      return response
    })
  const looking = (notes: unknown[]) =>
    middleware('looking', function* (request, next) {
      notes.push(['in', outer.getStore(), inner.getStore()])
      const response = yield* next(request)
      notes.push(['out', outer.getStore(), inner.getStore()])
      return response
    })
  const look = () => `${outer.getStore()} ${inner.getStore()}`

  const apps: Record<string, App> = {
    'sync array': sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return [look()]
    }),
    'sync generator': sync(function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield `${look()} `
      yield look()
    }),
    iterable: iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield `${await later(look())} `
      yield look()
    }),
    events: events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await later(undefined)
      // The context of the app does not reach the middleware with the response.
      const body = look()
      await outer.run('app', () => send({ type: 'http.response.body', body }))
    }),
  }

  it.each(Object.keys(apps))('is seen inside, by middleware and a %s app', async (name) => {
    const notes: unknown[] = []
    const app = chain(looking(notes), setting('a', notes), looking(notes), setting('b', notes))
    const answer = await answerOf(app(apps[name] as App))
    expect(answer).toMatch(name === 'events' ? '200 b b!' : /^200 b b!( b b!)?$/)
    expect(notes).toEqual([
      ['in', undefined, undefined],
      ['in', 'a', 'a!'],
      ['b', 'a', 'a!'],
      ['out', 'a', 'a!'],
      ['a', undefined, undefined],
      ['out', undefined, undefined],
    ])
  })

  it('holds across waits, and ends after the yield*', async () => {
    const notes: unknown[] = []
    const waiting = middleware('waiting', function* (request, next) {
      yield* wait(later(1))
      notes.push(outer.getStore())
      const response = yield* next(request)
      yield* wait(later(1))
      notes.push(outer.getStore())
      return response
    })
    const app = chain(waiting, setting('a', notes), waiting)(apps['events'] as App)
    expect(await answerOf(app)).toBe('200 a a!')
    expect(notes).toEqual([undefined, 'a', 'a', ['a', undefined, undefined], undefined])
    expect(outer.getStore()).toBeUndefined()
  })

  it('a value that a middleware enters, or that is set around the chain, holds after next()', async () => {
    const notes: unknown[] = []
    const entering = middleware('entering', function* (request, next) {
      outer.enterWith('entered')
      const response = yield* next(request)
      notes.push(outer.getStore(), inner.getStore())
      return response
    })
    for (const name of ['sync array', 'events']) {
      expect(
        await inner.run('around', () => answerOf(chain(entering, looking([]))(apps[name] as App))),
      ).toBe('200 entered around')
    }
    expect(notes).toEqual(['entered', 'around', 'entered', 'around'])
  })

  it('is seen in a pool thread to which the storage is carried', async () => {
    const tenancy = middleware('tenancy', function* (request, next) {
      const response = yield* within(tenant, request.queryString, next(request))
      response.headers.set('x-behind', String(tenant.getStore()))
      return response
    })
    await using server = await hosted(chain(tenancy)(pooled('context', 'carried')))
    expect(JSON.parse(await ask(server, { target: '/?acme' }))).toEqual(['acme', null])
  })

  it('is seen by a chain inside a pool thread', async () => {
    await using server = await hosted(pooled('chained', 'app'))
    expect(await ask(server, { target: '/?acme' })).toBe('acme hello')
  })
})

function run(app: SyncApp): string {
  let text = ''
  for (const chunk of app(makeEnviron(), () => () => undefined)) text += chunk as string
  return text
}

function failureOfSync(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('the first storage that is used in a process', () => {
  it.each([
    ['app', 'nothing'],
    ['middleware', 'of the middleware'],
    ['server', 'of the server'],
  ])('is used by the %s: a middleware that goes on sees %s', async (who, seen) => {
    const script = fileURLToPath(new URL('first-context.ts', import.meta.url))
    const words = ['--import', 'tsx', script, who]
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 10_000 })
    expect(stdout.trim()).toBe(seen)
  })
})
