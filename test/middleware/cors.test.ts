// Which origins may read responses, send requests and open WebSockets.

import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, iterable } from '../../src/bridge/style.ts'
import { toEvents } from '../../src/bridge/to-events.ts'
import { chain } from '../../src/chain/chain.ts'
import { WaitUnderSyncError } from '../../src/errors.ts'
import { cors } from '../../src/middleware/cors.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { HandshakeDeniedError } from '../../src/testing/faults.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { StartResponse, StartResponseHeaders, SyncApp } from '../../src/contract/environ.ts'
import type { CorsOptions } from '../../src/middleware/cors.ts'
import type { Wrap } from '../../src/chain/wrap.ts'
import type { TestResponse } from '../../src/testing/test-response.ts'

const SHOP = 'https://shop.example'

const app = (headers: StartResponseHeaders = []): SyncApp => {
  return ({ REQUEST_METHOD }, startResponse) => {
    startResponse('200 OK', headers)
    return [`the app saw ${REQUEST_METHOD}`]
  }
}

/** The CORS fields and Vary of a response, by the last part of their names. */
function said({ headers }: TestResponse): Record<string, string> {
  const own = headers.list.filter(([name]) => /^(access-control-|vary$)/.test(name))
  return Object.fromEntries(
    own.map(([name, value]) => [name.replace('access-control-', ''), value]),
  )
}

async function get(options: CorsOptions, origin: string | null, inner: App = app()) {
  await using client = await testClient(cors(options)(inner))
  return await client.get('/', { headers: origin === null ? {} : { origin } })
}

async function preflight(options: CorsOptions, asks: Record<string, string>) {
  await using client = await testClient(cors(options)(app()))
  const method = { 'access-control-request-method': 'PUT' }
  return await client.options('/', { headers: { ...method, ...asks } })
}

describe('a response', () => {
  it('may be read by all origins by default', async () => {
    expect(said(await get({}, SHOP))).toEqual({ 'allow-origin': '*' })
    expect(said(await get({}, null))).toEqual({ 'allow-origin': '*' })
  })

  it('names an allowed origin, and always varies by origin', async () => {
    const options = { origins: [SHOP] }
    expect(said(await get(options, SHOP))).toEqual({ 'allow-origin': SHOP, vary: 'Origin' })
    expect(said(await get(options, 'https://evil.example'))).toEqual({ vary: 'Origin' })
    expect(said(await get(options, null))).toEqual({ vary: 'Origin' })
  })

  it('goes to a forbidden origin too, without the field that allows a script to read it', async () => {
    expect((await get({ origins: [SHOP] }, 'https://evil.example')).text()).toBe('the app saw GET')
  })

  it('merges its Vary with the fields of the app', async () => {
    const options = { origins: [SHOP] }
    const vary = async (...values: string[]) => {
      const fields = values.map((value): [string, string] => ['Vary', value])
      return (await get(options, SHOP, app(fields))).headers.getAll('vary')
    }
    expect(await vary('Accept-Encoding')).toEqual(['Accept-Encoding, Origin'])
    expect(await vary('Accept', 'Cookie')).toEqual(['Accept, Cookie, Origin'])
    expect(await vary('origin')).toEqual(['origin'])
    expect(await vary('*')).toEqual(['*'])
  })

  it('has one allow-origin, even if the app set its own', async () => {
    const inner = app([['Access-Control-Allow-Origin', '*']])
    expect(
      (await get({ origins: [SHOP] }, SHOP, inner)).headers.getAll('access-control-allow-origin'),
    ).toEqual([SHOP])
  })

  it('names the headers that scripts may read, and allows credentials', async () => {
    const options = { origins: [SHOP], credentials: true, exposeHeaders: ['X-Total', 'ETag'] }
    expect(said(await get(options, SHOP))).toEqual({
      'allow-origin': SHOP,
      'allow-credentials': 'true',
      'expose-headers': 'X-Total, ETag',
      vary: 'Origin',
    })
  })
})

describe('an origin', () => {
  const isLetIn = async (origins: NonNullable<CorsOptions['origins']>, origin: string) =>
    (await get({ origins }, origin)).headers.get('access-control-allow-origin') === origin

  it('is compared as a whole: scheme, host and port', async () => {
    expect(await isLetIn([SHOP], 'https://shop.example')).toBe(true)
    for (const other of [
      'http://shop.example',
      'https://shop.example:8443',
      'https://shop.example.evil',
      'null',
    ]) {
      expect(await isLetIn([SHOP], other)).toBe(false)
    }
  })

  it('is matched as a whole by a pattern, anchored or not', async () => {
    const origins = [/https:\/\/[a-z]+\.shop\.example|https:\/\/[a-z]+\.shop\.example:8443/g]
    expect(await isLetIn(origins, 'https://eu.shop.example')).toBe(true)
    expect(await isLetIn(origins, 'https://eu.shop.example:8443')).toBe(true)
    expect(await isLetIn(origins, 'https://eu.shop.example.evil.example')).toBe(false)
    expect(await isLetIn(origins, 'https://evil.example/https://eu.shop.example')).toBe(false)
  })

  it('is judged by a function, which gets the request', async () => {
    const origins: CorsOptions['origins'] = (origin, { path }) => path === '/' && origin === SHOP
    expect(await isLetIn(origins, SHOP)).toBe(true)
    expect(await isLetIn(origins, 'https://evil.example')).toBe(false)
  })

  it('is not allowed by a value other than true', async () => {
    for (const row of [{}, 'yes', undefined, 1]) {
      const origins = (() => row) as never
      await expect(get({ origins }, SHOP)).rejects.toThrow(
        `cors(): origins() returned ${typeof row}, not a boolean`,
      )
      const later = (async () => row) as never
      await expect(get({ origins: later }, SHOP, toEvents(app()))).rejects.toThrow(
        `cors(): origins() returned ${typeof row}, not a boolean`,
      )
    }
  })
})

describe('an origin that an async function judges', () => {
  /** Answers later, as a database does. */
  const origins = async (origin: string): Promise<boolean> => {
    await setImmediate()
    return origin === SHOP
  }
  const page = async (_environ: unknown, startResponse: StartResponse): Promise<string[]> => {
    startResponse('200 OK', [])
    return ['seats']
  }
  const handler: EventApp = async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'seats' })
  }

  it.each<[style: string, inner: App]>([
    ['a sync app inside toEvents()', toEvents(app())],
    ['an async-iterable app', iterable(page)],
    ['an event app', events(handler)],
  ])('may read the response if the promise is true, around %s', async (_style, inner) => {
    expect(said(await get({ origins }, SHOP, inner))).toEqual({
      'allow-origin': SHOP,
      vary: 'Origin',
    })
    expect(said(await get({ origins }, 'https://evil.example', inner))).toEqual({ vary: 'Origin' })
    expect(said(await get({ origins }, null, inner))).toEqual({ vary: 'Origin' })
  })

  it('has its preflight answered', async () => {
    await using client = await testClient(cors({ origins })(toEvents(app())))
    const statusOf = async (origin: string) => {
      const headers = { origin, 'access-control-request-method': 'PUT' }
      return (await client.options('/', { headers })).status
    }
    expect([await statusOf(SHOP), await statusOf('https://evil.example')]).toEqual([204, 403])
  })

  it('opens a WebSocket only if the promise is true', async () => {
    const socket = websocket(async (session) => {
      await session.accept()
      await session.close()
    })
    await using client = await testClient(cors({ origins })(socket))
    await using session = await client.websocket('/', { headers: { origin: SHOP } })
    expect((await session.closed).code).toBe(1000)
    const evil = { headers: { origin: 'https://evil.example' } }
    await expect(client.websocket('/', evil)).rejects.toThrow(HandshakeDeniedError)
  })

  it('is refused if the promise rejects: the request fails', async () => {
    const broken = () => Promise.reject(new Error('no database'))
    await expect(get({ origins: broken }, SHOP, toEvents(app()))).rejects.toThrow('no database')
  })

  it('fails a request directly around a sync app, which cannot wait; a rejection harms no process', async () => {
    for (const later of [origins, () => Promise.reject(new Error('no database'))]) {
      await expect(get({ origins: later }, SHOP)).rejects.toThrow(WaitUnderSyncError)
    }
    await expect(get({ origins }, SHOP)).rejects.toThrow(
      /middleware "cors" waits for a promise, .* put the chain around threads\(…\) or toEvents\(app\)/,
    )
    expect((await get({ origins }, null)).status).toBe(200)
  })
})

describe('a preflight', () => {
  it('is answered before the app runs', async () => {
    const response = await preflight({ origins: [SHOP], methods: ['PUT'] }, { origin: SHOP })
    expect([response.status, response.text()]).toEqual([204, ''])
    expect(said(response)).toEqual({
      'allow-origin': SHOP,
      'allow-methods': 'PUT',
      'max-age': '600',
      vary: 'Access-Control-Request-Headers, Origin',
    })
  })

  it('allows the headers that it asks for, or those of the option', async () => {
    const asks = { origin: SHOP, 'access-control-request-headers': 'x-a,  X-B , (no token)' }
    const open = await preflight({}, asks)
    expect(open.headers.get('access-control-allow-headers')).toBe('x-a, X-B')
    const named = await preflight({ allowHeaders: ['X-C'] }, asks)
    expect(named.headers.get('access-control-allow-headers')).toBe('X-C')
  })

  it('of a forbidden origin is refused', async () => {
    const response = await preflight({ origins: [SHOP] }, { origin: 'https://evil.example' })
    expect(response.status).toBe(403)
    expect(said(response)).toEqual({ vary: 'Origin' })
  })

  it('has both fields: the app answers any other OPTIONS', async () => {
    await using client = await testClient(cors()(app()))
    const noMethod = await client.options('/', { headers: { origin: SHOP } })
    const noOrigin = await client.options('/', {
      headers: { 'access-control-request-method': 'PUT' },
    })
    expect([noMethod.text(), noOrigin.text()]).toEqual([
      'the app saw OPTIONS',
      'the app saw OPTIONS',
    ])
  })
})

describe('a WebSocket handshake', () => {
  const answerTo = (origin: string | null, options: CorsOptions = { origins: [SHOP] }) =>
    handshake(cors(options), origin)

  const handshake = async (wrap: Wrap, origin: string | null) => {
    const echo = websocket(async (socket) => {
      await socket.accept()
    })
    await using client = await testClient(wrap(echo))
    const headers: Record<string, string> = origin === null ? {} : { origin }
    return await client.websocket('/', { headers }).then(
      () => 101,
      (error: { response: { status: number } }) => error.response.status,
    )
  }

  it('is let through from allowed origins, from the origin of the server, and from clients that are not browsers', async () => {
    expect(await answerTo(SHOP)).toBe(101)
    expect(await answerTo('http://127.0.0.1:8000')).toBe(101)
    expect(await answerTo(null)).toBe(101)
    expect(await answerTo('https://anybody.example', {})).toBe(101)
  })

  it('is let through from the origin of the server: the same scheme, host and port', async () => {
    const answers = async (scheme: 'http' | 'https', host: string, origins: string[]) => {
      const secured = middleware('secured', function* (request, next) {
        return yield* next(request.with({ scheme, headers: { host } }))
      })
      const wrap = chain(secured, cors({ origins: [SHOP] }))
      return Promise.all(origins.map((origin) => handshake(wrap, origin)))
    }
    const https = ['https://a.example', 'http://a.example', 'https://a.example:8443']
    expect(await answers('https', 'a.example', https)).toEqual([101, 403, 403])
    expect(await answers('https', 'A.Example:443', https)).toEqual([101, 403, 403])
    expect(await answers('https', 'a.example:8443', https)).toEqual([403, 403, 101])
    const http = ['http://a.example', 'https://a.example', 'http://a.example:443']
    expect(await answers('http', 'a.example', http)).toEqual([101, 403, 403])
    expect(await answers('http', 'a.example:80', http)).toEqual([101, 403, 403])
  })

  it('is denied from all other origins', async () => {
    expect(await answerTo('https://evil.example')).toBe(403)
    expect(await answerTo('null')).toBe(403)
    expect(await answerTo('http://127.0.0.1:8001')).toBe(403)
  })
})

describe('impossible options', () => {
  const refusals: Array<[unknown, RegExp]> = [
    [{ orgin: '*' }, /cors\(\): unknown option "orgin"; the options are origins, /],
    [{ credentials: true }, /option "origins" cannot be '\*': with credentials/],
    [{ origins: ['https://a.example/'] }, /'https:\/\/a.example\/': an origin is written as/],
    [{ origins: 'https://a.example' }, /it is '\*', a list of origins/],
    [{ methods: ['GET, PUT'] }, /option "methods" cannot be 'GET, PUT': a name is a token/],
    [{ allowHeaders: 'x-a' }, /option "allowHeaders" cannot be 'x-a': it is a list/],
    [{ exposeHeaders: ['a\r\nb'] }, /option "exposeHeaders"/],
    [{ maxAgeMs: -1 }, /option "maxAgeMs" cannot be -1/],
  ]
  it.each(refusals)('%j are refused at creation', (options, message) => {
    expect(() => cors(options as CorsOptions)).toThrow(message)
    expect(() => cors(options as CorsOptions)).toThrow(
      expect.objectContaining({ code: 'ISTHMUS_INVALID_OPTION' }),
    )
  })
})
