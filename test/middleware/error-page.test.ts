// The view of a failure for a client, and for the log.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { websocket } from '../../src/async/websocket-app.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import {
  ClientDisconnectedError,
  PoolFullError,
  ServerShutdownError,
  UnsupportedScopeError,
} from '../../src/errors.ts'
import { bodyLimit } from '../../src/middleware/body-limit.ts'
import { getHeader } from '../../src/http/headers.ts'
import { chain } from '../../src/chain/chain.ts'
import { cors } from '../../src/middleware/cors.ts'
import { errorPage } from '../../src/middleware/error-page.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf, recordingLog } from '../bridge/host.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { answer, readAll, served } from '../raw/served.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import type { App } from '../../src/bridge/style.ts'
import type { ErrorPageOptions } from '../../src/middleware/error-page.ts'
import type { TestRequest } from '../../src/testing/request.ts'

const MESSAGE = '<script>alert("seat & row")</script>'

const throws = (error: unknown): App =>
  sync(() => {
    throw error
  })
const failing = throws(new Error(MESSAGE))
const HTML: TestRequest = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }

async function get(app: App, request: TestRequest = {}, options: ErrorPageOptions = {}) {
  const log = recordingLog()
  const page = errorPage({ development: false, ...options })
  await using client = await testClient(page(app), { log })
  const response = await client.get('/seats?row=1', request)
  const type = response.headers.get('content-type')
  return { response, status: response.status, type, text: response.text(), log }
}

describe('a body that is too long, over a socket', () => {
  const reading = events(async (scope, receive, send) => {
    if (scope.type === 'http') await answer(send, await readAll(receive))
  })

  it.each([
    ['of the server', errorPage({ development: false }), { maxBodyBytes: 10 }],
    ['of bodyLimit()', chain(errorPage({ development: false }), bodyLimit({ maxBytes: 10 })), {}],
  ] as const)('is answered 413 with a page, by the limit %s', async (_whose, wrap, options) => {
    await using server = await served(wrap(reading), options)
    using client = await server.connect()
    const accept: [string, string] = ['accept', 'application/json']
    client.send(wireOf({ method: 'POST', headers: [accept], body: ['twelve bytes'] }))
    const { status, headers, body } = await client.response('POST')
    expect([status, getHeader(headers, 'content-type')]).toEqual([413, 'application/problem+json'])
    expect(JSON.parse(body)).toEqual({ title: 'Payload Too Large', status: 413 })
  })
})

describe('in production', () => {
  it('the page has the status and no part of the error', async () => {
    const { status, type, text } = await get(failing)
    expect([status, type, text]).toEqual([
      500,
      'text/plain; charset=utf-8',
      'Internal Server Error\n',
    ])
  })

  it('the page has the type that the client prefers', async () => {
    const html = await get(failing, HTML)
    expect(html.type).toBe('text/html; charset=utf-8')
    expect(html.text).toContain('<h1>500 Internal Server Error</h1>')
    for (const accept of ['application/json', 'application/problem+json, text/html;q=0.1']) {
      const { type, text } = await get(failing, { headers: { accept } })
      expect([type, JSON.parse(text)]).toEqual([
        'application/problem+json',
        { title: 'Internal Server Error', status: 500 },
      ])
    }
    expect((await get(failing, { headers: { accept: 'image/png' } })).type).toMatch(/^text\/plain/)
  })

  it('the page may be your own, and cannot be stored, sniffed or scripted', async () => {
    const own = await get(failing, HTML, { html: ({ status, title }) => `${status}: ${title}` })
    expect(own.text).toBe('500: Internal Server Error')
    const { headers } = own.response
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  })

  it('a HEAD gets the head', async () => {
    await using client = await testClient(errorPage({ development: false })(failing))
    const response = await client.head('/')
    expect([response.status, response.body.length]).toEqual([500, 0])
  })
})

describe('in development', () => {
  const development = { development: true }

  it('the page shows the error, and the line of the source that threw it', async () => {
    const app = sync(() => {
      throw new RangeError('no such seat', { cause: new Error('row 7 is gone') })
    })
    const { text } = await get(app, HTML, development)
    expect(text).toContain('<h1>RangeError: no such seat</h1>')
    expect(text).toMatch(/<mark>\s*\d+ {2}\s*throw new RangeError\(&#39;no such seat/)
    expect(text).toMatch(/<h2>.*error-page\.test\.ts:\d+<\/h2>/)
    expect(text).toContain('row 7 is gone')
    expect(text).toContain('GET /seats')
  })

  it('the error is escaped, and the page shows only the path of the request', async () => {
    const request = { headers: { accept: 'text/html', cookie: 'secret=1' } }
    const { text } = await get(failing, request, development)
    expect(text).not.toContain('<script>')
    expect(text).toContain('&#60;script&#62;')
    expect(text).not.toContain('secret=1')
  })

  it('plain text and problem details show the error too', async () => {
    const plain = await get(failing, {}, development)
    expect(plain.text).toContain(MESSAGE)
    expect(plain.text).toMatch(/error-page\.test\.ts:\d+\n/)
    const problem = await get(failing, { headers: { accept: 'application/json' } }, development)
    expect((problem.response.json() as { detail: string }).detail).toContain(MESSAGE)
  })

  it('a thrown value without a stack, or of another type, is shown as far as possible', async () => {
    for (const thrown of [
      'a string',
      undefined,
      { seat: 7 },
      Object.assign(new Error('bare'), { stack: '' }),
    ]) {
      const { status, text } = await get(throws(thrown), HTML, development)
      expect([status, text.includes('<h1>')]).toEqual([500, true])
    }
  })
})

describe('the default of development', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('comes from NODE_ENV, and is false without it', async () => {
    const shows = async () => {
      await using client = await testClient(errorPage()(failing))
      return (await client.get('/')).text().includes(MESSAGE)
    }
    const shown: boolean[] = []
    for (const environment of ['development', 'production', 'test', undefined]) {
      vi.stubEnv('NODE_ENV', environment)
      shown.push(await shows())
    }
    expect(shown).toEqual([true, false, false, false])
  })
})

describe('an error of isthmus', () => {
  it('has its own status, and no stack in development either', async () => {
    const full = await get(throws(new PoolFullError('queue')), {}, { development: true })
    expect([full.status, full.text, full.response.headers.get('retry-after')]).toEqual([
      503,
      'Service Unavailable\n',
      '1',
    ])
    expect((await get(throws(new UnsupportedScopeError('http')))).status).toBe(404)

    const limited = chain(errorPage(), bodyLimit({ maxBytes: 1 }))(failing)
    await using client = await testClient(limited)
    expect((await client.post('/', { body: 'long' })).text()).toBe('Payload Too Large\n')
  })

  it.each([new ClientDisconnectedError(), new ServerShutdownError()])(
    'that is %s passes',
    (error) => {
      const app = errorPage()(
        sync(() => {
          throw error
        }),
      )
      expect(() => app(makeEnviron(), () => () => undefined)).toThrow(error)
    },
  )
})

describe('the log', () => {
  it('has the error, in the words of the server', async () => {
    const { log } = await get(failing)
    expect(log.lines).toEqual(['error: the app failed'])
    expect(log.fields[0]).toMatchObject({
      method: 'GET',
      path: '/seats',
      err: { message: MESSAGE },
    })
    expect((await get(throws(new PoolFullError('queue')))).log.lines).toEqual([
      'warn: PoolFullError: queue',
    ])
    expect((await get(throws(new UnsupportedScopeError('http')))).log.lines[0]).toMatch(/^info: /)
  })

  it('is wsgi.errors if there is no log', () => {
    let written = ''
    const environ = makeEnviron({
      'wsgi.errors': {
        write: (text) => void (written += text),
        writelines: () => undefined,
        flush: () => undefined,
      },
    })
    const app = errorPage({ development: false })(
      sync(() => {
        throw new Error('in a thread')
      }),
    )
    const body = [...app(environ, () => () => undefined)]
    expect(body).toEqual(['Internal Server Error\n'])
    expect(written).toMatch(/^the app failed: Error: in a thread\n {4}at /)
  })
})

describe('the place of errorPage() in the chain', () => {
  it('middleware outside can change the page', async () => {
    const app = chain(cors({ origins: ['https://shop.example'] }), errorPage())(failing)
    await using client = await testClient(app)
    const response = await client.get('/', { headers: { origin: 'https://shop.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example')
  })

  it('a response that has begun is cut', async () => {
    const gate = deferred()
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'half'
      await gate.promise
      throw new Error('behind the head')
    })
    await using client = await testClient(errorPage()(app), { raiseAppErrors: false })
    await using response = await client.stream('GET', '/')
    await response.read()
    gate.resolve()
    expect(await failureOf(response.read())).toMatchObject({ code: 'ISTHMUS_TEST_RESPONSE_CUT' })
  })

  it('a handshake is denied in plain text', async () => {
    const app = websocket(async () => {
      throw new Error('before accept')
    })
    await using client = await testClient(errorPage({ development: false })(app))
    const denied = await failureOf(client.websocket('/', { headers: { accept: 'text/html' } }))
    expect(denied).toMatchObject({ response: { status: 500 } })
    expect((denied as { response: { text(): string } }).response.text()).toBe(
      'Internal Server Error\n',
    )
  })

  it('an app that returns without a response gets a page', async () => {
    const forgetful = events(async () => undefined)
    expect((await get(forgetful)).status).toBe(500)
  })
})

describe('impossible options', () => {
  const refusals: Array<[unknown, RegExp]> = [
    [{ debug: true }, /errorPage\(\): unknown option "debug"; the options are development, html/],
    [{ development: 'yes' }, /option "development" cannot be 'yes': it is true or false/],
    [{ html: '<p>' }, /option "html" cannot be '<p>': it is a function/],
  ]
  it.each(refusals)('%j are refused at creation', (options, message) => {
    expect(() => errorPage(options as ErrorPageOptions)).toThrow(message)
  })
})
