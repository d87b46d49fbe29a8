// timeout(): a response that begins in time, and one that does not.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { until, wait } from '../../src/chain/effects.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { timeout } from '../../src/middleware/timeout.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf, Host, recordingLog, turn } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { eventually, pooled } from '../hosting/behaviour-host.ts'
import type { App } from '../../src/bridge/style.ts'
import type { TimeoutOptions } from '../../src/middleware/timeout.ts'

const SOON = { timeoutMs: 30 }
// A thread that starts beside other tests can take long.
const START_MS = 60_000

async function statusOf(app: App): Promise<number> {
  await using client = await testClient(app, { raiseAppErrors: false, lifespan: 'off' })
  return (await client.get('/')).status
}

describe('a response in time', () => {
  it('is the same as without timeout(), in every style', async () => {
    const whole = sync((_environ, startResponse) => {
      startResponse('201 Created', [])
      return ['x']
    })
    const awaiting = iterable(async (_environ, startResponse) => {
      startResponse('201 Created', [])
      return ['x']
    })
    expect([await statusOf(timeout()(whole)), await statusOf(timeout()(awaiting))]).toEqual([
      201, 201,
    ])
  })

  it('may stream for longer than the limit', async () => {
    const gate = deferred()
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'begun '
      await gate.promise
      yield 'and done'
    })
    await using client = await testClient(timeout(SOON)(app))
    await using response = await client.stream('GET', '/')
    expect(Buffer.from((await response.read()) ?? []).toString()).toBe('begun ')
    await sleep(60)
    gate.resolve()
    expect(Buffer.from((await response.read()) ?? []).toString()).toBe('and done')
  })
})

describe('a response that is late', () => {
  it('is given up while the app still works, and the app is told', async () => {
    const told = deferred<string>()
    const app = events(async (scope, _receive, send) => {
      if (scope.type !== 'http') return
      const connection = scope['isthmus.exchange']
      connection?.onDisconnect(() => told.resolve(String(connection.signal.aborted)))
      await told.promise
      const failure = await failureOf(send({ type: 'http.response.start', status: 200 }))
      expect(failure).toMatchObject({ code: 'ECONNRESET' })
    })
    expect(await statusOf(timeout(SOON)(app))).toBe(504)
    expect(await told.promise).toBe('true')
  })

  it('is given up even if the app fails when it is told; the log has the failure', async () => {
    const app = events(async (scope, receive) => {
      if (scope.type !== 'http') return
      scope['isthmus.exchange']?.onDisconnect(() => {
        throw new Error('not now')
      })
      while ((await receive()).type !== 'http.disconnect');
    })
    const log = recordingLog()
    const options = { log, raiseAppErrors: false, lifespan: 'off' } as const
    await using client = await testClient(timeout(SOON)(app), options)
    expect((await client.get('/')).status).toBe(504)
    expect(log.lines).toEqual([
      'error: a callback of the exchange failed',
      'warn: AppTimeoutError: timeout(): the response did not begin within 30 ms',
    ])
  })

  it('of a sync app is replaced when it comes', async () => {
    const app = sync((_environ, startResponse) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40)
      startResponse('200 OK', [])
      return ['late']
    })
    expect(await statusOf(timeout(SOON)(app))).toBe(504)
  })

  it(
    'of threads is given up in time, and their app is told',
    async () => {
      const app = timeout(SOON)(pooled('late', 'late'))
      await using client = await testClient(app, { raiseAppErrors: false, deadlineMs: START_MS })
      await using response = await client.stream('GET', '/late')
      expect(response.status).toBe(504)
      await response.finished()
      await eventually(async () => (await client.get('/')).text() === 'ClientDisconnectedError')
    },
    START_MS,
  )

  it(
    'of a chain in the thread itself is replaced there',
    async () => {
      await using client = await testClient(pooled('logged', 'late'), {
        raiseAppErrors: false,
        deadlineMs: START_MS,
      })
      expect((await client.get('/late')).status).toBe(504)
      expect((await client.get('/')).text()).toBe('there')
    },
    START_MS,
  )

  it('of an iterable app is given up in time, and its app is told', async () => {
    const told = deferred<unknown>()
    const app = iterable(async function* (environ, startResponse) {
      const { 'isthmus.signal': signal } = environ
      await sleep(9_000, undefined, { signal }).catch(() => told.resolve(signal?.reason))
      startResponse('200 OK', [])
      yield 'late'
    })
    await using client = await testClient(timeout(SOON)(app), { raiseAppErrors: false })
    expect((await client.get('/')).status).toBe(504)
    expect(await told.promise).toMatchObject({ code: 'ISTHMUS_APP_TIMEOUT' })
  })

  it('of a WebSocket denies the handshake', async () => {
    const app = websocket(async (socket) => {
      await sleep(5_000, undefined, { signal: socket.signal }).catch(() => undefined)
    })
    await using client = await testClient(timeout(SOON)(app), { raiseAppErrors: false })
    const denied = await failureOf(client.websocket('/'))
    expect(denied).toMatchObject({ response: { status: 504 } })
  })

  it('is an error that names the limit, for the outer middleware', async () => {
    const caught: unknown[] = []
    const outer = middleware('outer', function* (request, next) {
      try {
        return yield* next(request)
      } catch (error) {
        caught.push(error)
        return respond(418)
      }
    })
    const app = events(async (_scope, receive) => {
      for await (const event of receive) expect(event.type).not.toBe('')
    })
    expect(await statusOf(chain(outer, timeout(SOON))(app))).toBe(418)
    expect(caught).toEqual([
      expect.objectContaining({
        code: 'ISTHMUS_APP_TIMEOUT',
        message: 'timeout(): the response did not begin within 30 ms',
      }),
    ])
  })
})

describe('until()', () => {
  const untilAborted = (signal: AbortSignal) =>
    middleware('until', function* (request, next) {
      return yield* until(signal, next(request))
    })
  const hanging = events(async (_scope, receive) => {
    while ((await receive()).type !== 'http.disconnect');
  })

  it('runs the finally of the inner middleware, and forgets its wait', async () => {
    const controller = new AbortController()
    const steps: string[] = []
    const gate = deferred()
    const inner = middleware('inner', function* (request, next) {
      try {
        yield* wait(gate.promise)
        steps.push('never')
        return yield* next(request)
      } finally {
        steps.push('finally')
      }
    })
    const outer = middleware('outer', function* (request, next) {
      try {
        return yield* next(request)
      } catch (error) {
        steps.push(String(error))
        return respond(503)
      }
    })
    const host = new Host()
    const run = host.run(chain(outer, untilAborted(controller.signal), inner)(hanging))
    controller.abort('enough')
    await run
    gate.resolve()
    await turn()
    expect(steps).toEqual(['finally', 'enough'])
    expect(host.types).toEqual(['start', 'body'])
  })

  it('waits around a sync app, even if the signal is aborted', () => {
    const app = untilAborted(AbortSignal.abort('before'))(
      sync((_environ, startResponse) => {
        startResponse('200 OK', [])
        return ['there']
      }),
    )
    expect([...app(makeEnviron(), () => () => undefined)]).toEqual(['there'])
  })

  it('throws at once if the signal is aborted already', async () => {
    const host = new Host()
    const run = failureOf(host.run(untilAborted(AbortSignal.abort('before'))(hanging)))
    expect(await run).toBe('before')
  })

  it('ends with the first of several signals', async () => {
    const [one, other] = [new AbortController(), new AbortController()]
    const both = middleware('both', function* (request, next) {
      return yield* until(one.signal, until(other.signal, next(request)))
    })
    const host = new Host()
    const run = failureOf(host.run(both(hanging)))
    other.abort('the other')
    one.abort('the one')
    expect(await run).toBe('the other')
  })

  it('forgets the signals of the layers that it abandoned, and waits for the answer of another one', async () => {
    const [outer, inner] = [new AbortController(), new AbortController()]
    const patient = middleware('patient', function* (request, next) {
      try {
        return yield* until(outer.signal, next(request))
      } catch {
        inner.abort('nobody listens any more')
        yield* wait(turn())
        return respond(503)
      }
    })
    const app = events(async () => void (await once(outer.signal, 'abort')))
    const host = new Host()
    const run = host.run(chain(patient, untilAborted(inner.signal))(app))
    outer.abort('enough')
    await run
    expect(host.types).toEqual(['start', 'body'])
  })

  it('throws the error of an inner finally, in place of its reason', async () => {
    const controller = new AbortController()
    const notes: string[] = []
    const leave = (name: string): void => {
      notes.push(name)
      if (name === 'inner') throw new Error('a bug of the finally')
    }
    const cleaning = (name: string) =>
      middleware(name, function* (request, next) {
        try {
          return yield* next(request)
        } finally {
          leave(name)
        }
      })
    const host = new Host()
    const wrap = chain(untilAborted(controller.signal), cleaning('outer'), cleaning('inner'))
    const run = failureOf(host.run(wrap(hanging)))
    controller.abort('enough')
    expect(await run).toEqual(new Error('a bug of the finally'))
    expect(notes).toEqual(['inner', 'outer'])
  })

  it('ends a response that waits for an inner middleware', async () => {
    const controller = new AbortController()
    const never = deferred()
    const inner = middleware('inner', function* (request, next) {
      const response = yield* next(request)
      controller.abort('while it waits')
      yield* wait(never.promise)
      return response
    })
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'never seen' })
    })
    const host = new Host()
    const run = failureOf(host.run(chain(untilAborted(controller.signal), inner)(app)))
    expect([await run, host.sent]).toEqual(['while it waits', []])
  })

  it('does not change a response that came before', async () => {
    const controller = new AbortController()
    const outer = middleware('outer', function* (request, next) {
      const response = yield* until(controller.signal, next(request))
      controller.abort('too late')
      yield* wait(turn())
      return response
    })
    const app = iterable(async (_environ, startResponse) => {
      startResponse('200 OK', [])
      return ['there']
    })
    expect(await statusOf(outer(app))).toBe(200)
  })
})

describe('invalid options', () => {
  const refusals: Array<[unknown, RegExp]> = [
    [{ ms: 1 }, /timeout\(\): unknown option "ms"; the options are timeoutMs/],
    [{ timeoutMs: 0 }, /option "timeoutMs" cannot be 0: it is a number of milliseconds up to/],
    [{ timeoutMs: Infinity }, /option "timeoutMs" cannot be Infinity/],
    [{ timeoutMs: '5s' }, /option "timeoutMs" cannot be '5s'/],
    [{ timeoutMs: 60 * 86_400_000 }, /option "timeoutMs" cannot be 5184000000/],
  ]
  it.each(refusals)('%j are refused at creation', (options, message) => {
    expect(() => timeout(options as TimeoutOptions)).toThrow(message)
  })
})
