// The bytes of a response: framing and headers.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { httpApp, served } from './served.ts'
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

describe('framing', () => {
  it('gives a whole body its length', async () => {
    await using server = await served(script(start(200), body('four')))
    using client = await server.connect()
    client.send(request('GET'))
    const response = await client.response()
    expect(headerOf(response, 'content-length')).toBe('4')
    expect(headerOf(response, 'transfer-encoding')).toBeUndefined()
    expect(response.body).toBe('four')
  })

  it('sends a stream in chunks', async () => {
    await using server = await served(
      script(start(200), body('one', true), body('two', true), body('')),
    )
    using client = await server.connect()
    client.send(request('GET'))
    const response = await client.response()
    expect(headerOf(response, 'transfer-encoding')).toBe('chunked')
    expect(headerOf(response, 'content-length')).toBeUndefined()
    expect(response.chunks?.join('')).toBe('onetwo')
  })

  it('[3a.47] answers HEAD with the head of GET and no body', async () => {
    await using server = await served(script(start(200), body('four')))
    using client = await server.connect()
    client.send(request('HEAD') + request('GET'))
    const head = await client.response('HEAD')
    const get = await client.response()
    expect(headerOf(head, 'content-length')).toBe('4')
    expect(head.headers.map(([name]) => name)).toEqual(get.headers.map(([name]) => name))
    expect(get.body).toBe('four')
  })

  it('[3a.47] sends 204 without body, length and chunks', async () => {
    await using server = await served(script(start(204, [['content-length', '4']]), body('four')))
    using client = await server.connect()
    client.send(request('GET') + request('GET'))
    const response = await client.response()
    expect(response.status).toBe(204)
    expect(headerOf(response, 'content-length')).toBeUndefined()
    expect(headerOf(response, 'transfer-encoding')).toBeUndefined()
    expect((await client.response()).status).toBe(204)
  })

  it('[3a.47] sends 304 without body, with the length of the body that it replaces', async () => {
    await using server = await served(script(start(304, [['content-length', '4']]), body('')))
    using client = await server.connect()
    client.send(request('GET') + request('GET'))
    expect(headerOf(await client.response(), 'content-length')).toBe('4')
    expect((await client.response()).status).toBe(304)
  })

  it('[3a.42] adds date and server, and keeps those of the app', async () => {
    const own: HeaderPairs = [
      ['server', 'mine'],
      ['date', 'yesterday'],
    ]
    await using plain = await served(script(start(200), body('')))
    await using custom = await served(script(start(200, own), body('')))
    using one = await plain.connect()
    using other = await custom.connect()
    one.send(request('GET'))
    other.send(request('GET'))
    const response = await one.response()
    expect(headerOf(response, 'server')).toBe('isthmus')
    expect(Date.parse(headerOf(response, 'date') ?? '')).not.toBeNaN()
    expect((await other.response()).headers).toEqual([...own, ['content-length', '0']])
  })

  it('[3a.42] keeps order and duplicates of headers', async () => {
    const headers: HeaderPairs = [
      ['set-cookie', 'a=1'],
      ['x-between', ''],
      ['set-cookie', 'b=2'],
    ]
    await using server = await served(script(start(200, headers), body('')))
    using client = await server.connect()
    client.send(request('GET'))
    expect((await client.response()).headers.slice(0, 3)).toEqual(headers)
  })

  it('[3a.9] sends header values as latin-1, also before a string body', async () => {
    await using server = await served(script(start(200, [['x-name', 'caf\xe9']]), body('caf\xe9')))
    using client = await server.connect()
    client.send(request('GET'))
    const response = await client.response()
    expect(headerOf(response, 'x-name')).toBe('caf\xe9')
    expect(response.body).toBe('caf\xc3\xa9')
  })

  it('sends headers of 100 KiB', async () => {
    const large = 'x'.repeat(100 * 1024)
    await using server = await served(script(start(200, [['x-large', large]]), body('end')))
    using client = await server.connect()
    client.send(request('GET'))
    const response = await client.response()
    expect(headerOf(response, 'x-large')).toBe(large)
    expect(response.body).toBe('end')
  })

  it('[3b.22] sends the head of server-sent events before the first event', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send(start(200, [['content-type', 'text/event-stream']]))
      await gate.promise
      await send(body('data: 1\n\n'))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(request('GET', 'Connection: close'))
    expect((await client.head()).status).toBe(200)
    gate.resolve()
    expect(await client.rest()).toContain('data: 1\n\n')
  })
})

describe('header injection', () => {
  const refused: Array<[what: string, headers: HeaderPairs]> = [
    ['CRLF in a value', [['x-a', 'b\r\nset-cookie: evil=1']]],
    ['a bare LF in a value', [['x-a', 'b\nset-cookie: evil=1']]],
    ['a bare CR in a value', [['x-a', 'b\rset-cookie: evil=1']]],
    ['NUL in a value', [['x-a', 'b\0']]],
    ['a code unit that becomes LF when cut to a byte', [['x-a', 'b\u010aset-cookie: evil=1']]],
    ['CRLF in a name', [['x-a: b\r\nset-cookie', 'evil=1']]],
    ['a space in a name', [['x a', 'b']]],
    ['an empty name', [['', 'b']]],
  ]

  it.each(refused)('[3b.23] answers 500 to %s', async (_what, headers) => {
    await using server = await served(script(start(200, headers), body('ok')))
    using client = await server.connect()
    client.send(request('GET', 'Connection: close'))
    const answered = await client.rest()
    expect(answered).toMatch(/^HTTP\/1\.1 500 /)
    expect(answered).not.toContain('evil')
  })

  it('[3b.23] leaves framing to the server and drops the framing fields of the app', async () => {
    const headers: HeaderPairs = [
      ['transfer-encoding', 'gzip, chunked'],
      ['connection', 'upgrade'],
      ['keep-alive', 'timeout=9'],
      ['upgrade', 'h2c'],
    ]
    await using server = await served(script(start(200, headers), body('four')))
    using client = await server.connect()
    client.send(request('GET'))
    const response = await client.response()
    expect(response.headers.map(([name]) => name)).toEqual(['content-length', 'date', 'server'])
    expect(response.body).toBe('four')
  })
})
