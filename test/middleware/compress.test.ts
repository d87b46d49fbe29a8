// The coding of a response, the responses that stay unchanged, and streams.

import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { compress } from '../../src/middleware/compress.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import { chain } from '../../src/chain/chain.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { Chunk, SyncApp } from '../../src/contract/environ.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { CompressOptions } from '../../src/middleware/compress.ts'
import type { TestResponse } from '../../src/testing/test-response.ts'

const TEXT = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
const TYPE: [string, string] = ['Content-Type', 'text/plain; charset=utf-8']
const hasZstd = 'zstdDecompressSync' in zlib

type Headers = ReadonlyArray<readonly [string, string]>

/** Answers with these fields, and one chunk. */
function page(headers: Headers = [TYPE], body: Chunk = TEXT, status = '200 OK'): SyncApp {
  return (_environ, startResponse) => {
    startResponse(status, headers)
    return [body]
  }
}

async function ask(
  app: App,
  request: Record<string, string>,
  options: CompressOptions = {},
  method = 'GET',
) {
  await using client = await testClient(compress(options)(app))
  return await client.request(method, '/', { headers: request })
}

const gzip = (app: App, options: CompressOptions = {}) =>
  ask(app, { 'accept-encoding': 'gzip' }, options)

function decoded({ headers, body }: TestResponse): string {
  switch (headers.get('content-encoding')) {
    case 'br':
      return brotliDecompressSync(body).toString()
    case 'gzip':
      return gunzipSync(body).toString()
    case 'zstd':
      return String(
        (zlib as never as { zstdDecompressSync(body: Uint8Array): Buffer }).zstdDecompressSync(
          body,
        ),
      )
    default:
      return Buffer.from(body).toString()
  }
}

type Working = Record<'_transform' | '_processChunk', (this: Handle, ...words: unknown[]) => void>
interface Handle {
  /** Null after its memory is freed. */
  _handle: unknown
}

/** Counts the encoders that work from now on, and those that still hold memory. */
function encoders() {
  const gzips = Object.getPrototypeOf(Object.getPrototypeOf(zlib.createGzip())) as object
  const working = Object.getPrototypeOf(gzips) as Working
  const spies = [vi.spyOn(working, '_transform'), vi.spyOn(working, '_processChunk')]
  const seen = (): Handle[] => [...new Set(spies.flatMap(({ mock }) => mock.contexts))]
  return {
    seen: () => seen().length,
    open: () => seen().filter(({ _handle }) => _handle !== null).length,
    [Symbol.dispose]: () => spies.forEach((spy) => spy.mockRestore()),
  }
}

describe('the coding', () => {
  const codingFor = async (accept: string, options: CompressOptions = {}) =>
    (await ask(page(), { 'accept-encoding': accept }, options)).headers.get('content-encoding')

  it('is the first preference of the client, and our own among equal preferences', async () => {
    expect(await codingFor('gzip, deflate, br')).toBe('br')
    expect(await codingFor('br;q=0.5, gzip')).toBe('gzip')
    expect(await codingFor('GZIP')).toBe('gzip')
    expect(await codingFor('*')).toBe('br')
    expect(await codingFor('gzip, br', { codings: ['gzip', 'br'] })).toBe('gzip')
  })

  it('is none if the client accepts none, or prefers the plain body', async () => {
    const plain = [
      '',
      'identity',
      'deflate',
      'gzip;q=0',
      '*;q=0',
      'br;q=0, gzip;q=0.0',
      'identity, gzip;q=0.5',
      'x-compress',
      'x-x-gzip',
      'identity;q=0',
      'x-gzip;q=0',
      'gzip;q=0.5, identity;q=0.6, *;q=0',
    ]
    const codings = await Promise.all(plain.map((accept) => codingFor(accept)))
    expect(codings).toEqual(plain.map(() => undefined))
    expect((await ask(page(), {})).headers.get('content-encoding')).toBeUndefined()
  })

  it('is the next one if the client refuses one', async () => {
    expect(await codingFor('br;q=0, *')).toBe(hasZstd ? 'zstd' : 'gzip')
    expect(await codingFor('identity;q=0, gzip;q=0.1')).toBe('gzip')
    expect(await codingFor('*;q=0, gzip')).toBe('gzip')
  })

  it('is gzip for a client that names it x-gzip (RFC 9110, 8.4.1.3)', async () => {
    const response = await ask(page(), { 'accept-encoding': 'deflate, X-GZIP;q=0.5' })
    expect([response.headers.get('content-encoding'), decoded(response)]).toEqual(['gzip', TEXT])
    expect(await codingFor('x-gzip, br;q=0.9')).toBe('gzip')
    expect(await codingFor('x-gzip;q=0, *')).toBe('br')
  })

  it('is one even for a short body if the client refuses the plain body (RFC 9110, 12.5.3)', async () => {
    const codingOf = async (accept: string, headers: Headers = [TYPE]) => {
      const response = await ask(page(headers, 'short'), { 'accept-encoding': accept })
      expect(decoded(response)).toBe('short')
      return response.headers.get('content-encoding')
    }
    expect(await codingOf('gzip, identity;q=0')).toBe('gzip')
    expect(await codingOf('gzip;q=0.1, *;q=0')).toBe('gzip')
    expect(await codingOf('gzip, identity;q=0', [TYPE, ['Content-Length', '5']])).toBe('gzip')
    expect(await codingOf('gzip, identity;q=0.1, *;q=0')).toBeUndefined()
    expect(await codingOf('deflate, identity;q=0')).toBeUndefined()
    const unchanging: Headers = [TYPE, ['Cache-Control', 'no-transform']]
    expect(await codingOf('gzip, identity;q=0', unchanging)).toBeUndefined()
  })

  it.runIf(hasZstd)('is zstd for a client that asks for it', async () => {
    const response = await ask(page(), { 'accept-encoding': 'zstd' })
    expect([response.headers.get('content-encoding'), decoded(response)]).toEqual(['zstd', TEXT])
  })

  it('decodes to the body of the app', async () => {
    for (const accept of ['br', 'gzip']) {
      expect(decoded(await ask(page(), { 'accept-encoding': accept }))).toBe(TEXT)
    }
  })
})

describe('the head', () => {
  it('has the coding, length and vary of the encoded body', async () => {
    const response = await gzip(
      page([TYPE, ['Content-Length', String(TEXT.length)], ['Vary', 'Cookie']]),
    )
    expect(response.headers.getAll('content-length')).toEqual([String(response.body.length)])
    expect(response.headers.getAll('vary')).toEqual(['Cookie, Accept-Encoding'])
    expect(response.body.length).toBeLessThan(TEXT.length / 10)
  })

  it('has vary even if this client gets the plain body', async () => {
    expect((await ask(page(), {})).headers.getAll('vary')).toEqual(['Accept-Encoding'])
    expect((await gzip(page([TYPE], 'short'))).headers.getAll('vary')).toEqual(['Accept-Encoding'])
    expect((await ask(page(), {}, {}, 'HEAD')).headers.getAll('vary')).toEqual(['Accept-Encoding'])
  })

  it('has a weak entity tag, and no field about the plain bytes', async () => {
    const fields = ['Accept-Ranges', 'Content-MD5', 'Digest', 'Content-Digest', 'Repr-Digest']
    const headers = fields.map((name): [string, string] => [name, 'x'])
    const response = await gzip(page([TYPE, ['ETag', '"1"'], ...headers]))
    expect(response.headers.get('etag')).toBe('W/"1"')
    expect(fields.filter((name) => response.headers.get(name) !== undefined)).toEqual([])
    expect((await gzip(page([TYPE, ['ETag', 'W/"1"']]))).headers.get('etag')).toBe('W/"1"')
    expect((await ask(page([TYPE, ['ETag', '"1"']]), {})).headers.get('etag')).toBe('"1"')
  })

  it('of a 304 has the tag that the client has', async () => {
    const unchanged = page([['ETag', '"1"']], '', '304 Not Modified')
    const tagFor = async (asked: string) =>
      (await ask(unchanged, { 'if-none-match': asked, 'accept-encoding': 'gzip' })).headers.get(
        'etag',
      )
    expect(await tagFor('W/"1"')).toBe('W/"1"')
    expect(await tagFor('"1"')).toBe('"1"')
  })

  it('of a 304 or 206 has the vary of the 200 (RFC 9110, 15.4.5 and 15.3.7)', async () => {
    const varyOf = async (status: string, headers: Headers) =>
      (await ask(page(headers, '', status), { 'accept-encoding': 'gzip' })).headers.get('vary')
    for (const status of ['304 Not Modified', '206 Partial Content']) {
      expect(await varyOf(status, [['ETag', '"1"']])).toBe('Accept-Encoding')
      expect(await varyOf(status, [TYPE, ['Vary', 'Cookie']])).toBe('Cookie, Accept-Encoding')
      expect(await varyOf(status, [['Content-Type', 'image/png']])).toBeUndefined()
      expect(await varyOf(status, [['Cache-Control', 'no-transform']])).toBeUndefined()
      expect(await varyOf(status, [['Content-Encoding', 'br']])).toBeUndefined()
    }
    const ranges: Headers = [['Content-Type', 'multipart/byteranges; boundary=x']]
    expect(await varyOf('206 Partial Content', ranges)).toBe('Accept-Encoding')
  })

  it('for HEAD is the head for GET, without the unknown length', async () => {
    const app = page([TYPE, ['Content-Length', String(TEXT.length)], ['ETag', '"1"']])
    const head = await ask(app, { 'accept-encoding': 'gzip' }, {}, 'HEAD')
    const { headers } = head
    expect([head.body.length, headers.get('content-encoding'), headers.get('etag')]).toEqual([
      0,
      'gzip',
      'W/"1"',
    ])
    expect(headers.get('content-length')).toBeUndefined()
    const short = await ask(
      page([TYPE, ['Content-Length', '5']]),
      { 'accept-encoding': 'gzip' },
      {},
      'HEAD',
    )
    expect([short.headers.get('content-length'), short.headers.get('content-encoding')]).toEqual([
      '5',
      undefined,
    ])
  })
})

describe('unchanged is', () => {
  const isPlain = async (app: App, options: CompressOptions = {}) => {
    const { headers, body } = await gzip(app, options)
    expect(Buffer.from(body).toString()).toBe(TEXT)
    return headers.get('content-encoding')
  }

  it('a body with a coding', async () => {
    expect(await isPlain(page([TYPE, ['Content-Encoding', 'br']]))).toBe('br')
    expect(await isPlain(page([TYPE, ['Content-Encoding', 'identity']]))).toBe('identity')
  })

  it('a type that does not shrink, and a body without a type', async () => {
    for (const type of [
      'image/png',
      'video/mp4',
      'application/zip',
      'font/woff2',
      'application/octet-stream',
    ]) {
      expect(await isPlain(page([['Content-Type', type]]))).toBeUndefined()
    }
    expect(await isPlain(page([]))).toBeUndefined()
  })

  it('a partial body, and a body that must not be transformed', async () => {
    expect(await isPlain(page([TYPE], TEXT, '206 Partial Content'))).toBeUndefined()
    expect(await isPlain(page([TYPE, ['Content-Range', 'bytes 0-9/10']]))).toBeUndefined()
    expect(
      await isPlain(page([TYPE, ['Cache-Control', 'private, No-Transform, max-age=1']])),
    ).toBeUndefined()
    expect(
      await isPlain(page([TYPE, ['Cache-Control', 'private'], ['Cache-Control', 'no-transform']])),
    ).toBeUndefined()
  })

  it('a short body, by its length or by its chunks', async () => {
    const options = { minBytes: TEXT.length + 1 }
    expect(await isPlain(page(), options)).toBeUndefined()
    expect(
      await isPlain(page([TYPE, ['Content-Length', String(TEXT.length)]]), { minBytes: 1_048_576 }),
    ).toBeUndefined()
    const exact = await gzip(page(), { minBytes: TEXT.length })
    expect(exact.headers.get('content-encoding')).toBe('gzip')
  })

  it('no type that is named in the option types', async () => {
    const csv = page([['Content-Type', 'Application/X-Own; v=1']])
    expect((await gzip(csv)).headers.get('content-encoding')).toBeUndefined()
    expect(
      (await gzip(csv, { types: ['application/x-own'] })).headers.get('content-encoding'),
    ).toBe('gzip')
    expect((await gzip(csv, { types: [/x-o.n$/] })).headers.get('content-encoding')).toBe('gzip')
  })

  it('a 205, with and without content', async () => {
    const status = '205 Reset Content'
    expect(await isPlain(page([TYPE], TEXT, status))).toBeUndefined()
    const { headers, body } = await gzip(page([TYPE], '', status))
    expect([headers.get('content-encoding'), body.length]).toEqual([undefined, 0])
  })
})

describe('an empty body stays empty,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-'))
  const emptyFile = join(folder, 'empty')
  writeFileSync(emptyFile, '')
  afterAll(() => rmSync(folder, { recursive: true }))

  const pulled = (headers: HeaderPairs): Record<string, App> => ({
    'a list without chunks': sync((_environ, startResponse) => {
      startResponse('200 OK', headers)
      return []
    }),
    'a list of empty chunks': sync((_environ, startResponse) => {
      startResponse('200 OK', headers)
      return ['', new Uint8Array(0)]
    }),
    'write()': sync((_environ, startResponse) => {
      startResponse('200 OK', headers)('')
      return []
    }),
    'a generator': sync(function* (_environ, startResponse) {
      startResponse('200 OK', headers)
      yield* []
    }),
    'a generator of empty chunks': sync(function* (_environ, startResponse) {
      startResponse('200 OK', headers)
      yield ''
      yield ''
    }),
    'an iterable app': iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', headers)
      yield* []
    }),
    'an iterable app with empty chunks': iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', headers)
      yield ''
      yield ''
    }),
  })
  const sent = (headers: HeaderPairs): Record<string, App> => {
    const start = { type: 'http.response.start', status: 200, headers } as const
    const last = { type: 'http.response.body' } as const
    return {
      'one event': events(async (_scope, _receive, send) => {
        await send(start)
        await send(last)
      }),
      'an event that begins the body, and one that ends it': events(
        async (_scope, _receive, send) => {
          await send(start)
          await send({ ...last, moreBody: true })
          await send(last)
        },
      ),
      'an empty file': events(async (_scope, _receive, send) => {
        await send(start)
        await send({ type: 'http.response.pathsend', path: emptyFile })
      }),
      'the answer of a middleware': middleware('answering', function* () {
        return respond(200, headers)
      })(events(async () => undefined)),
      'the stream of a middleware': middleware('answering', function* () {
        return respond(200, headers, [''])
      })(events(async () => undefined)),
    }
  }
  const apps = (headers: HeaderPairs): Record<string, App> => ({
    ...pulled(headers),
    ...sent(headers),
  })
  const cases = Object.keys(apps([])).flatMap((style) =>
    ['GET', 'HEAD'].flatMap((method) =>
      ['gzip', 'gzip, identity;q=0'].map((accept) => [style, method, accept] as const),
    ),
  )

  it.each(cases)('%s, for %s with "%s"', async (style, method, accept) => {
    const request = { 'accept-encoding': accept }
    const unknown = await ask(apps([TYPE])[style] as App, request, { minBytes: 0 }, method)
    expect(unknown.body.length).toBe(0)
    const told = apps([TYPE, ['Content-Length', '0']])[style] as App
    const { headers, body } = await ask(told, request, { minBytes: 0 }, method)
    expect([body.length, headers.get('content-encoding')]).toEqual([0, undefined])
    expect(headers.get('content-length')).toBe('0')
  })

  it.each(Object.keys(apps([])))('%s, without a coding if the end is known', async (style) => {
    const { headers } = await gzip(apps([TYPE])[style] as App, { minBytes: 0 })
    // The head of these is on its way before the first byte.
    const isStream = /event that begins|file/.test(style)
    expect(headers.get('content-encoding')).toBe(isStream ? 'gzip' : undefined)
  })
})

describe('a body of many chunks', () => {
  const chunks = Array.from({ length: 40 }, (_one, at) => `${at} ${TEXT.slice(0, at * 100)}\n`)
  const whole = chunks.join('')
  const streams: Record<string, App> = {
    sync: function* (_environ, startResponse) {
      startResponse('200 OK', [TYPE])
      yield* chunks
    } satisfies SyncApp,
    'sync, as an array': ((_environ, startResponse) => {
      startResponse('200 OK', [TYPE])
      return chunks
    }) satisfies SyncApp,
    iterable: iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [TYPE])
      yield* chunks
    }),
    events: events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
      await send({ type: 'http.response.body' })
    }),
  }
  const accepts = hasZstd ? ['br', 'gzip', 'zstd'] : ['br', 'gzip']
  const cases = Object.keys(streams).flatMap((style) =>
    accepts.flatMap((coding) => [true, false].map((flush) => ({ style, coding, flush }))),
  )

  it.each(cases)(
    '($style) decodes to the whole from $coding, flush $flush',
    async ({ style, coding, flush }) => {
      const response = await ask(streams[style] as App, { 'accept-encoding': coding }, { flush })
      expect([response.headers.get('content-encoding'), decoded(response)]).toEqual([coding, whole])
      expect(response.body.length).toBeLessThan(whole.length / 5)
    },
  )

  it('that is random and long decodes to the same bytes, complete or streamed', async () => {
    const noise = Buffer.from(
      Array.from({ length: 300_000 }, (_one, at) => (at * 7919 + (at >> 3) * 31) & 0xff),
    )
    const big = Buffer.concat([noise, noise])
    const sent = async (app: App) => gunzipSync((await gzip(app)).body).equals(big)
    const inOne = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      await send({ type: 'http.response.body', body: big })
    })
    const inTwo = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      await send({ type: 'http.response.body', body: noise, moreBody: true })
      await send({ type: 'http.response.body', body: noise })
    })
    const past: SyncApp = function* (_environ, startResponse) {
      startResponse('200 OK', [TYPE])
      yield noise
      yield noise
    }
    expect([
      await sent(inOne),
      await sent(inTwo),
      await sent(past),
      await sent(page([TYPE], big)),
    ]).toEqual([true, true, true, true])
  })

  it('passes through the inner maps first', async () => {
    const shout = middleware('shout', function* (request, next) {
      return mapBody(yield* next(request), { chunk: (chunk) => String(chunk).toUpperCase() })
    })
    await using client = await testClient(chain(compress(), shout)(page()))
    const response = await client.get('/', { headers: { 'accept-encoding': 'gzip' } })
    expect(decoded(response)).toBe(TEXT.toUpperCase())
  })
})

describe('a stream', () => {
  const unpacked = (coding: string) => {
    const decoder = coding === 'br' ? zlib.createBrotliDecompress() : zlib.createGunzip()
    let text = ''
    decoder.on('data', (bytes: Buffer) => (text += bytes.toString()))
    return async (bytes: Uint8Array) => {
      await new Promise((resolve) => decoder.write(bytes, resolve))
      return text
    }
  }

  it.each(['gzip', 'br'])(
    'arrives in %s chunk by chunk: the first before the app makes its second',
    async (coding) => {
      const gate = deferred()
      const app = events(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
        await send({ type: 'http.response.body', body: 'first', moreBody: true })
        await gate.promise
        await send({ type: 'http.response.body', body: ' second' })
      })
      await using client = await testClient(compress()(app))
      await using response = await client.stream('GET', '/', {
        headers: { 'accept-encoding': coding },
      })
      const take = unpacked(coding)
      expect(await take((await response.read()) as Uint8Array)).toBe('first')
      gate.resolve()
      expect(await take((await response.read()) as Uint8Array)).toBe('first second')
    },
  )

  it('of server-sent events is flushed even with flush: false', async () => {
    const gate = deferred()
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [['Content-Type', 'text/event-stream']])
      yield 'data: 1\n\n'
      await gate.promise
      yield 'data: 2\n\n'
    })
    await using client = await testClient(compress({ flush: false })(app))
    await using response = await client.stream('GET', '/', {
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const take = unpacked('gzip')
    expect(await take((await response.read()) as Uint8Array)).toBe('data: 1\n\n')
    gate.resolve()
    expect(await take((await response.read()) as Uint8Array)).toBe('data: 1\n\ndata: 2\n\n')
  })
})

describe('a file', () => {
  const path = fileURLToPath(import.meta.url)
  const text = readFileSync(path, 'utf8')
  const length: [string, string] = ['Content-Length', String(Buffer.byteLength(text))]

  it('that the app sends by path is read and sent in the coding', async () => {
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE, length] })
      await send({ type: 'http.response.pathsend', path })
    })
    const response = await gzip(app)
    expect([response.headers.get('content-encoding'), decoded(response)]).toEqual(['gzip', text])
  })

  it('of a file wrapper, too', async () => {
    const app: SyncApp = (environ, startResponse) => {
      const fd = openSync(path, 'r')
      startResponse('200 OK', [TYPE, length])
      return environ['wsgi.file_wrapper']!({
        fd,
        read: (size) => {
          const block = Buffer.alloc(size)
          return block.subarray(0, readSync(fd, block))
        },
        close: () => closeSync(fd),
      })
    }
    const response = await gzip(app)
    expect([response.headers.get('content-encoding'), decoded(response)]).toEqual(['gzip', text])
  })
})

describe('a client that leaves', () => {
  it('ends a stream, even in the middle of a chunk: the send of the app rejects', async () => {
    const failure = deferred<unknown>()
    const noise = Buffer.from(Array.from({ length: 2_000_000 }, (_one, at) => (at * 7919) & 0xff))
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      const sending = async () => {
        for (;;) await send({ type: 'http.response.body', body: noise, moreBody: true })
      }
      await sending().catch((error: unknown) => failure.resolve(error))
    })
    await using client = await testClient(compress()(app))
    const response = await client.stream('GET', '/', { headers: { 'accept-encoding': 'br' } })
    await response.read()
    response.cancel()
    expect(await failure.promise).toMatchObject({ code: 'ECONNRESET' })
    await response.finished()
  })

  it('ends a stream of a sync app', async () => {
    let closed = false
    const app: SyncApp = function* (_environ, startResponse) {
      try {
        startResponse('200 OK', [TYPE])
        for (;;) yield TEXT
      } finally {
        closed = true
      }
    }
    await using client = await testClient(compress()(app))
    const request = { headers: { 'accept-encoding': 'gzip' }, highWaterMark: 1 }
    const response = await client.stream('GET', '/', request)
    await response.read()
    response.cancel()
    await response.finished()
    expect(closed).toBe(true)
  })
})

describe('the encoder of a stream', () => {
  const fails = new Error('a bug of the app')
  const failing: Record<string, App> = {
    'an event app': events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      await send({ type: 'http.response.body', body: TEXT, moreBody: true })
      throw fails
    }),
    'an iterable app': iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [TYPE])
      yield TEXT
      throw fails
    }),
    'a sync app': sync(function* (_environ, startResponse) {
      startResponse('200 OK', [TYPE])
      yield TEXT
      throw fails
    }),
    'the answer of a middleware': middleware('answering', function* () {
      const body = function* () {
        yield TEXT
        throw fails
      }
      return respond(200, [TYPE], body())
    })(events(async () => undefined)),
  }

  it.each(Object.keys(failing))('is closed at once if %s fails after its head', async (who) => {
    using handles = encoders()
    await using client = await testClient(compress()(failing[who] as App), {
      raiseAppErrors: false,
    })
    const headers = { 'accept-encoding': 'gzip' }
    await expect(client.get('/', { headers })).rejects.toThrow(/cut the connection/)
    expect([handles.seen(), handles.open()]).toEqual([1, 0])
  })

  it('is closed at once if the client leaves, even while the app waits', async () => {
    using handles = encoders()
    const gate = deferred()
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [TYPE] })
      await send({ type: 'http.response.body', body: TEXT, moreBody: true })
      await gate.promise
    })
    await using client = await testClient(compress()(app))
    const headers = { 'accept-encoding': 'gzip' }
    const response = await client.stream('GET', '/', { headers })
    await response.read()
    expect(handles.open()).toBe(1)
    response.cancel()
    expect(handles.open()).toBe(0)
    gate.resolve()
    await response.finished()
  })
})

describe('invalid options', () => {
  const refusals: Array<[unknown, RegExp]> = [
    [{ level: 9 }, /compress\(\): unknown option "level"/],
    [{ codings: ['deflate'] }, /option "codings" cannot be 'deflate': this Node has br, /],
    [{ codings: 'br' }, /option "codings" cannot be 'br': it is a list/],
    [{ minBytes: '1kb' }, /option "minBytes" cannot be '1kb': it is a whole number of at least 0/],
    [{ minBytes: -1 }, /option "minBytes" cannot be -1/],
    [{ brQuality: 12 }, /option "brQuality" cannot be 12: it is an integer from 0 to 11/],
    [{ gzipLevel: 0 }, /option "gzipLevel" cannot be 0/],
    [{ zstdLevel: 2.5 }, /option "zstdLevel" cannot be 2.5/],
    [{ types: 'text/csv' }, /option "types" cannot be 'text\/csv': it is a list/],
  ]
  it.each(refusals)('%j are refused at creation', (options, message) => {
    expect(() => compress(options as CompressOptions)).toThrow(message)
  })
})
