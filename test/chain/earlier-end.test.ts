// request.with({ signal }), used as an outside author uses it: the inner app gets an earlier end.

import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import { chain } from '../../src/chain/chain.ts'
import { until } from '../../src/chain/effects.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { respond } from '../../src/chain/response.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { Host, httpScope, turn } from '../bridge/host.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { answerOf, clientOf } from './styles.ts'
import type { AbortSignalLike } from '../../src/chain/interruption.ts'
import type { ExchangeContext, HttpScope } from '../../src/contract/events.ts'

/** Gives the app an end at `signal`. */
const ending = (signal: AbortSignalLike) =>
  middleware('ending', function* (request, next) {
    return yield* next(request.with({ signal }))
  })

/** Gives up the app at `signal`, and answers itself. */
const givingUp = (signal: AbortSignalLike) =>
  middleware('giving up', function* (request, next) {
    try {
      return yield* until(signal, next(request.with({ signal })))
    } catch (error) {
      return respond(503, [], String(error))
    }
  })

/** Runs `look` inside of an event app, with the exchange of the app. */
const looking = (look: (exchange: ExchangeContext) => unknown) =>
  events(async (scope, _receive, send) => {
    await look((scope as HttpScope)['isthmus.exchange'] as ExchangeContext)
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'ok' })
  })

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason))
  })

describe('the signal of the app', () => {
  it('is aborted with the given one, around an event app', async () => {
    const controller = new AbortController()
    let reason: unknown
    const app = looking(async ({ signal }) => {
      controller.abort('enough')
      reason = await aborted(signal)
    })
    expect(await answerOf(ending(controller.signal)(app))).toBe('200 ok')
    expect(reason).toBe('enough')
  })

  it('is aborted with the given one, around an iterable app, which is stopped', async () => {
    const controller = new AbortController()
    let reason: unknown
    const app = iterable(async function* (environ, startResponse) {
      controller.abort('enough')
      reason = await aborted(environ['isthmus.signal'] as AbortSignal)
      startResponse('200 OK', [])
      yield 'never sent'
    })
    expect(await answerOf(givingUp(controller.signal)(app))).toBe('503 enough')
    expect(reason).toBe('enough')
  })

  it('is aborted with the given one, around a sync app between two chunks', async () => {
    const controller = new AbortController()
    const outer = new AbortController()
    const seen: unknown[] = []
    const app = sync(function* (environ, startResponse) {
      const signal = environ['isthmus.signal'] as AbortSignal
      startResponse('200 OK', [])
      seen.push(signal.aborted)
      yield 'a'
      seen.push(signal.aborted, signal.reason, environ['isthmus.signal'] === signal)
      yield 'b'
    })
    const environ = makeEnviron({ 'isthmus.signal': outer.signal })
    const body = ending(controller.signal)(app)(environ, () => () => undefined)
    const iterator = body[Symbol.iterator]()
    iterator.next()
    controller.abort('enough')
    iterator.next()
    expect(seen).toEqual([false, true, 'enough', true])
    expect(outer.signal.aborted).toBe(false)
  })

  it('is aborted with the outer one, around a sync app', () => {
    const outer = new AbortController()
    let signal: AbortSignal | undefined
    const app = sync((environ, startResponse) => {
      signal = environ['isthmus.signal']
      startResponse('200 OK', [])
      return []
    })
    const environ = makeEnviron({ 'isthmus.signal': outer.signal })
    ending(new AbortController().signal)(app)(environ, () => () => undefined)
    outer.abort('gone')
    expect([signal?.aborted, signal?.reason]).toEqual([true, 'gone'])
  })

  it('is aborted with the outer one when the client leaves', async () => {
    let reason: unknown
    const app = looking(async ({ signal }) => {
      reason = await aborted(signal)
    })
    const host = new Host()
    const run = host.run(ending(new AbortController().signal)(app)).catch(() => undefined)
    await turn()
    host.leave()
    await run
    expect(reason).toMatchObject({ code: 'ECONNRESET' })
  })

  it('is aborted already if the given one is', async () => {
    let seen: unknown
    const app = looking(({ signal }) => (seen = [signal.aborted, signal.reason]))
    expect(await answerOf(ending(AbortSignal.abort('before'))(app))).toBe('200 ok')
    expect(seen).toEqual([true, 'before'])
  })

  it('is the earliest of several', async () => {
    const [one, other] = [new AbortController(), new AbortController()]
    let reason: unknown
    const app = looking(async ({ signal }) => {
      other.abort('the other')
      reason = await aborted(signal)
    })
    await answerOf(chain(ending(one.signal), ending(other.signal))(app))
    expect(reason).toBe('the other')
  })

  it('ends a WebSocket app that waits for its signal', async () => {
    const controller = new AbortController()
    const told = deferred<unknown>()
    const app = websocket(async (socket) => {
      await socket.send('open')
      told.resolve(await aborted(socket.signal))
    })
    await using client = await clientOf(ending(controller.signal)(app))
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('open')
    controller.abort('enough')
    expect(await told.promise).toBe('enough')
  })

  it('may be less than an AbortSignal', async () => {
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      reason: 'enough',
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_type: 'abort', listener: () => void) =>
        void listeners.delete(listener),
    }
    let reason: unknown
    const app = looking(async (exchange) => {
      const waiting = aborted(exchange.signal)
      for (const listener of listeners) listener()
      reason = await waiting
    })
    expect(await answerOf(ending(signal)(app))).toBe('200 ok')
    expect(reason).toBe('enough')
  })
})

describe('a signal that is less than an AbortSignal', () => {
  it('has no listener left after the exchange', async () => {
    const listeners = new Set<() => void>()
    const like: AbortSignalLike = {
      aborted: false,
      reason: undefined,
      addEventListener: (_type, listener) => void listeners.add(listener),
      removeEventListener: (_type, listener) => void listeners.delete(listener),
    }
    const counts: number[] = []
    const event = looking(({ signal }) => {
      counts.push(Number(signal.aborted), listeners.size)
    })
    const classic = sync((environ, startResponse) => {
      counts.push(Number(environ['isthmus.signal']?.aborted), listeners.size)
      startResponse('200 OK', [])
      return ['ok']
    })
    expect(await answerOf(ending(like)(event))).toBe('200 ok')
    expect(await answerOf(ending(like)(classic))).toBe('200 ok')
    expect(counts).toEqual([0, 1, 0, 1])
    expect(listeners.size).toBe(0)
  })
})

describe('onDisconnect of the app', () => {
  it('calls back once, at the abort', async () => {
    const controller = new AbortController()
    const host = new Host()
    let calls = 0
    const app = looking((exchange) => {
      exchange.onDisconnect(() => (calls += 1))
      controller.abort()
      host.leave()
    })
    await host.run(ending(controller.signal)(app)).catch(() => undefined)
    expect(calls).toBe(1)
  })

  it('calls back once, when the client leaves before', async () => {
    const controller = new AbortController()
    const host = new Host()
    let calls = 0
    const app = looking((exchange) => {
      exchange.onDisconnect(() => (calls += 1))
      host.leave()
      controller.abort()
    })
    await host.run(ending(controller.signal)(app)).catch(() => undefined)
    expect(calls).toBe(1)
  })

  it('calls back at once after the abort', async () => {
    let calls = 0
    const app = looking((exchange) => exchange.onDisconnect(() => (calls += 1)))
    await answerOf(ending(AbortSignal.abort())(app))
    expect(calls).toBe(1)
  })

  it('logs the error of a callback, and calls the others', async () => {
    const controller = new AbortController()
    const host = new Host()
    let calls = 0
    const app = looking((exchange) => {
      exchange.onDisconnect(() => {
        throw new Error('a bug')
      })
      exchange.onDisconnect(() => (calls += 1))
      controller.abort()
    })
    await host.run(ending(controller.signal)(app))
    expect(calls).toBe(1)
    expect(host.log.lines).toEqual(['error: a callback of the exchange failed'])
  })

  it('leaves no listener on the given signal after the exchange', async () => {
    const { signal } = new AbortController()
    let during = 0
    const app = looking((exchange) => {
      exchange.onDisconnect(() => undefined)
      during = getEventListeners(signal, 'abort').length
    })
    expect(await answerOf(ending(signal)(app))).toBe('200 ok')
    await turn()
    expect([during, getEventListeners(signal, 'abort').length]).toEqual([1, 0])
  })
})

describe('the exchange of the app', () => {
  it('has all other members of the outer one, also those that come later', async () => {
    const host = new Host()
    const outer = Object.assign(host.connection, {
      future() {
        return this === outer
      },
      flag: 7,
    })
    let seen: unknown
    const app = looking((exchange) => {
      const { log, hosting } = exchange
      const grown = exchange as unknown as typeof outer
      exchange.onShutdown(() => undefined)
      seen = [log === host.log, hosting === outer.hosting, grown.future(), grown.flag]
    })
    await host.run(ending(new AbortController().signal)(app))
    expect(seen).toEqual([true, true, true, 7])
  })

  it('is another one outside: the outer scope stays the same', async () => {
    const host = new Host()
    const signals: AbortSignal[] = []
    const outside = middleware('outside', function* (request, next) {
      const response = yield* next(request)
      const exchange = request.scope?.['isthmus.exchange']
      if (exchange) signals.push(exchange.signal)
      return response
    })
    const app = looking(({ signal }) => signals.push(signal))
    await host.run(chain(outside, ending(AbortSignal.abort()))(app))
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
  })

  it('is missing under a host without one', async () => {
    const { receive, send } = new Host()
    let seen: unknown = 'not called'
    const app = looking((exchange) => (seen = exchange))
    await ending(AbortSignal.abort())(app)(httpScope(), receive, send)
    expect(seen).toBeUndefined()
  })
})

describe('with until()', () => {
  it('gives up the response, and tells the app', async () => {
    const controller = new AbortController()
    const told = deferred<unknown>()
    const app = looking(async ({ signal }) => {
      controller.abort('enough')
      told.resolve(await aborted(signal))
      await turn()
    })
    expect(await answerOf(givingUp(controller.signal)(app))).toBe('503 enough')
    expect(await told.promise).toBe('enough')
  })
})
