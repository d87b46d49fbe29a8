// The channels of node:diagnostics_channel, over a real socket and in the test client.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { events } from '../../src/bridge/style.ts'
import { publishEnd, publishStart } from '../../src/server/diagnostics.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf, httpScope } from '../bridge/host.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { served } from '../raw/served.ts'
import type { HttpScope, ResponseEnd, WebSocketScope } from '../../src/contract/events.ts'

const app = events(async (scope, receive, send) => {
  if (scope.type === 'lifespan') return
  if (scope.type === 'http') {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'hello' })
    return
  }
  await receive()
  await send({ type: 'websocket.accept' })
  await receive()
})

interface Message {
  scope: HttpScope | WebSocketScope
  end?: ResponseEnd
}

/** Subscribes to both channels until the test is finished. */
function subscribed(): { messages: Message[]; lines: () => unknown[] } {
  const messages: Message[] = []
  const note = (message: unknown): void => void messages.push(message as Message)
  for (const name of ['isthmus:request:start', 'isthmus:request:end']) {
    subscribe(name, note)
    onTestFinished(() => void unsubscribe(name, note))
  }
  const lines = (): unknown[] =>
    messages.map(({ scope, end }) => {
      const { type, path } = scope
      return end ? [type, path, end.outcome, end.status, end.bytes, end.code] : [type, path]
    })
  return { messages, lines }
}

describe('the channels isthmus:request:start and isthmus:request:end', () => {
  it('tell of a request over a socket', async () => {
    const { messages, lines } = subscribed()
    await using server = await served(app)
    using client = await server.connect()
    client.send(wireOf({ target: '/seats' }))
    expect((await client.response()).body).toBe('hello')
    expect(lines()).toEqual([
      ['http', '/seats'],
      ['http', '/seats', 'complete', 200, 5, undefined],
    ])
    expect(messages[0]?.scope).toBe(messages[1]?.scope)
  })

  it('tell of a request and of a WebSocket in the test client', async () => {
    const { lines } = subscribed()
    await using client = await testClient(app, { lifespan: 'off' })
    await client.get('/seats')
    await using session = await client.websocket('/live')
    await session.close(3001)
    await session.finished()
    expect(lines()).toEqual([
      ['http', '/seats'],
      ['http', '/seats', 'complete', 200, 5, undefined],
      ['websocket', '/live'],
      ['websocket', '/live', 'closed', 101, null, 3001],
    ])
  })

  it('tell of an app that fails, and of a denial', async () => {
    const { lines } = subscribed()
    const failing = events(() => Promise.reject(new Error('a bug')))
    await using client = await testClient(failing, { lifespan: 'off', raiseAppErrors: false })
    await client.get('/')
    await failureOf(client.websocket('/live'))
    expect(lines()).toEqual([
      ['http', '/'],
      ['http', '/', 'complete', 500, 22, undefined],
      ['websocket', '/live'],
      ['websocket', '/live', 'denied', 500, 22, undefined],
    ])
  })

  it('build nothing without a subscriber', () => {
    const ending = {
      get end(): ResponseEnd {
        throw new Error('the end is built')
      },
    }
    publishStart(httpScope())
    expect(() => publishEnd(httpScope(), ending)).not.toThrow()
  })
})
