// A chain: one order, one style, and a refusal of each wrap that cannot run in its place.

import { describe, expect, expectTypeOf, it } from 'vitest'
import { toEvents } from '../../src/bridge/to-events.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events, styleOf, sync } from '../../src/bridge/style.ts'
import { AppError } from '../../src/errors.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { classicWrap, eventWrap } from '../../src/chain/wrap.ts'
import { threadedMiddleware } from '../../src/hosting/threaded-middleware.ts'
import { ask, fixture, hosted } from '../hosting/behaviour-host.ts'
import { answerOf, appOf, clientOf, STYLES } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { IterableApp, SyncApp } from '../../src/contract/environ.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { ChainResponse } from '../../src/chain/response.ts'
import type { Wrap } from '../../src/chain/wrap.ts'

/** Notes when the request passes it, and when the response does. */
function noting(name: string, notes: string[]): Wrap {
  return middleware(name, function* (request, next) {
    notes.push(`> ${name}`)
    const response = yield* next(request)
    notes.push(`< ${name}`)
    response.headers.append('x-via', name)
    return response
  })
}

const shout = middleware('shout', function* (request, next) {
  return yield* next(request)
})

/** An event wrap that notes. */
const notingEvents =
  (name: string, notes: string[]) =>
  (app: EventApp): EventApp =>
  async (scope, receive, send) => {
    notes.push(`> ${name}`)
    await app(scope, receive, (event) => {
      if (event.type === 'http.response.start') notes.push(`< ${name}`)
      return send(event)
    })
  }

/** A classic wrap that notes. */
const notingSync =
  (name: string, notes: string[]) =>
  (app: SyncApp): SyncApp =>
  (environ, startResponse) => {
    notes.push(`> ${name}`)
    return app(environ, (status, headers, excInfo) => {
      notes.push(`< ${name}`)
      return startResponse(status, headers, excInfo)
    })
  }

function messageOf(compose: () => unknown): string {
  try {
    compose()
  } catch (error) {
    if (error instanceof AppError) return error.message
    throw error
  }
  return 'nothing was thrown'
}

describe('a chain', () => {
  for (const style of STYLES) {
    it(`runs the first one outermost, around a ${style} app`, async () => {
      const notes: string[] = []
      const app = appOf(style, { onCall: () => notes.push('app') })
      const wrapped = chain(noting('a', notes), noting('b', notes), noting('c', notes))(app)
      await using client = await clientOf(wrapped)
      const response = await client.get('/')
      expect(notes).toEqual(['> a', '> b', '> c', 'app', '< c', '< b', '< a'])
      expect(response.headers.getAll('x-via')).toEqual(['c', 'b', 'a'])
      expect(response.text()).toBe('hello')
    })

    it(`keeps the style of a ${style} app`, () => {
      const app = appOf(style)
      expect(styleOf(chain(shout)(app)).style).toBe(styleOf(app).style)
    })
  }

  it('without middleware is the app itself', () => {
    for (const style of STYLES) {
      const app = appOf(style)
      expect(chain()(app)).toBe(app)
    }
  })

  it('may be part of a chain, and a middleware may wrap an app by itself', async () => {
    const notes: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map((name) => noting(name, notes)) as [Wrap, Wrap, Wrap]
    await answerOf(chain(a, chain(b, c))(appOf('events')))
    await answerOf(a(chain(b)(c(appOf('sync generator')))))
    const once = ['> a', '> b', '> c', '< c', '< b', '< a']
    expect(notes).toEqual([...once, ...once])
  })

  it('stands around mounted apps of all styles, and around a table', async () => {
    const table = {
      '/sync': appOf('sync generator', { chunks: ['sync'] }),
      '/live': appOf('events', { chunks: ['live'] }),
      '/': appOf('iterable', { chunks: ['iterable'] }),
    }
    for (const app of [chain(shout)(table), chain(shout)(mount(table))]) {
      expect(styleOf(app).style).toBe('events')
      const answers = [await answerOf(app, '/sync'), await answerOf(app, '/live')]
      expect([...answers, await answerOf(app)]).toEqual(['200 sync', '200 live', '200 iterable'])
    }
  })

  it('has the type of the app that it wraps, and infers the type of the response of next', () => {
    const wrap = chain(shout)
    expectTypeOf(wrap(appOf('events') as EventApp)).toEqualTypeOf<EventApp>()
    expectTypeOf(wrap(appOf('sync array') as SyncApp)).toEqualTypeOf<SyncApp>()
    expectTypeOf(wrap(appOf('iterable') as IterableApp)).toEqualTypeOf<IterableApp>()
    expectTypeOf(wrap({ '/': appOf('events') })).toEqualTypeOf<EventApp>()
    middleware('typed', function* (request, next) {
      const response = yield* next(request)
      expectTypeOf(response).toEqualTypeOf<ChainResponse>()
      return response
    })
    expect(wrap).toBeTypeOf('function')
  })

  it('[3c.33] hands over once for each change of kind, for any number of adjacent middleware', async () => {
    const notes: string[] = []
    const spied = eventWrap((app) =>
      events(async (scope, receive, send) => {
        notes.push('crossed')
        await app(scope, receive, send)
      }),
    )
    const many = Array.from({ length: 5 }, () => shout)
    // The app gets the receive of the server and, after the first event, the promises of the server.
    let own: unknown
    const inner = events(async (_scope, receive, send) => {
      own = receive
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'x' })
    })
    const app = chain(...many, spied, ...many)(inner)
    let given: unknown
    await answerOf(
      events(async (scope, receive, send) => {
        given = receive
        await app(scope, receive, send)
      }),
    )
    expect(notes).toEqual(['crossed'])
    expect(own).toBe(given)
  })
})

describe('the kinds of middleware', () => {
  it('can be mixed: event wraps around apps that await, classic wraps around sync apps', async () => {
    const notes: string[] = []
    const around = chain(noting('a', notes), notingEvents('b', notes), noting('c', notes))
    await answerOf(around(appOf('events')))
    await answerOf(around(appOf('iterable')))
    const classic = chain(noting('a', notes), notingSync('b', notes), noting('c', notes))
    await answerOf(classic(appOf('sync generator')))
    const once = ['> a', '> b', '> c', '< c', '< b', '< a']
    expect(notes).toEqual([...once, ...once, ...once])
  })

  it('follow from the app that a wrap returns, or from its brand, which wins', async () => {
    const variadic = eventWrap(
      (app) =>
        (...call) =>
          app(...call),
    )
    const restOf = classicWrap(
      (app) =>
        (...call) =>
          app(...call),
    )
    expect(await answerOf(chain(variadic)(appOf('events')))).toBe('200 hello')
    expect(await answerOf(chain(restOf)(appOf('sync array')))).toBe('200 hello')
  })
})

describe('threadedMiddleware() in a chain', () => {
  it('[3c.33] is an event wrap: a request crosses into its thread once, and back', async () => {
    const notes: string[] = []
    const shouting = threadedMiddleware(fixture('wraps'), { max: 1, export: 'shouting' })
    const many = [noting('a', notes), shout, shout]
    const inner = appOf('events', { onCall: () => notes.push('app') }) as EventApp
    const app = chain(...many, shouting, ...many)(inner)
    await using server = await hosted(app)
    expect(await ask(server)).toBe('HELLO')
    expect(notes).toEqual(['> a', '> a', 'app', '< a', '< a'])
  })
})

describe('a chain refuses, when it is put around an app,', () => {
  const classic: (app: SyncApp) => SyncApp = (app) => {
    return function shouting(environ, startResponse) {
      return app(environ, startResponse)
    }
  }

  it('a classic wrap around an app that awaits, and names threadedMiddleware()', () => {
    for (const wrap of [classic, classicWrap(classic)]) {
      for (const style of ['events', 'iterable'] as const) {
        expect(messageOf(() => chain(shout, wrap)(appOf(style)))).toBe(
          'chain(): the classic wrap "classic" cannot wrap an app that awaits, on the event loop; ' +
            "host it in threads: threadedMiddleware(new URL('./its-module.js', import.meta.url))",
        )
      }
    }
  })

  it('an event wrap around a sync app, and names the way to the event loop', () => {
    const timing: (app: EventApp) => EventApp = (app) => (scope, receive, send) =>
      app(scope, receive, send)
    for (const wrap of [timing, eventWrap(timing)]) {
      expect(messageOf(() => chain(wrap)(appOf('sync array')))).toBe(
        'chain(): the event wrap "timing" cannot wrap a sync app, which stays sync; ' +
          'make an event app of it first: chain(…)(toEvents(app)) or chain(…)(threads(…))',
      )
    }
    expect(() => chain(timing)(toEvents(appOf('sync array')))).not.toThrow()
  })

  it('a wrap that does not return an app, and an argument that is not a function', () => {
    const nothing = (() => undefined) as unknown as (app: SyncApp) => SyncApp
    expect(messageOf(() => chain(nothing)(appOf('sync array')))).toMatch(/an app is a function/)
    const factory = undefined as unknown as Wrap
    expect(messageOf(() => chain(shout, factory))).toMatch(/^chain\(\): argument 2 is undefined/)
    expect(messageOf(() => chain(shout)(7 as unknown as App))).toMatch(/an app is a function/)
  })

  it('a middleware that is not a generator, when it is made', () => {
    const made = (run: unknown) => () => middleware('auth', run as never)
    for (const run of [async () => respond(200), async function* () {}, () => respond(200), 7]) {
      expect(messageOf(made(run))).toMatch(/^middleware "auth" must be a generator: function\*/)
    }
  })
})

describe('lifespan', () => {
  it('passes unchanged, without a call of any middleware', async () => {
    const calls: unknown[][] = []
    const notes: string[] = []
    const app = events(async (...call) => void calls.push(call))
    const call = [{ type: 'lifespan' }, () => undefined, () => undefined]
    await chain(noting('a', notes), shout)(app)(...(call as unknown as Parameters<EventApp>))
    expect(notes).toEqual([])
    for (const [at, part] of call.entries()) expect(calls[0]?.[at]).toBe(part)
  })

  it('starts and stops the app inside, and each request has its state', async () => {
    const seen: unknown[] = []
    const app = events(async (scope, receive, send) => {
      if (scope.type === 'http') {
        await send({ type: 'http.response.start', status: 200 })
        return send({ type: 'http.response.body', body: String(scope.state['db']) })
      }
      for await (const { type } of receive) {
        seen.push(type)
        scope.state['db'] = 'open'
        await send({ type: `${type as 'lifespan.startup'}.complete` })
      }
    })
    await using client = await clientOf(chain(shout)(app), { lifespan: 'on' })
    expect((await client.get('/')).text()).toBe('open')
    expect(seen).toEqual(['lifespan.startup'])
  })

  it('of a sync app completes at once', async () => {
    await using client = await clientOf(chain(shout)(sync(() => [])), { lifespan: 'on' })
    expect(client.state).toEqual({})
  })
})
