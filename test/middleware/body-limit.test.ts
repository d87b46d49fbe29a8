// How bodyLimit() refuses longer bodies, in each style of app.

import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { bodyLimit } from '../../src/middleware/body-limit.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf, Host, httpScope } from '../bridge/host.ts'
import type { App } from '../../src/bridge/style.ts'
import type { InputStream } from '../../src/contract/environ.ts'
import type { BodyLimitOptions } from '../../src/middleware/body-limit.ts'

const PIECES = ['four', 'four', 'four']

const echo = iterable(async (environ, startResponse) => {
  startResponse('200 OK', [])
  return [await environ['wsgi.input'].readAsync()]
})

/** The answer to a request with this body, or with a body of these pieces. */
async function post(app: App, body: string | string[]) {
  await using client = await testClient(app, { raiseAppErrors: false })
  const { status, headers } = await client.post('/', { body })
  return { status, connection: headers.get('connection') }
}

/** An app that calls `read`, inside a limit of 10 bytes. */
function reader(read: (input: InputStream) => unknown): App {
  return bodyLimit({ maxBytes: 10 })(
    sync((environ, startResponse) => {
      const result = read(environ['wsgi.input'])
      startResponse('200 OK', [])
      return [String(result)]
    }),
  )
}

describe('a body within the limit', () => {
  it('is read up to the last byte of the limit, with a length or without', async () => {
    const app = bodyLimit({ maxBytes: 12 })(echo)
    expect((await post(app, PIECES.join(''))).status).toBe(200)
    expect((await post(app, PIECES)).status).toBe(200)
  })

  it('may be empty, and a limit of 0 allows an empty body only', async () => {
    expect((await post(bodyLimit({ maxBytes: 0 })(echo), '')).status).toBe(200)
    expect((await post(bodyLimit({ maxBytes: 0 })(echo), 'x')).status).toBe(413)
  })
})

describe('a longer body', () => {
  it('is refused before the app runs if it has a length', async () => {
    let called = false
    const app = iterable(async (_environ, startResponse) => {
      called = true
      startResponse('200 OK', [])
      return []
    })
    const answer = await post(bodyLimit({ maxBytes: 11 })(app), PIECES.join(''))
    expect([answer, called]).toEqual([{ status: 413, connection: 'close' }, false])
  })

  it('is refused at the read beyond the limit if it has no length', async () => {
    expect(await post(bodyLimit({ maxBytes: 11 })(echo), PIECES)).toEqual({
      status: 413,
      connection: 'close',
    })
  })

  it('is refused to an event app, at each receive from then on', async () => {
    const failures: unknown[] = []
    const app = events(async (_scope, receive) => {
      await receive()
      await receive()
      failures.push(await failureOf(receive()), await failureOf(receive()))
    })
    const host = new Host(...PIECES, 'more')
    await failureOf(host.run(bodyLimit({ maxBytes: 11 })(app)))
    expect(failures).toEqual([
      expect.objectContaining({ code: 'ISTHMUS_BODY_TOO_LARGE', status: 413 }),
      expect.objectContaining({ code: 'ISTHMUS_BODY_TOO_LARGE', status: 413 }),
    ])
  })

  it.each<[string, (input: InputStream) => unknown]>([
    ['read()', (input) => input.read()],
    ['read(size)', (input) => [input.read(6), input.read(6)]],
    ['readline()', (input) => input.readline()],
    ['readlines()', (input) => input.readlines()],
    ['iteration', (input) => [...input]],
  ])('is refused to a sync app by %s', async (_how, read) => {
    expect((await post(reader(read), PIECES)).status).toBe(413)
  })

  it('is not refused if the app does not read it', async () => {
    const app = reader(() => 'unread')
    expect((await post(app, PIECES)).status).toBe(200)
  })

  it('throws into the middleware outside', async () => {
    const caught: unknown[] = []
    const outer = middleware('outer', function* (request, next) {
      try {
        return yield* next(request)
      } catch (error) {
        caught.push(error)
        throw error
      }
    })
    await post(chain(outer, bodyLimit({ maxBytes: 1 }))(echo), 'too long')
    expect(caught).toEqual([expect.objectContaining({ code: 'ISTHMUS_BODY_TOO_LARGE' })])
  })
})

describe('a watched receive()', () => {
  it('counts an event once if two callers wait for it', async () => {
    const app = events(async (_scope, receive, send) => {
      const [one, other] = await Promise.all([receive(), receive()])
      expect(one).toBe(other)
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body' })
    })
    const host = new Host('12345678')
    await bodyLimit({ maxBytes: 10 })(app)(httpScope(), host.receive, host.send)
    expect(host.types).toEqual(['start', 'body'])
  })
})

describe('the smaller of two limits', () => {
  it('applies, in either order', async () => {
    const wide = bodyLimit({ maxBytes: 100 })
    const narrow = bodyLimit({ maxBytes: 5 })
    expect((await post(chain(wide, narrow)(echo), PIECES)).status).toBe(413)
    expect((await post(chain(narrow, wide)(echo), PIECES)).status).toBe(413)
  })
})

describe('impossible options', () => {
  const refusals: Array<[unknown, RegExp]> = [
    [{ limit: 1 }, /bodyLimit\(\): unknown option "limit"; the options are maxBytes/],
    [
      { maxBytes: '10mb' },
      /option "maxBytes" cannot be '10mb': it is a whole number of at least 0/,
    ],
    [{ maxBytes: -1 }, /option "maxBytes" cannot be -1/],
    [{ maxBytes: Number.NaN }, /option "maxBytes" cannot be NaN/],
    [{ maxBytes: null }, /option "maxBytes" cannot be null/],
  ]
  it.each(refusals)('%j are refused at creation', (options, message) => {
    expect(() => bodyLimit(options as BodyLimitOptions)).toThrow(message)
  })
})
