// Refusals that need only the head of a request, around a sync app on the event loop: the server sends them at once, and does
// not ask for the body.

import { chain, mount, sync, threads } from 'isthmus'
import {
  basicAuth,
  bodyLimit,
  classicWrap,
  cors,
  httpsRedirect,
  middleware,
  respond,
  trustedHost,
} from 'isthmus/middleware'
import { describe, expect, it } from 'vitest'
import { fixture } from '../hosting/behaviour-host.ts'
import { served } from './served.ts'
import type { HostedApp, SyncApp, ThreadOptions } from 'isthmus'

const MIB = 1024 * 1024
// A thread that starts beside other tests can take long.
const START_MS = 60_000
const head = (...fields: string[]): string =>
  ['POST / HTTP/1.1', 'Host: x', ...fields, '', ''].join('\r\n')

const echo: SyncApp = (environ, startResponse) => {
  startResponse('200 OK', [])
  return [environ['wsgi.input'].read()]
}
const own = middleware('own', function* () {
  return respond(402)
})
const passing = middleware('passing', function* (request, next) {
  return yield* next(request)
})
const throwing = middleware('throwing', function* () {
  throw Object.assign(new Error('no'), { status: 409 })
})
const noUser = basicAuth({ verify: () => false })
const classic = classicWrap((app) => (environ, startResponse) => app(environ, startResponse))

const refusing: Record<string, [app: HostedApp, status: number]> = {
  'bodyLimit()': [bodyLimit({ maxBytes: 1_000 })(echo), 413],
  'basicAuth()': [noUser(echo), 401],
  'trustedHost()': [trustedHost({ hosts: ['a.test'] })(echo), 421],
  'httpsRedirect()': [httpsRedirect()(echo), 308],
  'a middleware of its own': [own(echo), 402],
  'a middleware that throws': [throwing(echo), 500],
  'the innermost middleware': [chain(passing, cors(), noUser)(echo), 401],
  'a chain inside a chain': [passing(chain(noUser)(echo)), 401],
  'a chain that is marked as sync': [sync(noUser(echo)), 401],
  'a chain outside a classic wrap': [chain(noUser, classic)(echo), 401],
  'a chain in a table': [mount({ '/': noUser(echo) }), 401],
  'a chain outside a table': [noUser({ '/': echo }), 401],
  'a chain outside a pool': [noUser(threads(fixture('logged'), { export: 'logged' })), 401],
}

describe.each(Object.keys(refusing))('the refusal of %s', (name) => {
  const [app, status] = refusing[name] as [HostedApp, number]

  it('reaches a client that waits for 100 Continue, without a 100', async () => {
    await using server = await served(app)
    using client = await server.connect()
    client.send(head(`Content-Length: ${2 * MIB}`, 'Expect: 100-continue'))
    expect((await client.head()).status).toBe(status)
  })

  it('comes before the first byte of a body with a length, and of one in chunks', async () => {
    await using server = await served(app)
    for (const framing of [`Content-Length: ${2 * MIB}`, 'Transfer-Encoding: chunked']) {
      // Without a length, bodyLimit() sees the bytes when the app reads them.
      if (name === 'bodyLimit()' && framing.startsWith('Transfer')) continue
      using client = await server.connect()
      client.send(head(framing))
      expect((await client.head()).status).toBe(status)
    }
  })
})

describe('a middleware in the module of a pool', () => {
  const pooled = (options: ThreadOptions): HostedApp =>
    threads(fixture('refusing'), { max: 1, export: 'refusing', ...options })
  const request = head('Content-Length: 4', 'Expect: 100-continue')

  it(
    'refuses when the pool has received the body',
    async () => {
      await using server = await served(pooled({}), { lifespan: 'auto' })
      using client = await server.connect(START_MS)
      client.send(request)
      expect((await client.head()).status).toBe(100)
      client.send('body')
      expect((await client.response()).status).toBe(401)
    },
    START_MS,
  )

  it(
    'refuses before the body without buffering, while it holds a thread',
    async () => {
      await using server = await served(pooled({ buffering: false }), { lifespan: 'auto' })
      using client = await server.connect(START_MS)
      client.send(request)
      expect((await client.head()).status).toBe(401)
    },
    START_MS,
  )
})

describe('a request that the middleware pass', () => {
  it('gets 100 Continue, and its body reaches the app', async () => {
    await using server = await served(chain(bodyLimit(), cors())(echo))
    using client = await server.connect()
    client.send(head('Content-Length: 4', 'Expect: 100-continue'))
    expect((await client.head()).status).toBe(100)
    client.send('body')
    expect((await client.response()).body).toBe('body')
  })
})
