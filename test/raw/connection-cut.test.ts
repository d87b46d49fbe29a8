// An app that gives up its connection by ConnectionCutError.

import { ConnectionCutError, chain, events } from 'isthmus'
import { errorPage, middleware } from 'isthmus/middleware'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import { served } from './served.ts'
import type { EventApp } from 'isthmus'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const before: EventApp = async (_scope, _receive, _send) => {
  throw new ConnectionCutError()
}
const within: EventApp = async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [['content-length', '10']] })
  await send({ type: 'http.response.body', body: 'part', moreBody: true })
  throw new ConnectionCutError()
}
const pass = middleware('pass', function* (request, next) {
  return yield* next(request)
})

describe.each([
  ['alone', (app: EventApp) => app],
  ['in a chain', (app: EventApp) => chain(pass)(events(app))],
])('an app that cuts its connection, %s', (_place, around) => {
  it('before its response, leaves its client without a byte', async () => {
    await using server = await served(around(before))
    using client = await server.connect()
    client.send(GET)
    expect(await client.rest()).toBe('')
    expect(server.lines).toEqual([
      'debug: the app has cut the connection: the app has cut the connection',
    ])
  })

  it('within its response, leaves its client with the part', async () => {
    await using server = await served(around(within))
    using client = await server.connect()
    client.send(GET)
    const head = await client.head()
    await client.ended()
    await expect(client.body(head)).rejects.toThrow('did not come')
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('harms no other connection', async () => {
    await using server = await served(around(before))
    using other = await server.connect()
    using client = await server.connect()
    client.send(GET)
    await client.ended()
    expect(other.open).toBe(true)
  })
})

it('is aborted for the test client', async () => {
  await using client = await testClient(before, { lifespan: 'off' })
  await expect(client.get('/')).rejects.toThrow('the app')
})

it('is no error to a middleware that answers errors', async () => {
  await using server = await served(chain(errorPage())(events(before)))
  using client = await server.connect()
  client.send(GET)
  expect(await client.rest()).toBe('')
})
