// Beyond plain HTTP: interim responses, trailers, files, and upgrades that the server ignores.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, served } from './served.ts'
import type { HeaderPairs, SendEvent } from 'isthmus'

/** Sends these events, in this order. */
const script = (...events: SendEvent[]) =>
  httpApp(async (_scope, _receive, send) => {
    for (const event of events) await send(event)
  })
const start = (status: number, headers: HeaderPairs = []): SendEvent => ({
  type: 'http.response.start',
  status,
  headers,
})
const body = (text: string, moreBody = false): SendEvent => ({
  type: 'http.response.body',
  body: text,
  moreBody,
})

const request = (method: string, ...fields: string[]): string =>
  [`${method} / HTTP/1.1`, 'Host: x', ...fields, '', ''].join('\r\n')

describe('interim responses', () => {
  const hint: SendEvent = {
    type: 'http.response.early_hint',
    links: ['</a.css>; rel=preload', '<>;x'],
  }

  it('[3b.33] sends 103 before the head, as often as the app hints', async () => {
    await using server = await served(
      script(hint, start(200), hint, body('x', true), hint, body('y')),
    )
    using client = await server.connect()
    client.send(request('GET'))
    const links: HeaderPairs = [
      ['link', '</a.css>; rel=preload'],
      ['link', '<>;x'],
    ]
    expect(await client.head()).toMatchObject({
      statusLine: 'HTTP/1.1 103 Early Hints',
      headers: links,
    })
    expect(await client.head()).toMatchObject({ status: 103, headers: links })
    expect(await client.response()).toMatchObject({ status: 200, body: 'xy' })
  })

  it('[3a.48] sends no 103 to HTTP/1.0', async () => {
    await using server = await served(script(hint, start(200), body('x')))
    using client = await server.connect()
    client.send('GET / HTTP/1.0\r\n\r\n')
    expect((await client.response()).status).toBe(200)
  })

  it('[3b.33] refuses links that would inject fields into the response', async () => {
    const evil: SendEvent = {
      type: 'http.response.early_hint',
      links: ['<a>\r\n\r\nHTTP/1.1 200 OK'],
    }
    await using server = await served(script(evil))
    using client = await server.connect()
    client.send(request('GET'))
    expect((await client.response()).status).toBe(500)
  })
})

describe('trailers', () => {
  const app = script(
    { type: 'http.response.start', status: 200, headers: [['trailer', 'x-sum']], trailers: true },
    body('body'),
    { type: 'http.response.trailers', headers: [['x-sum', '4']] },
  )

  it('[3b.34] follow the last chunk if the client accepts trailers', async () => {
    await using server = await served(app)
    using client = await server.connect()
    client.send(request('GET', 'TE: trailers', 'Connection: TE') + request('GET'))
    expect(await client.response()).toMatchObject({ body: 'body', trailers: [['x-sum', '4']] })
    expect(await client.response()).toMatchObject({ body: 'body', trailers: [] })
  })

  it('[3b.34] are left out for HEAD and HTTP/1.0', async () => {
    await using server = await served(app)
    using client = await server.connect()
    client.send(request('HEAD', 'TE: trailers') + 'GET / HTTP/1.0\r\nTE: trailers\r\n\r\n')
    expect((await client.response('HEAD')).status).toBe(200)
    expect((await client.response()).body).toBe('body')
    expect(await client.rest()).toBe('')
  })
})

describe('pathsend', () => {
  let folder = ''
  const pathsend = (name: string): SendEvent => ({
    type: 'http.response.pathsend',
    path: join(folder, name),
  })

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'isthmus-raw-'))
    writeFileSync(join(folder, 'large'), Buffer.alloc(3_000_000, 'x'))
    writeFileSync(join(folder, 'empty'), '')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('[3b.31] sends a file with its length', async () => {
    await using server = await served(script(start(200), pathsend('large')))
    using client = await server.connect()
    client.send(request('GET') + request('HEAD'))
    const response = await client.response()
    expect(headerOf(response, 'content-length')).toBe('3000000')
    expect(response.body === 'x'.repeat(3_000_000)).toBe(true)
    expect(headerOf(await client.response('HEAD'), 'content-length')).toBe('3000000')
  })

  it('[3b.31] sends an empty file', async () => {
    await using server = await served(script(start(200), pathsend('empty')))
    using client = await server.connect()
    client.send(request('GET') + request('GET'))
    expect(headerOf(await client.response(), 'content-length')).toBe('0')
    expect((await client.response()).body).toBe('')
  })

  it('[3b.31] answers 404 for a file that is missing, and for a folder', async () => {
    await using server = await served(script(start(200, [['x-of-file', '1']]), pathsend('missing')))
    await using other = await served(script(start(200), pathsend('.')))
    using client = await server.connect()
    using second = await other.connect()
    client.send(request('GET'))
    second.send(request('GET'))
    const response = await client.response()
    expect(response.status).toBe(404)
    expect(headerOf(response, 'x-of-file')).toBeUndefined()
    expect((await second.response()).status).toBe(404)
  })

  it('[3b.31] cuts the connection when the file is shorter than the announced length', async () => {
    await using server = await served(
      script(start(200, [['content-length', '9']]), pathsend('empty')),
    )
    using client = await server.connect()
    client.send(request('GET'))
    expect(await client.rest()).not.toMatch(/^HTTP\/1\.1 200[^]*\r\n\r\n$/)
  })
})

describe('an upgrade to an unknown protocol', () => {
  it('[3b.57] is served as plain HTTP', async () => {
    const app = httpApp(async ({ method, path }, _receive, send) =>
      answer(send, `${method} ${path}`),
    )
    await using server = await served(app)
    using client = await server.connect()
    client.send(request('GET', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'))
    const response = await client.response()
    expect(response).toMatchObject({ status: 200, body: 'GET /' })
    expect(client.open).toBe(true)
  })

  it('[3b.57] gets a large response at its own pace', async () => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send(start(200))
      for (let chunk = 0; chunk < 64; chunk += 1) await send(body('x'.repeat(65_536), true))
      await send(body(''))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(request('GET', 'Connection: Upgrade', 'Upgrade: h2c'))
    expect((await client.response()).body.length).toBe(64 * 65_536)
  })
})
