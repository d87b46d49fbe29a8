// A request of the test client reaches the app as the same request of fetch, or of a raw socket, reaches it.

import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { serve } from '../../src/server/serve.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { HostedApp } from '../../src/bridge/as-event-app.ts'
import type { Environ } from '../../src/contract/environ.ts'
import type { TestBody } from '../../src/testing/request-body.ts'

// Fields that fetch adds on its own, and that depend on the port of the server.
const OWN = /^(?:host|connection|accept|accept-.*|user-agent|sec-fetch-.*)$/i

const byName = ([one]: [string, unknown], [other]: [string, unknown]): number =>
  one < other ? -1 : Number(one > other)

const scopeApp = events(async (scope, receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  const chunks: Uint8Array[] = []
  const kinds = new Set<string>()
  for (let more = true; more;) {
    const event = await receive()
    if (event.type !== 'http.request') return
    chunks.push(event.body)
    if (event.body.length > 0) kinds.add(event.body.constructor.name)
    more = event.moreBody
  }
  const { method, path, rawPath, queryString, scheme, httpVersion } = scope
  const body = Buffer.concat(chunks).toString('latin1')
  const headers = scope.headers.filter(([name]) => !OWN.test(name)).toSorted(byName)
  const seen = {
    method,
    path,
    rawPath,
    queryString,
    scheme,
    httpVersion,
    headers,
    kinds: [...kinds],
  }
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: JSON.stringify({ ...seen, body }) })
})

function environOf(environ: Environ, body: Uint8Array): string {
  const entries = Object.entries(environ)
    .filter(([key, value]) => typeof value === 'string' || typeof value === 'boolean' || key === '')
    .filter(([key]) => !/^(?:SERVER_PORT|SERVER_NAME|REMOTE_.*)$/.test(key))
    .filter(([key]) => !OWN.test(key.replace(/^HTTP_/, '').replaceAll('_', '-')))
    .toSorted(byName)
  return JSON.stringify({
    entries,
    kind: body.constructor.name,
    body: Buffer.from(body).toString('latin1'),
  })
}
const environApp = sync((environ, startResponse) => {
  const body = environ['wsgi.input'].read()
  startResponse('200 OK', [])
  return [environOf(environ, body)]
})
const awaitedApp = iterable(async function* (environ, startResponse) {
  const body = await environ['wsgi.input'].readAsync()
  startResponse('200 OK', [])
  yield environOf(environ, body)
})
const APPS: Array<[string, HostedApp]> = [
  ['an event app', scopeApp],
  ['a sync app', environApp],
  ['an iterable app', awaitedApp],
]

/** One form of each value, made anew for each of the two requests. */
const BODIES: Array<[string, () => unknown]> = [
  ['a string', () => 'größe €'],
  ['an empty string', () => ''],
  ['a boxed string', () => Object('boxed')],
  ['bytes', () => new Uint8Array([0, 1, 255])],
  ['a Buffer', () => Buffer.from('a buffer')],
  ['a part of a buffer', () => Buffer.from('0123456789').subarray(2, 5)],
  ['16-bit numbers', () => new Uint16Array([1, 2, 65_535])],
  ['floats', () => new Float64Array([1.5])],
  ['a DataView', () => new DataView(new Uint8Array([9, 8, 7, 6]).buffer, 1, 2)],
  ['an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer],
  [
    'a URLSearchParams',
    () =>
      new URLSearchParams([
        ['a', '1 2'],
        ['a', 'é&='],
      ]),
  ],
  ['a Blob', () => new Blob(['one', new Uint8Array([2])])],
  ['a Blob with a type', () => new Blob(['{}'], { type: 'application/json' })],
  ['a File', () => new File(['abc'], 'a.txt', { type: 'text/plain' })],
  [
    'a FormData of texts',
    () =>
      form([
        ['a', '1'],
        ['a', '2'],
        ['ü"\r\n', 'x\ny\rz\r\n'],
      ]),
  ],
  ['an empty FormData', () => form([])],
  [
    'a FormData with files',
    () =>
      form([
        ['text', 'before'],
        ['file', new File([new Uint8Array(70_000).fill(65)], 'ä "b".txt', { type: 'text/plain' })],
        ['blob', new Blob(['x'])],
        ['named', new Blob(['y'], { type: 'image/png' }), 'n\n.png'],
        ['empty', new File([], '')],
      ]),
  ],
  ['a ReadableStream', () => new Blob(['streamed']).stream()],
  ['a Readable', () => Readable.from([Buffer.from('read'), Buffer.from('able')])],
  [
    'an async iterable',
    async function* () {
      yield Buffer.from('async')
      yield Buffer.from(' iterable')
    },
  ],
]

function form(fields: Array<[string, string | Blob, string?]>): FormData {
  const made = new FormData()
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') made.append(name, value)
    else if (filename === undefined) made.append(name, value)
    else made.append(name, value, filename)
  }
  return made
}

/** The text with every boundary of a form replaced by the same one; `length` is the sum without boundaries. */
function withoutBoundary(answer: string): unknown {
  const boundary = /boundary=([\w-]+)/.exec(answer)?.[1]
  if (boundary === undefined) return JSON.parse(answer)
  const lines = answer.split(boundary).length - 2
  const seen = answer.replaceAll(boundary, 'BOUNDARY')
  const shorter = (length: string): string => String(Number(length) - lines * boundary.length)
  return JSON.parse(
    seen.replace(
      /((?:content-length|CONTENT_LENGTH)",")(\d+)/,
      (_all, name: string, length: string) => name + shorter(length),
    ),
  )
}

async function bySocket(app: HostedApp, path: string, init: object): Promise<unknown> {
  await using server = await serve(app, { port: 0, log: null, drainIdleMs: 1 })
  const response = await fetch(server.url + path, {
    method: 'POST',
    duplex: 'half',
    signal: AbortSignal.timeout(30_000),
    ...init,
  })
  return withoutBoundary(await response.text())
}

async function inProcess(app: HostedApp, path: string, request: object): Promise<unknown> {
  await using client = await testClient(app)
  return withoutBoundary((await client.post(path, request)).text())
}

describe.each(APPS)('%s sees the same from the test client as from fetch', (_name, app) => {
  it.each(BODIES)('for %s', async (_body, make) => {
    const path = '/a%20b/%C3%BC?q=%20'
    const mine = await inProcess(app, path, { body: make() as TestBody })
    expect(mine).toEqual(await bySocket(app, path, { body: make() }))
  })

  it('for a body with a content type of its own', async () => {
    const headers = { 'Content-Type': 'text/csv' }
    for (const make of [
      () => 'a,b',
      () => new Blob(['x'], { type: 'a/b' }),
      () => new URLSearchParams('a=1'),
    ]) {
      const mine = await inProcess(app, '/', { headers, body: make() })
      expect(mine).toEqual(await bySocket(app, '/', { headers, body: make() }))
    }
  })

  it('for JSON', async () => {
    const value = { a: [1, 'é'], b: null }
    const headers = { 'content-type': 'application/json' }
    const mine = await inProcess(app, '/', { json: value })
    expect(mine).toEqual(await bySocket(app, '/', { headers, body: JSON.stringify(value) }))
  })

  it.each([
    ['blanks around it', '  a b  '],
    ['tabs around it', '\t a\tb \t'],
    ['blanks alone', ' \t '],
    ['no character', ''],
    ['latin-1', '\xa0caf\xe9\xa0'],
    ['a comma and quotes', 'a, "b;c"'],
  ])('for a field value with %s', async (_value, value) => {
    await using server = await serve(app, { port: 0, log: null, drainIdleMs: 1 })
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname).setTimeout(10_000, () => socket.destroy())
    const head = [
      'GET /x HTTP/1.1',
      'Host: a',
      `X-A:${value}`,
      'x-b: 1',
      'X-A: 2',
      'Connection: close',
    ]
    socket.end(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
    const answer = await text(socket)
    const body = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)
    expect(answer).toContain('200 OK')

    await using client = await testClient(app)
    const headers: Array<[string, string]> = [
      ['host', 'a'],
      ['X-A', value],
      ['x-b', '1'],
      ['X-A', '2'],
    ]
    expect(JSON.parse((await client.get('/x', { headers })).text())).toEqual(JSON.parse(body))
  })
})

describe('a field value that no socket can carry', () => {
  it.each(['a\r\nb: c', 'a\nb', '\na', 'a\n', 'a\r', 'a\0', '\x01', '\x7f', '€'])(
    'is refused before anything is sent: %j',
    async (value) => {
      await using client = await testClient(scopeApp)
      const refused = { code: 'ISTHMUS_INVALID_HEADER' }
      await expect(client.get('/', { headers: { 'x-a': value } })).rejects.toMatchObject(refused)
      await expect(client.get('/', { headers: { [value]: 'a' } })).rejects.toMatchObject(refused)
      await expect(client.websocket('/', { headers: { 'x-a': value } })).rejects.toMatchObject(
        refused,
      )
    },
  )

  it.each([undefined, null, 5, {}, [undefined], [5]])(
    'is refused if it is no string: %j',
    async (value) => {
      await using client = await testClient(scopeApp)
      await expect(client.get('/', { headers: { 'x-a': value } as never })).rejects.toMatchObject({
        code: 'ISTHMUS_INVALID_HEADER',
      })
    },
  )
})

describe('a value that is no body', () => {
  it.each([
    ['a number', 5],
    ['null', null],
    ['a plain object', { a: 1 }],
    ['a function', () => 'a'],
    ['a boolean', true],
  ])('is refused, and the message names the bodies: %s', async (_name, body) => {
    await using client = await testClient(scopeApp)
    await expect(client.post('/', { body: body as never })).rejects.toThrow(
      /^"body" cannot be .+: it is a string, bytes, .+; a value to send as JSON is "json"$/,
    )
  })

  it.each([
    ['a number', [5], '5'],
    ['null', ['a', null], 'null'],
    ['an array of numbers', [[1, 2]], 'an Array'],
  ])('is refused as a chunk: %s', async (_name, body, shown) => {
    await using client = await testClient(scopeApp)
    await expect(client.post('/', { body: body as never })).rejects.toThrow(
      `a chunk of "body" is ${shown}: chunks are strings or bytes`,
    )
  })

  it('is refused as JSON, if JSON has no such value', async () => {
    await using client = await testClient(scopeApp)
    await expect(client.post('/', { json: () => 1 })).rejects.toThrow(
      '"json" is a function, which JSON does not have',
    )
  })
})

describe('the bytes of a test', () => {
  it('stay as they are, although the app changes those that it received', async () => {
    const app = events(async (scope, receive, send) => {
      if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
      const event = await receive()
      if (event.type === 'http.request') event.body.fill(0)
      await send({ type: 'http.response.start', status: 204 })
      await send({ type: 'http.response.body' })
    })
    await using client = await testClient(app)
    const body = Buffer.from('mine')
    await client.post('/', { body })
    expect(body.toString()).toBe('mine')
  })

  it('of a file and of a form may be sent in pieces', async () => {
    await using client = await testClient(scopeApp)
    for (const body of [new Blob(['abcdef']), form([['a', 'b']])]) {
      const whole = (await client.post('/', { body })).json() as { body: string }
      const cut = (await client.post('/', { body, split: 2 })).json() as { body: string }
      expect(cut.body.length).toBe(whole.body.length)
    }
  })
})
