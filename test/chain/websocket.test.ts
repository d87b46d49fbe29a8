// A WebSocket handshake is an HTTP exchange that answers 101: the middleware that guards HTTP guards it.

import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { events } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { HandshakeDeniedError } from '../../src/testing/faults.ts'
import { failureOf } from '../bridge/host.ts'
import { websocketScope } from '../server/fake-websocket-transport.ts'
import { appOf, clientOf } from './styles.ts'
import type { App } from '../../src/bridge/style.ts'
import type { SendEvent } from '../../src/contract/events.ts'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

const guard = middleware('guard', function* (request, next) {
  if (request.headers.get('authorization') !== 'open') return respond(401, [], 'who are you?')
  return yield* next(request)
})

const tagging = middleware('tagging', function* (request, next) {
  const response = yield* next(request)
  response.headers.append('x-status', String(response.status))
  response.headers.append('set-cookie', 'a=1')
  return response
})

/** The status, headers and body of the answer to a handshake. */
async function handshakeOf(app: App, headers = {}): Promise<[number, unknown[], string]> {
  await using client = await clientOf(app)
  const session = await client.websocket('/', { headers }).catch((error: unknown) => error)
  if (session instanceof HandshakeDeniedError) {
    const { status, headers, body } = session.response
    return [status, [...headers], Buffer.from(body).toString()]
  }
  if (session instanceof Error) throw session
  const { headers: own } = session as { headers: Iterable<unknown> }
  return [101, [...own], '']
}

describe('a handshake that the app accepts', () => {
  it('is a response of status 101, whose headers are sent with it', async () => {
    const seen: unknown[] = []
    const looking = middleware('looking', function* (request, next) {
      const { kind, method, scheme, path } = request
      const response = yield* next(request)
      seen.push([kind, method, scheme, path], response.status, response.body)
      return response
    })
    expect(await handshakeOf(chain(looking, tagging)(echo))).toEqual([
      101,
      [
        ['x-status', '101'],
        ['set-cookie', 'a=1'],
      ],
      '',
    ])
    expect(seen).toEqual([['websocket', 'GET', 'ws', '/'], 101, null])
  })

  it('is followed by its messages, unchanged', async () => {
    await using client = await clientOf(chain(tagging, guard)(echo))
    await using session = await client.websocket('/', { headers: { authorization: 'open' } })
    await session.send('x')
    expect(await session.receive()).toBe('x')
    expect(await session.close(3001)).toMatchObject({ code: 3001 })
  })

  it('keeps its subprotocol', async () => {
    const app = websocket(async (socket) => {
      await socket.accept({ subprotocol: 'chat' })
      for await (const _message of socket);
    })
    await using client = await clientOf(tagging(app))
    await using session = await client.websocket('/', { subprotocols: ['chat'] })
    expect(session.subprotocol).toBe('chat')
  })
})

describe('a middleware denies a handshake', () => {
  it('by answering without next(): the app is not called', async () => {
    let calls = 0
    const app = events(async () => void (calls += 1))
    expect(await handshakeOf(chain(tagging, guard)(app))).toEqual([
      401,
      expect.arrayContaining([['x-status', '401']]),
      'who are you?',
    ])
    expect(calls).toBe(0)
  })

  it('by another response in place of the 101: the app has lost its client', async () => {
    const seen: unknown[] = []
    const app = events(async (_scope, receive, send) => {
      seen.push((await receive()).type)
      seen.push(await failureOf(send({ type: 'websocket.accept' })))
      seen.push(await receive())
    })
    const late = middleware('late', function* (request, next) {
      yield* next(request)
      return respond(403, [], 'too late')
    })
    expect(await handshakeOf(late(app))).toMatchObject([403, expect.anything(), 'too late'])
    expect(seen).toMatchObject([
      'websocket.connect',
      { code: 'ECONNRESET' },
      { type: 'websocket.disconnect', code: 1006 },
    ])
  })

  it('by giving the response another status', async () => {
    const limiting = middleware('limiting', function* (request, next) {
      const response = yield* next(request)
      response.status = 503
      response.headers.set('retry-after', '1')
      return response
    })
    const [status, headers, body] = await handshakeOf(limiting(echo))
    expect([status, body]).toEqual([503, ''])
    expect(headers).toContainEqual(['retry-after', '1'])
  })

  it('with an answer that streams', async () => {
    const streaming = middleware('streaming', function* (request, next) {
      if (request.kind === 'websocket') return respond(426, [], ['use ', 'http'])
      return yield* next(request)
    })
    expect(await handshakeOf(streaming(echo))).toMatchObject([426, expect.anything(), 'use http'])
  })

  it('after websocket.connect, as an app does', async () => {
    const order: string[] = []
    await guard(echo)(
      websocketScope(),
      Object.assign(
        async () => {
          order.push('receive')
          return { type: 'websocket.connect' } as const
        },
        { [Symbol.asyncIterator]: () => expect.unreachable() },
      ),
      async ({ type }) => void order.push(type),
    )
    expect(order).toEqual([
      'receive',
      'websocket.http.response.start',
      'websocket.http.response.body',
    ])
  })
})

describe('a handshake that the app denies', () => {
  it('by closing it is a response of status 403', async () => {
    const closing = websocket((socket) => socket.close())
    const sent: SendEvent[] = []
    const spying = (app: typeof closing): typeof closing =>
      events((scope, receive, send) =>
        app(scope, receive, (event) => {
          sent.push(event)
          return send(event)
        }),
      )
    const status = middleware('status', function* (request, next) {
      const response = yield* next(request)
      expect([response.status, response.body]).toEqual([403, []])
      return response
    })
    expect(await handshakeOf(chain(spying, status)(closing))).toMatchObject([
      403,
      expect.anything(),
      '',
    ])
    expect(sent.map(({ type }) => type)).toEqual(['websocket.close'])
    const [, headers] = await handshakeOf(tagging(closing))
    expect(headers).toContainEqual(['x-status', '403'])
  })

  it('with a response passes that response, changed and mapped', async () => {
    const denying = websocket((socket) => socket.deny(401, [['x-own', '1']], 'who?'))
    const shouting = middleware('shouting', function* (request, next) {
      return mapBody(yield* next(request), { chunk: (chunk) => `${chunk as string}!` })
    })
    const answer = await handshakeOf(chain(tagging, shouting)(denying))
    expect(answer).toMatchObject([401, expect.anything(), 'who?!'])
    expect(answer[1]).toContainEqual(['x-own', '1'])
    expect(answer[1]).toContainEqual(['x-status', '401'])
  })

  it('by an error throws that error at next(), and a middleware may answer', async () => {
    const failing = events(async () => {
      throw new Error('a bug')
    })
    const catching = middleware('catching', function* (request, next) {
      try {
        return yield* next(request)
      } catch {
        return respond(502, [], 'sorry')
      }
    })
    expect(await handshakeOf(catching(failing))).toMatchObject([502, expect.anything(), 'sorry'])
    expect((await handshakeOf(tagging(failing)))[0]).toBe(500)
  })

  it('by being a sync app, which knows no WebSocket, is a response like any other', async () => {
    const table = { '/': appOf('sync array') }
    const [status, headers] = await handshakeOf(chain(tagging)(table))
    expect(status).toBe(403)
    expect(headers).toContainEqual(['x-status', '403'])
  })
})

describe('only the app accepts', () => {
  it('a middleware that answers 101, or maps a 101, gets an AppError', async () => {
    const forging = middleware('forging', function* (request, next) {
      yield* next(request)
      const response = respond(200)
      response.status = 101
      return response
    })
    const mapping = middleware('mapping', function* (request, next) {
      return mapBody(yield* next(request), { chunk: (chunk) => chunk })
    })
    expect((await handshakeOf(forging(echo)))[0]).toBe(500)
    expect((await handshakeOf(mapping(echo)))[0]).toBe(500)
  })

  it('once: after its accept, and in a denial, a second answer is refused', async () => {
    const faults: unknown[] = []
    const denying = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.http.response.start', status: 401 })
      faults.push(await failureOf(send({ type: 'websocket.accept' })))
      faults.push(await failureOf(send({ type: 'websocket.close' })))
      await send({ type: 'websocket.http.response.body', body: 'no' })
    })
    expect(await handshakeOf(tagging(denying))).toMatchObject([401, expect.anything(), 'no'])
    expect(faults).toMatchObject([
      { code: 'ISTHMUS_ILLEGAL_EVENT' },
      { code: 'ISTHMUS_ILLEGAL_EVENT' },
    ])
  })
})
