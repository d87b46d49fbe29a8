// Request heads that the server refuses, and unusual heads that it accepts.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { headerOf } from './raw-response.ts'
import { answer, httpApp, served } from './served.ts'

const facts = httpApp(async ({ method, path, queryString, headers }, _receive, send) => {
  await answer(send, JSON.stringify({ method, path, queryString, headers }))
})
const head = (...lines: string[]): string => [...lines, '', ''].join('\r\n')

describe('a head that is refused', () => {
  it.each([
    ['400', 'no request line', head('nonsense')],
    ['400', 'a method that is no token', head('G@T / HTTP/1.1', 'Host: x')],
    ['505', 'HTTP/0.9', head('GET /', 'Host: x')],
    ['505', 'a version of the future', head('GET / HTTP/3.0', 'Host: x')],
    ['400', 'a space in the target', head('GET /a b HTTP/1.1', 'Host: x')],
    ['400', 'a target without a slash', head('GET a HTTP/1.1', 'Host: x')],
    ['400', '%00 in the path', head('GET /%00 HTTP/1.1', 'Host: x')],
    ['400', 'a fragment', head('GET /a#b HTTP/1.1', 'Host: x')],
    ['400', 'another scheme', head('GET ftp://x/ HTTP/1.1', 'Host: x')],
    ['400', 'no Host', head('GET / HTTP/1.1')],
    ['400', 'two Hosts', head('GET / HTTP/1.1', 'Host: x', 'Host: y')],
    ['400', 'a field without a colon', head('GET / HTTP/1.1', 'Host: x', 'nothing')],
    ['400', 'a space before the colon', head('GET / HTTP/1.1', 'Host: x', 'a : b')],
    ['400', 'a control character', head('GET / HTTP/1.1', 'Host: x', 'a: b\x01')],
    ['400', 'NUL', head('GET / HTTP/1.1', 'Host: x', 'a: b\0')],
    [
      '400',
      'length and chunks',
      head('POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    ],
    [
      '400',
      'two lengths',
      head('POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'),
    ],
    ['400', 'a length that is no number', head('POST / HTTP/1.1', 'Host: x', 'Content-Length: 1x')],
    ['400', 'a negative length', head('POST / HTTP/1.1', 'Host: x', 'Content-Length: -1')],
    [
      '400',
      'chunks that are not last',
      head('POST / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked, gzip'),
    ],
    ['501', 'CONNECT', head('CONNECT x:443 HTTP/1.1', 'Host: x')],
    ['414', 'a request line above 8 KiB', head(`GET /${'a'.repeat(9_000)} HTTP/1.1`, 'Host: x')],
    ['431', 'a head above 16 KiB', head('GET / HTTP/1.1', 'Host: x', `a: ${'b'.repeat(17_000)}`)],
    [
      '431',
      'more than 100 fields',
      head('GET / HTTP/1.1', 'Host: x', ...Array<string>(100).fill('a: b')),
    ],
  ])('%s for %s', async (status, _what, bytes) => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(bytes)
    const response = await client.response()
    expect(String(response.status)).toBe(status)
    expect(headerOf(response, 'connection')).toBe('close')
    expect(await client.ended()).toBe('end')
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('431 arrives complete, even if the client continues to send', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\nHost: x\r\na: ${'b'.repeat(900_000)}\r\n\r\n`)
    expect((await client.response()).status).toBe(431)
  })

  it('400 does not overtake the response before it', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await gate.promise
      await answer(send, 'first')
    })
    await using server = await served(app)
    using client = await server.connect()
    await client.sendApart(head('GET / HTTP/1.1', 'Host: x') + head('GET / HTTP/1.1'))
    gate.resolve()
    expect((await client.response()).body).toBe('first')
    expect((await client.response()).status).toBe(400)
  })

  it('408 is the answer when the head takes longer than headTimeoutMs', async () => {
    await using server = await served(facts, { headTimeoutMs: 100 })
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nHost: x\r\n')
    expect((await client.response()).status).toBe(408)
    expect(await client.ended()).toBe('end')
  })

  it('503 with Retry-After is the answer above maxConcurrency', async () => {
    const gate = deferred()
    const started = deferred()
    const app = httpApp(async ({ path }, _receive, send) => {
      started.resolve()
      if (path === '/held') await gate.promise
      await answer(send, 'served')
    })
    await using server = await served(app, { maxConcurrency: 1 })
    using first = await server.connect()
    using second = await server.connect()
    first.send(head('GET /held HTTP/1.1', 'Host: x'))
    await started.promise
    second.send(head('GET / HTTP/1.1', 'Host: x'))
    const refused = await second.response()
    expect(refused.status).toBe(503)
    expect(headerOf(refused, 'retry-after')).toBe('1')

    gate.resolve()
    expect((await first.response()).status).toBe(200)
    first.send(head('GET / HTTP/1.1', 'Host: x'))
    expect((await first.response()).body).toBe('served')
  })
})

describe('a head that is accepted', () => {
  const factsOf = (body: string): Record<string, unknown> =>
    JSON.parse(body) as Record<string, unknown>

  it('[3b.9] has its headers in order, duplicates kept, names in lower case', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('GET /p?a=%20 HTTP/1.1', 'Host: x', 'X-B: 1', 'X-A: 2', 'x-b: 3'))
    expect(factsOf((await client.response()).body)).toEqual({
      method: 'GET',
      path: '/p',
      queryString: 'a=%20',
      headers: [
        ['host', 'x'],
        ['x-b', '1'],
        ['x-a', '2'],
        ['x-b', '3'],
      ],
    })
  })

  it('in absolute form replaces Host', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('GET http://real.example:81/a?b HTTP/1.1', 'Host: fake.example'))
    expect(factsOf((await client.response()).body)).toMatchObject({
      path: '/a',
      queryString: 'b',
      headers: [['host', 'real.example:81']],
    })
  })

  it('[3a.13] may be OPTIONS *', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('OPTIONS * HTTP/1.1', 'Host: x'))
    expect(factsOf((await client.response()).body)).toMatchObject({ method: 'OPTIONS', path: '*' })
  })

  it('needs no Host in HTTP/1.0', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('GET / HTTP/1.0'))
    expect((await client.response()).status).toBe(200)
  })

  it('[3a.15] loses names with an underscore', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('GET / HTTP/1.1', 'Host: x', 'X_Forwarded_For: evil'))
    expect((await client.response()).body).not.toContain('evil')
  })

  it('[3a.15] is refused for an underscore if the option headerMap says so', async () => {
    await using server = await served(facts, { headerMap: 'refuse' })
    using client = await server.connect()
    client.send(head('GET / HTTP/1.1', 'Host: x', 'X_Forwarded_For: evil'))
    expect((await client.response()).status).toBe(400)
  })

  it('may have 100 fields, and 8 KiB of target', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    const fields = Array<string>(99).fill('a: b')
    client.send(head(`GET /${'a'.repeat(8_000)} HTTP/1.1`, 'Host: x', ...fields))
    expect((await client.response()).status).toBe(200)
  })

  it('may have a rare method if the method is registered', async () => {
    await using server = await served(facts)
    using client = await server.connect()
    client.send(head('PROPFIND / HTTP/1.1', 'Host: x'))
    expect(factsOf((await client.response()).body)).toMatchObject({ method: 'PROPFIND' })
  })
})

describe('a transfer coding', () => {
  it('other than chunked is answered with 501, alone and in a list', async () => {
    let calls = 0
    const app = httpApp(async (_scope, _receive, send) => {
      calls += 1
      await answer(send, 'ok')
    })
    await using server = await served(app)
    for (const coding of ['gzip', 'identity', 'xchunked', 'gzip, chunked']) {
      using client = await server.connect()
      client.send(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ${coding}\r\n\r\n`)
      const response = await client.response()
      expect([coding, response.status]).toEqual([coding, 501])
    }
    expect(calls).toBe(0)
  })
})
