import { AsyncLocalStorage } from 'node:async_hooks'
import { currentRequest, events, sync, toEvents } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { view } from '../fixtures/threads/behaviour-context.ts'
import { basket, tenant } from '../fixtures/threads/behaviour-carried.ts'
import { ask, hosted, pooled } from './behaviour-host.ts'
import type { EventApp, HttpScope, ThreadOptions } from 'isthmus'
import type { Request } from '../conformance/host.ts'
import type { Served } from '../raw/served.ts'

const context = (name: string, options: ThreadOptions = {}): EventApp =>
  pooled('context', name, options)

/** Runs `around` for every request, and lifespan as it is. */
function wrapped(
  app: EventApp,
  around: (scope: HttpScope, next: () => Promise<void>) => Promise<void>,
): EventApp {
  return events((scope, receive, send) => {
    const next = (): Promise<void> => app(scope, receive, send)
    return scope.type === 'http' ? around(scope, next) : next()
  })
}

const askJson = async (server: Served, request?: Request): Promise<unknown> =>
  JSON.parse(Buffer.from(await ask(server, request), 'latin1').toString()) as unknown

describe('[3c.28] the context of a request', () => {
  it('has its id, its trace parent and its deadline', async () => {
    await using server = await hosted(context('current', { timeoutMs: 20_000 }))
    const before = Date.now()
    const headers: Request['headers'] = [
      ['x-request-id', 'a1'],
      ['traceparent', '00-1-2-01'],
    ]
    const seen = (await askJson(server, { headers })) as { deadline: number }
    expect(seen).toEqual({ requestId: 'a1', traceparent: '00-1-2-01', deadline: seen.deadline })
    expect(seen.deadline).toBeGreaterThanOrEqual(before + 20_000)
    expect(seen.deadline).toBeLessThanOrEqual(Date.now() + 20_000)
  })

  it('has no deadline without a time limit, and is undefined on the event loop', async () => {
    await using server = await hosted(context('current', { timeoutMs: Infinity }))
    expect(await askJson(server)).toEqual({})
    expect(currentRequest()).toBeUndefined()
  })

  it('has the registered values of its own request while others run', async () => {
    const app = wrapped(context('carried'), ({ queryString }, next) =>
      tenant.run(queryString, () => basket.run({ of: [queryString] }, next)),
    )
    await using server = await hosted(app)
    const names = Array.from({ length: 20 }, (_, index) => `t${index}`)
    const seen = await Promise.all(names.map((name) => askJson(server, { target: `/?${name}` })))
    expect(seen).toEqual(names.map((name) => [name, { of: [name] }]))
  })

  it('has no value that was set for another one', async () => {
    const app = wrapped(context('carried'), ({ queryString }, next) =>
      queryString === '' ? next() : tenant.run(queryString, next),
    )
    await using server = await hosted(app)
    expect(await askJson(server, { target: '/?t' })).toEqual(['t', null])
    expect(await askJson(server)).toEqual([null, null])
  })

  it('ends with the request, even if enterWith() has set it', async () => {
    await using server = await hosted(context('entering'))
    expect(await askJson(server)).toEqual([null, null])
    expect(await askJson(server)).toEqual([null, null])
  })

  it('refuses the request when a registered value cannot cross, and no other', async () => {
    const app = wrapped(context('carried'), ({ queryString }, next) =>
      basket.run(queryString === 'bad' ? { pay: () => undefined } : 'good', next),
    )
    await using server = await hosted(app)
    expect(await ask(server, { target: '/?bad' })).toBe('Internal Server Error\n')
    expect(server.lines.join()).toContain(
      'the value carried as "basket" cannot cross into a thread',
    )
    expect(await askJson(server)).toEqual([null, 'good'])
  })

  it('is there in wraps of receive and send', async () => {
    const current = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const pool = context('carried')
    const app = events((scope, receive, send) => {
      if (scope.type !== 'http') return pool(scope, receive, send)
      return current.run(scope.queryString, () =>
        pool(scope, receive, (event) => {
          seen.push(current.getStore())
          return send(event)
        }),
      )
    })
    await using server = await hosted(app)
    await ask(server, { target: '/?one' })
    await ask(server, { target: '/?two' })
    expect(new Set(seen.slice(0, seen.length / 2))).toEqual(new Set(['one']))
    expect(new Set(seen.slice(seen.length / 2))).toEqual(new Set(['two']))
  })
})

describe('the environ in a thread', () => {
  it('[3c.1] [3c.34] is that of an inline app', async () => {
    const request: Request = {
      method: 'POST',
      target: '/caf%C3%A9/a%2Fb?q=%E2%82%AC',
      headers: [
        ['x-twice', '1'],
        ['x-twice', 'caf\xe9'],
        ['cookie', 'a=1'],
        ['content-type', 'text/x'],
      ],
      body: 'hello',
    }
    const options = { rootPath: '/root', sync: { environ: { DESK: 'main' } } }
    await using inline = await hosted(toEvents(sync(view)), options)
    await using inThread = await hosted(context('view'), options)
    const expected = (await askJson(inline, request)) as Record<string, unknown>
    const seen = (await askJson(inThread, request)) as Record<string, unknown>
    const apart = { REMOTE_PORT: '', SERVER_PORT: '', HTTP_HOST: '', 'wsgi.errors': '' }
    expect({ ...seen, ...apart }).toEqual({ ...expected, ...apart })
    expect(seen).toMatchObject({ DESK: 'main', SCRIPT_NAME: '/root', HTTP_X_TWICE: '1,caf\xe9' })
  })

  it('[3c.4] has the values that middleware has added to the scope, if they are data', async () => {
    const app = wrapped(context('scopeKeys'), (scope, next) => {
      Object.assign(scope, { user: { id: 7 }, logout: () => undefined, 'isthmus.environ': {} })
      return next()
    })
    await using server = await hosted(app)
    const keys = (await askJson(server)) as string[]
    expect(keys).toContain('user')
    expect(keys).not.toContain('logout')
    expect(keys).not.toContain('isthmus.environ')
  })

  it('[3c.1] is 404 for a path outside of its mount', async () => {
    const app = wrapped(context('view'), (scope, next) => {
      scope.rootPath = '/elsewhere'
      return next()
    })
    await using server = await hosted(app)
    expect(await ask(server)).toBe('Not Found\n')
  })
})

describe("[3b.64] lifespan's state in a thread", () => {
  /** Leaves `state` at startup; `more` is added to that of each request, by its query. */
  function leaving(
    app: EventApp,
    state: Record<string, unknown>,
    more: Record<string, Record<string, unknown>> = {},
  ): EventApp {
    return events((scope, receive, send) => {
      const added = scope.type === 'lifespan' ? state : more[scope.queryString]
      Object.assign(scope.state, added)
      return app(scope, receive, send)
    })
  }

  it('arrives if it is data; the log names each other key once', async () => {
    const state = { theatre: 'Globe', seats: new Map([[12, 'free']]).size, db: { query: () => 1 } }
    await using server = await hosted(leaving(context('state', { max: 2, min: 2 }), state))
    const seen = await Promise.all(Array.from({ length: 6 }, () => askJson(server)))
    expect(seen).toEqual(Array.from({ length: 6 }, () => ({ theatre: 'Globe', seats: 1 })))
    expect(server.lines.filter((line) => line.includes('cannot cross'))).toEqual([
      'warn: a value of scope.state cannot cross into threads: it is left out there',
    ])
  })

  it('is a copy for each request', async () => {
    await using server = await hosted(leaving(context('addingToState'), { theatre: 'Globe' }))
    expect(await askJson(server)).toEqual(['theatre'])
    expect(await askJson(server)).toEqual(['theatre'])
  })

  it('is there in a thread that takes the place of another', async () => {
    await using server = await hosted(leaving(context('state', { maxRequests: 1 }), { a: [1] }))
    expect(await askJson(server)).toEqual({ a: [1] })
    expect(await askJson(server)).toEqual({ a: [1] })
  })

  it('has the values that middleware adds for that request, and no others', async () => {
    const more = { ann: { user: 'Ann' }, bob: { user: 'Bob', a: 2 } }
    await using server = await hosted(leaving(context('state'), { a: 1 }, more))
    const targets = ['/?ann', '/', '/?bob', '/?ann', '/']
    const seen = await Promise.all(targets.map((target) => askJson(server, { target })))
    expect(seen).toEqual([
      { a: 1, user: 'Ann' },
      { a: 1 },
      { a: 2, user: 'Bob' },
      { a: 1, user: 'Ann' },
      { a: 1 },
    ])
  })
})
