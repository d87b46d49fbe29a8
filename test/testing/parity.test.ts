// The promise of the test client: its responses are those of a socket, to the byte.

import { request as httpRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { serve } from '../../src/server/serve.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { IncomingMessage } from 'node:http'
import type { HostedApp } from '../../src/bridge/as-event-app.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { HandshakeDeniedError } from '../../src/testing/faults.ts'

const syncApp = sync(function* (environ, startResponse) {
  startResponse('201 Created', [
    ['X-B', '1'],
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])
  yield `${environ.REQUEST_METHOD} ${environ.PATH_INFO}?${environ.QUERY_STRING} `
  yield environ['wsgi.input'].read()
})
const iterableApp = iterable(async function* (environ, startResponse) {
  startResponse('200 OK', [['X-B', 'caf\xe9']])
  yield await environ['wsgi.input'].readAsync()
})
const eventApp = events(async (scope, receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  await receive()
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'whole' })
})
const emptyApp = sync((_environ, startResponse) => {
  startResponse('204 No Content', [])
  return []
})
const failingApp = sync(() => {
  throw new RangeError('seat 12')
})

interface Asked {
  method: string
  path: string
  headers?: HeaderPairs
  body?: string
}
interface Answered {
  status: number
  headers: HeaderPairs
  body: string
}

async function bySocket(
  app: HostedApp,
  { method, path, headers = [], body }: Asked,
): Promise<Answered> {
  await using server = await serve(app, {
    port: 0,
    serverHeader: null,
    dateHeader: false,
    log: null,
  })
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const fields = {
      ...Object.fromEntries(headers),
      ...(body && { 'content-length': body.length }),
    }
    const request = httpRequest(`${server.url}${path}`, { method, headers: fields, agent: false })
    request.setHeader('connection', 'keep-alive')
    request
      .on('response', resolve)
      .on('error', reject)
      .setTimeout(5_000, () => request.destroy())
    request.end(body)
  })
  const pairs: HeaderPairs = []
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    pairs.push([message.rawHeaders[at] ?? '', message.rawHeaders[at + 1] ?? ''])
  }
  const bytes = await buffer(message)
  return { status: message.statusCode ?? 0, headers: pairs, body: bytes.toString('latin1') }
}

async function inProcess(
  app: HostedApp,
  { method, path, headers = [], body }: Asked,
): Promise<Answered> {
  await using client = await testClient(app, { identity: false, raiseAppErrors: false })
  const response = await client.request(method, path, { headers, ...(body && { body }) })
  const text = Buffer.from(response.body).toString('latin1')
  return { status: response.status, headers: response.headers.list, body: text }
}

describe('the test client answers as a socket does', () => {
  const apps: Array<[string, HostedApp]> = [
    ['a sync app', syncApp],
    ['an iterable app', iterableApp],
    ['an event app', eventApp],
    ['an app without content', emptyApp],
    ['an app that fails', failingApp],
    ['a mount table without the path', { '/elsewhere': eventApp }],
  ]

  it.each(apps)('[3c.34] to a GET of %s', async (_name, app) => {
    const asked = { method: 'GET', path: '/%C3%BC/b?c=%20' }
    expect(await inProcess(app, asked)).toEqual(await bySocket(app, asked))
  })

  it.each(apps)('[3c.34] to a HEAD of %s', async (_name, app) => {
    const asked = { method: 'HEAD', path: '/' }
    expect(await inProcess(app, asked)).toEqual(await bySocket(app, asked))
  })

  it.each(apps)('[3c.34] to a POST of %s', async (_name, app) => {
    const asked = {
      method: 'POST',
      path: '/',
      body: 'a=1&b=2',
      headers: [['content-type', 'a/b']] as HeaderPairs,
    }
    expect(await inProcess(app, asked)).toEqual(await bySocket(app, asked))
  })

  it('[3c.34] to a request that is refused', async () => {
    const asked = { method: 'GET', path: '/%00' }
    expect(await inProcess(eventApp, asked)).toEqual(await bySocket(eventApp, asked))
  })

  it('[3c.34] to a WebSocket, accepted and denied', async () => {
    const app = websocket(async (socket) => {
      if (socket.scope.path === '/denied') return socket.deny(410, [], 'gone')
      for await (const message of socket) await socket.send(message)
      return undefined
    })
    await using server = await serve(app, { port: 0, log: null })
    await using client = await testClient(app)

    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/echo`)
    const echoed = new Promise((resolve, reject) => {
      socket.on('open', () => socket.send('a')).on('error', reject)
      socket.on('message', (data: Buffer) => resolve(data.toString()))
    })
    await using session = await client.websocket('/echo')
    await session.send('a')
    expect(await session.receive()).toBe(await echoed)
    socket.terminate()

    const denied = await client.websocket('/denied').catch((error: unknown) => error)
    const refused = new WebSocket(`${server.url.replace('http', 'ws')}/denied`)
    const status = await new Promise((resolve) => {
      refused.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    refused.on('error', () => undefined).terminate()
    expect((denied as HandshakeDeniedError).response.status).toBe(status)
  })
})
