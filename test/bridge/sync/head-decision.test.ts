// The middleware of a chain around a sync app run before the body of a request is received.

import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { makeReceive } from '../../../src/async/receive.ts'
import { sync } from '../../../src/bridge/style.ts'
import { decisionByHead } from '../../../src/bridge/sync/head-decision.ts'
import { syncToEvents } from '../../../src/bridge/sync/sync-to-events.ts'
import { chain } from '../../../src/chain/chain.ts'
import { within } from '../../../src/chain/effects.ts'
import { middleware } from '../../../src/chain/middleware.ts'
import { respond } from '../../../src/chain/response.ts'
import { BodyTooLargeError, ClientDisconnectedError } from '../../../src/errors.ts'
import { failureOf, Host, httpScope } from '../host.ts'
import type { SyncApp } from '../../../src/contract/environ.ts'
import type { HttpScope } from '../../../src/contract/events.ts'
import type { Wrap } from '../../../src/chain/wrap.ts'

const post = (host: Host): HttpScope =>
  httpScope({
    method: 'POST',
    headers: [['transfer-encoding', 'chunked']],
    'isthmus.exchange': host.connection,
  })

const echo: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [])
  return [environ['wsgi.input'].read()]
}

/** Passes each request, and records its way. */
function recorder(steps: string[]): Wrap {
  return middleware('recorder', function* (request, next) {
    steps.push('in')
    request.onFinish(() => void steps.push('finish'))
    try {
      const response = yield* next(request)
      steps.push(`out ${response.status}`)
      return response
    } catch (error) {
      steps.push((error as { code: string }).code)
      throw error
    } finally {
      steps.push('finally')
    }
  })
}

const COMPLETE = {
  outcome: 'complete',
  status: 200,
  bytes: 8,
  code: undefined,
  error: undefined,
} as const

function bodyOf({ sent }: Host): string {
  const parts = sent.map((event) => (event.type === 'http.response.body' ? event.body : undefined))
  return parts.map((part) => Buffer.from(part ?? '').toString()).join('')
}

describe('the middleware of an inline sync app', () => {
  it('answer without a receive()', async () => {
    const host = new Host('body')
    const refusing = middleware('refusing', function* () {
      return respond(403, [], 'no')
    })
    const receive = makeReceive(() => Promise.reject(new Error('the body was received')))
    await syncToEvents(chain(recorder([]), refusing)(echo))(post(host), receive, host.send)
    expect(host.sent[0]).toMatchObject({ status: 403 })
    expect(bodyOf(host)).toBe('no')
  })

  it('run once, around the app and its whole body', async () => {
    const steps: string[] = []
    const host = new Host('a ', 'body')
    await host.run(syncToEvents(recorder(steps)(echo)), post(host))
    expect(steps).toEqual(['in', 'out 200', 'finally'])
    expect(bodyOf(host)).toBe('a body')
  })

  it('get the error of a body that is too long, and may answer', async () => {
    const steps: string[] = []
    const answering = middleware('answering', function* (request, next) {
      try {
        return yield* next(request)
      } catch (error) {
        return respond((error as BodyTooLargeError).status, [], 'too long')
      }
    })
    const host = new Host('body')
    const receive = makeReceive(() => Promise.reject(new BodyTooLargeError(1)))
    await syncToEvents(chain(answering, recorder(steps))(echo))(post(host), receive, host.send)
    expect(steps).toEqual(['in', 'ISTHMUS_BODY_TOO_LARGE', 'finally'])
    expect(host.sent[0]).toMatchObject({ status: 413 })
  })

  it('run to their end if the client leaves before the end of its body', async () => {
    const steps: string[] = []
    const host = new Host('a ', null)
    const running = host.run(syncToEvents(recorder(steps)(echo)), post(host))
    expect(await failureOf(running)).toBeInstanceOf(ClientDisconnectedError)
    expect(steps).toEqual(['in', 'ECONNRESET', 'finally'])
  })

  it('see the bytes of the body by onBody', async () => {
    let seen = ''
    const watching = middleware('watching', function* (request, next) {
      const onBody = (bytes: Uint8Array): void => void (seen += Buffer.from(bytes).toString())
      return yield* next(request.with({ onBody }))
    })
    const host = new Host('a ', 'body')
    await host.run(syncToEvents(watching(echo)), post(host))
    expect([seen, bodyOf(host)]).toEqual(['a body', 'a body'])
  })

  it('give their async context to the app', async () => {
    const storage = new AsyncLocalStorage<string>()
    const entering = middleware('entering', function* (request, next) {
      return yield* within(storage, 'inside', next(request))
    })
    const app: SyncApp = (environ, startResponse) => {
      startResponse('200 OK', [])
      return [storage.getStore() ?? 'outside', ' ', environ['wsgi.input'].read()]
    }
    const host = new Host('body')
    await host.run(syncToEvents(entering(app)), post(host))
    expect(bodyOf(host)).toBe('inside body')
  })

  it('that hold the event loop are reported', async () => {
    const slow = middleware('slow', function* (request, next) {
      for (const since = performance.now(); performance.now() - since < 60;);
      return yield* next(request)
    })
    const host = new Host('body')
    await host.run(syncToEvents(slow(echo)), post(host))
    expect(host.log.lines.join()).toContain('held the event loop')
  })
})

describe('a middleware that reads wsgi.input by itself', () => {
  const reading = middleware('reading', function* (request, next) {
    const body = request.environ?.['wsgi.input'].read()
    if (request.method === 'POST') return respond(200, [], `read ${String(body)}`)
    return yield* next(request)
  })

  it('gets the whole body: the middleware run again, once, and their callbacks are called once', async () => {
    const steps: string[] = []
    const app = syncToEvents(chain(recorder(steps), reading)(echo))
    for (const body of ['one', 'two']) {
      const host = new Host(body)
      await host.run(app, post(host))
      expect(bodyOf(host)).toBe(`read ${body}`)
      host.connection.finish({ end: COMPLETE })
    }
    const again = ['in', 'ISTHMUS_APP_FAULT', 'finally']
    const once = ['in', 'out 200', 'finally', 'finish']
    expect(steps).toEqual([...again, ...once, ...once])
  })

  it('gets it even if an outer middleware answers for the failed read', async () => {
    const catching = middleware('catching', function* (request, next) {
      try {
        return yield* next(request)
      } catch {
        return respond(500)
      }
    })
    const host = new Host('body')
    await host.run(syncToEvents(chain(catching, reading)(echo)), post(host))
    expect(bodyOf(host)).toBe('read body')
  })
})

describe('decisionByHead()', () => {
  it('is kept by sync() and by a chain around a chain', () => {
    const wrap = recorder([])
    expect(decisionByHead(sync(wrap(echo)))).toBeTypeOf('function')
    expect(decisionByHead(wrap(wrap(echo)))).toBeTypeOf('function')
    expect(decisionByHead(sync(echo))).toBeUndefined()
  })

  it('is that of the innermost chain too', () => {
    const steps: string[] = []
    const wrap = recorder(steps)
    const host = new Host()
    void host.run(syncToEvents(wrap(wrap(echo))), post(host))
    expect(steps).toEqual(['in', 'in'])
  })
})
