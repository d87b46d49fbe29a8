// conditionalGet(): which responses get a tag, which requests get a 304, and the place beside compress().

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { compress } from '../../src/middleware/compress.ts'
import { conditionalGet } from '../../src/middleware/conditional-get.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { ChainLink } from '../../src/chain/wrap.ts'
import type { Chunk } from '../../src/contract/environ.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'

const TAG = 'W/"5-BdVg/v0veHOuE+aDJYVlcw261TM"'
const TYPE: [string, string] = ['content-type', 'text/plain']

interface Page {
  status?: number
  headers?: HeaderPairs
  chunks?: Chunk[]
}

/** A sync app that answers with all chunks at once. */
function page({ status = 200, headers = [TYPE], chunks = ['seats'] }: Page = {}): App {
  return sync((_environ, startResponse) => {
    startResponse(`${status} Reason`, headers)
    return chunks
  })
}

interface Ask {
  method?: string
  headers?: Record<string, string>
  wraps?: ChainLink[]
}

async function ask(app: App, { method = 'GET', headers = {}, wraps }: Ask = {}) {
  const [first = conditionalGet(), ...others] = wraps ?? []
  await using client = await testClient(chain(first, ...others)(app), { lifespan: 'off' })
  return await client.request(method, '/', { headers })
}

async function tagOf(app: App, asked: Ask = {}): Promise<string | undefined> {
  return (await ask(app, asked)).headers.get('etag')
}

async function statusOf(app: App, headers: Record<string, string>, method = 'GET') {
  return (await ask(app, { headers, method })).status
}

describe('a tag', () => {
  it('is made of the bytes, in any number of chunks', async () => {
    expect(await tagOf(page())).toBe(TAG)
    expect(await tagOf(page({ chunks: ['se', Buffer.from('ats'), ''] }))).toBe(TAG)
    expect(await tagOf(page({ chunks: ['grün'] }))).toBe(
      await tagOf(page({ chunks: [Buffer.from('grün')] })),
    )
    expect(await tagOf(page({ chunks: [] }))).toBe('W/"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"')
  })

  it('is weak by default, strong by the option, and none with false', async () => {
    const made = (etag: 'strong' | false) => tagOf(page(), { wraps: [conditionalGet({ etag })] })
    expect(await made('strong')).toBe(TAG.slice(2))
    expect(await made(false)).toBeUndefined()
  })

  it('of the app stays', async () => {
    expect(await tagOf(page({ headers: [TYPE, ['etag', '"own"']] }))).toBe('"own"')
  })

  it('is made up to maxBytes', async () => {
    const wraps = [conditionalGet({ maxBytes: 5 })]
    expect(await tagOf(page(), { wraps })).toBe(TAG)
    expect(await tagOf(page({ chunks: ['seats', '!'] }), { wraps })).toBeUndefined()
  })

  it.each([201, 203, 206, 301, 404, 500])('is not made for the status %i', async (status) => {
    expect(await tagOf(page({ status }))).toBeUndefined()
    expect(await statusOf(page({ status }), { 'if-none-match': '*' })).toBe(status)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('is not made for the method %s', async (method) => {
    expect(await tagOf(page(), { method })).toBeUndefined()
    expect(await statusOf(page(), { 'if-none-match': '*' }, method)).toBe(200)
  })

  it('of HEAD is that of GET, and is not made of a body that is missing or too short', async () => {
    expect(await tagOf(page(), { method: 'HEAD' })).toBe(TAG)
    expect(await tagOf(page({ chunks: [] }), { method: 'HEAD' })).toBeUndefined()
    const short = page({ headers: [TYPE, ['content-length', '6']] })
    expect(await tagOf(short, { method: 'HEAD' })).toBeUndefined()
  })

  it('is not made of a stream, in any style', async () => {
    const streams: App[] = [
      sync(function* (_environ, startResponse) {
        startResponse('200 OK', [TYPE])
        yield 'se'
        yield 'ats'
      }),
      iterable(async function* (_environ, startResponse) {
        startResponse('200 OK', [TYPE])
        yield 'se'
        yield 'ats'
      }),
      events(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
        await send({ type: 'http.response.body', body: 'se', moreBody: true })
        await send({ type: 'http.response.body', body: 'ats' })
      }),
    ]
    for (const stream of streams) {
      const response = await ask(stream)
      expect([response.text(), response.headers.get('etag')]).toEqual(['seats', undefined])
    }
  })

  it('is not made of a body that a middleware inside changes: the client gets other bytes', async () => {
    const nonces = middleware('nonces', function* (request, next) {
      return mapBody(yield* next(request), { chunk: (chunk) => chunk, end: () => 'nonce' })
    })
    const response = await ask(page(), { wraps: [conditionalGet(), nonces] })
    expect([response.text(), response.headers.get('etag')]).toEqual(['seatsnonce', undefined])
  })

  it('is made of the answer of a middleware inside', async () => {
    const answering = middleware('answering', function* () {
      return respond(200, [TYPE], 'seats')
    })
    expect(await tagOf(page(), { wraps: [conditionalGet(), answering] })).toBe(TAG)
  })
})

describe('If-None-Match', () => {
  it.each([
    [TAG, 304],
    [TAG.slice(2), 304],
    ['*', 304],
    [`"x", ${TAG}`, 304],
    [`"x",${TAG.slice(2)} , W/"y"`, 304],
    ['"x"', 200],
    ['W/"x"', 200],
    [TAG.slice(3, -1), 200],
    ['', 200],
  ])('%j is compared weakly (RFC 9110, 13.1.2): %i', async (field, status) => {
    expect(await statusOf(page(), { 'if-none-match': field })).toBe(status)
  })

  it('comes before If-Modified-Since (RFC 9110, 13.2.2)', async () => {
    const date = 'Sat, 29 Oct 1994 19:43:31 GMT'
    const app = page({ headers: [TYPE, ['last-modified', date]] })
    const since = { 'if-modified-since': date }
    expect(await statusOf(app, since)).toBe(304)
    expect(await statusOf(app, { ...since, 'if-none-match': '"x"' })).toBe(200)
    expect(await statusOf(app, { ...since, 'if-none-match': '' })).toBe(200)
  })

  it('is not compared if the client wants a reload', async () => {
    const reload = { 'if-none-match': TAG, 'cache-control': 'no-cache' }
    expect(await statusOf(page(), reload)).toBe(200)
    expect(await statusOf(page(), { ...reload, 'cache-control': 'max-age=0' })).toBe(304)
  })
})

describe('If-Modified-Since', () => {
  const modified = (date: string): App => page({ headers: [TYPE, ['last-modified', date]] })

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 304],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 304],
    ['Sun Nov  6 08:49:37 1994', 304],
    ['Sun, 06 Nov 1994 08:49:38 GMT', 304],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 200],
    ['Sun Nov  6 08:49:36 1994', 200],
    ['2030', 200],
    ['2030-01-01T00:00:00Z', 200],
    ['Sun, 06 Nov 1994 08:49:37 +0100', 200],
    ['Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT', 200],
  ])('%j is a date or ignored (RFC 9110, 5.6.7 and 13.1.3): %i', async (date, status) => {
    const app = modified('Sun, 06 Nov 1994 08:49:37 GMT')
    expect(await statusOf(app, { 'if-modified-since': date })).toBe(status)
  })

  it('needs a Last-Modified that is a date', async () => {
    const since = { 'if-modified-since': 'Sun, 06 Nov 2094 08:49:37 GMT' }
    expect(await statusOf(page(), since)).toBe(200)
    expect(await statusOf(modified('1994'), since)).toBe(200)
  })
})

describe('a 304', () => {
  it('has the fields that guide a cache, and none about the content (RFC 9110, 15.4.5)', async () => {
    const kept: HeaderPairs = [
      ['cache-control', 'max-age=60'],
      ['content-location', '/seats.txt'],
      ['expires', 'Sat, 29 Oct 2094 19:43:31 GMT'],
      ['vary', 'Cookie'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['etag', '"own"'],
    ]
    const app = page({
      headers: [
        TYPE,
        ...kept,
        ['content-length', '5'],
        ['content-language', 'en'],
        ['content-encoding', 'identity'],
        ['content-md5', 'x'],
      ],
    })
    const { status, headers, body } = await ask(app, { headers: { 'if-none-match': '"own"' } })
    const list = [...headers.list].filter(([name]) => name !== 'date' && name !== 'server')
    expect([status, body.length, list]).toEqual([304, 0, kept])
  })

  it('ends a stream with an own tag', async () => {
    let made = 0
    const app = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [['etag', '"own"']])
      for (; made < 1_000; made += 1) yield 'chunk'
    })
    expect(await statusOf(app, { 'if-none-match': '"own"' })).toBe(304)
    expect(made).toBeLessThan(3)
  })

  it('lets an event app with a whole body end as usual', async () => {
    let ended = false
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'seats' })
      ended = true
    })
    expect(await statusOf(app, { 'if-none-match': TAG })).toBe(304)
    expect(ended).toBe(true)
  })

  it('takes the place of a file that an event app sends by path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-'))
    afterAll(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'seats.txt')
    writeFileSync(path, 'seats')
    const app = events(async (_scope, _receive, send) => {
      const headers: HeaderPairs = [['etag', '"own"']]
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.pathsend', path })
    })
    expect((await ask(app)).text()).toBe('seats')
    const { status, body } = await ask(app, { headers: { 'if-none-match': '"own"' } })
    expect([status, body.length]).toEqual([304, 0])
  })
})

describe('a request for a range', () => {
  it('is left to the app', async () => {
    const headers = { range: 'bytes=0-1', 'if-none-match': TAG }
    const { status, headers: fields } = await ask(page(), { headers })
    expect([status, fields.get('etag')]).toEqual([200, undefined])
  })
})

describe('beside compress()', () => {
  const text = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
  const long = page({ chunks: [text] })
  const gzip = { 'accept-encoding': 'gzip' }

  it('inside it, one tag serves all codings, and a 304 varies as the 200 does', async () => {
    const wraps = [compress(), conditionalGet()]
    const coded = await ask(long, { wraps, headers: gzip })
    expect(coded.headers.get('content-encoding')).toBe('gzip')
    expect(gunzipSync(coded.body).toString()).toBe(text)
    const tag = coded.headers.get('etag') as string
    expect(await tagOf(long, { wraps })).toBe(tag)

    for (const accept of [gzip, {}]) {
      const again = await ask(long, { wraps, headers: { ...accept, 'if-none-match': tag } })
      expect([again.status, again.headers.get('vary'), again.headers.get('etag')]).toEqual([
        304,
        'Accept-Encoding',
        tag,
      ])
    }
  })

  it('inside it, a strong tag is weak for a coded body, and its 304 has the tag of the client', async () => {
    const wraps = [compress(), conditionalGet({ etag: 'strong' })]
    const strong = (await tagOf(long, { wraps })) as string
    const weak = await tagOf(long, { wraps, headers: gzip })
    expect([strong.startsWith('"'), weak]).toEqual([true, `W/${strong}`])
    const again = await ask(long, { wraps, headers: { ...gzip, 'if-none-match': `W/${strong}` } })
    expect([again.status, again.headers.get('etag')]).toEqual([304, weak])
  })

  it('outside it, a coded body gets no tag, and a plain one does', async () => {
    for (const etag of ['weak', 'strong'] as const) {
      const wraps = [conditionalGet({ etag }), compress()]
      const coded = await ask(long, { wraps, headers: gzip })
      expect([coded.headers.get('content-encoding'), coded.headers.get('etag')]).toEqual([
        'gzip',
        undefined,
      ])
      expect(await tagOf(long, { wraps })).toBeDefined()
    }
  })

  it('outside it, an own tag is compared after compress() has made it weak', async () => {
    const wraps = [conditionalGet(), compress()]
    const own = page({ headers: [TYPE, ['etag', '"own"']], chunks: [text] })
    const again = await ask(own, { wraps, headers: { ...gzip, 'if-none-match': 'W/"own"' } })
    expect([again.status, again.headers.get('etag'), again.headers.get('vary')]).toEqual([
      304,
      'W/"own"',
      'Accept-Encoding',
    ])
    expect([again.headers.get('content-encoding'), again.body.length]).toEqual([undefined, 0])
  })
})

describe('conditionalGet()', () => {
  it.each([
    [{ etag: true }, 'option "etag" cannot be true: it is weak, strong or false'],
    [{ maxBytes: -1 }, 'option "maxBytes" cannot be -1: it is a whole number of at least 0'],
    [{ maxBytes: 0.5 }, 'option "maxBytes" cannot be 0.5: it is a whole number of at least 0'],
    [{ weak: true }, 'unknown option "weak"; the options are etag, maxBytes'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => conditionalGet(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `conditionalGet(): ${message}`,
      }),
    )
  })
})
