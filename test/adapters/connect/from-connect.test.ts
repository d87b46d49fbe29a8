// fromConnect(): the order of middleware and app, the request and the body, errors, and the three ways of a response.

import { afterEach, describe, expect, it } from 'vitest'
import { chain, iterable, mount, sync, toEvents, websocket } from 'isthmus'
import { fromConnect } from 'isthmus/adapters'
import { errorPage, eventWrap, middleware } from 'isthmus/middleware'
import { testClient } from 'isthmus/testing'
import { answer, httpApp, readAll, served, soon } from '../../raw/served.ts'
import type { EventApp, HostedApp, HttpScope, SendEvent } from 'isthmus'
import type { ConnectErrorHandler, ConnectMiddleware } from 'isthmus/adapters'
import type { ServerResponse } from 'node:http'
import type { Served } from '../../raw/served.ts'

const open: Served[] = []
afterEach(async () => {
  for (const hosted of open.splice(0)) await hosted[Symbol.asyncDispose]()
})

interface Reply {
  status: number
  fields: Array<[string, string]>
  body: string
  lines: string[]
}

/** Asks `app` once on a server. */
async function ask(
  app: HostedApp,
  request = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n',
): Promise<Reply> {
  const hosted = await served(app)
  open.push(hosted)
  using client = await hosted.connect()
  client.send(request)
  const method = request.slice(0, request.indexOf(' '))
  const { status, headers, body } = await client.response(method)
  return {
    status,
    fields: headers.map(([name, value]) => [name.toLowerCase(), value]),
    body,
    lines: hosted.lines,
  }
}

const post = (body: string): string =>
  `POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: ${body.length}\r\n\r\n${body}`

const ok = httpApp((_scope, _receive, send) => answer(send, 'inside'))
const go: ConnectMiddleware = (_req, _res, next) => next()

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** An app that sends `list`. */
const sending = (...list: SendEvent[]): EventApp =>
  httpApp(async (_scope, _receive, send) => {
    for (const event of list) await send(event)
    await turn()
  })

type Method = (...args: never[]) => ServerResponse

// Middleware that leave each of the three ways open.
const WAYS: Array<[string, ConnectMiddleware]> = [
  ['past res', go],
  [
    'past res, with its head through a replaced writeHead()',
    (_req, res, next) => {
      const writeHead: Method = res.writeHead.bind(res)
      res.writeHead = (...args: never[]) => {
        res.setHeader('x-head', 'seen')
        return writeHead(...args)
      }
      next()
    },
  ],
  [
    'through res.write() and res.end()',
    (_req, res, next) => {
      const end: Method = res.end.bind(res)
      res.end = (...args: never[]) => end(...args)
      next()
    },
  ],
]

describe('the order', () => {
  it('is that of the arguments, and then the app', async () => {
    const seen: string[] = []
    const step =
      (name: string): ConnectMiddleware =>
      (_req, _res, next) => {
        seen.push(name)
        setImmediate(next)
      }
    const app = httpApp((_scope, _receive, send) => {
      seen.push('app')
      return answer(send, 'inside')
    })
    expect((await ask(fromConnect(step('a'), step('b'))(app))).body).toBe('inside')
    expect(seen).toEqual(['a', 'b', 'app'])
  })

  it('ends at a middleware that answers', async () => {
    const app = fromConnect((_req, res) => void res.writeHead(202, { 'x-a': 'b' }).end('mine'))(ok)
    const { status, body } = await ask(app)
    expect([status, body]).toEqual([202, 'mine'])
  })

  it.each(['route', 'router'])('goes on after next("%s")', async (word) => {
    const { body } = await ask(fromConnect((_req, _res, next) => next(word))(ok))
    expect(body).toBe('inside')
  })

  it('lets WebSockets and lifespan pass', async () => {
    const app = fromConnect((_req, res) => void res.end('mine'))(
      websocket(async (socket) => socket.send('hello')),
    )
    await using client = await testClient(app)
    await using session = await client.websocket('/')
    expect(await session.receive()).toBe('hello')
  })
})

describe('the place in a chain', () => {
  it('is any place around an event app, an iterable app, or a mount table', async () => {
    const stamp = middleware('stamp', function* (request, next) {
      const response = yield* next(request)
      response.headers.append('x-stamp', 'on')
      return response
    })
    const set: ConnectMiddleware = (_req, res, next) => {
      res.setHeader('x-set', 'on')
      next()
    }
    const page = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'inside'
    })
    const wrap = chain(stamp, fromConnect(set), stamp)
    for (const app of [wrap(ok), wrap(page), wrap({ '/': ok })]) {
      const { fields } = await ask(app)
      expect(fields.filter(([name]) => name.startsWith('x-')).map(([name]) => name)).toEqual([
        'x-set',
        'x-stamp',
        'x-stamp',
      ])
    }
  })

  it('is not around a sync app: the error names the two solutions', async () => {
    const legacy = sync((_environ, startResponse) => {
      startResponse('200 OK', [])
      return ['legacy']
    })
    const solutions = /toEvents\(app\).*threads\(…\)/
    expect(() => chain(fromConnect(go))(legacy)).toThrow(solutions)
    expect(() => fromConnect(go)(legacy as never)).toThrow(solutions)
    expect(() => fromConnect(go)(iterable(async function* () {}) as never)).toThrow(
      /chain\(fromConnect/,
    )
    expect((await ask(chain(fromConnect(go))(toEvents(legacy)))).body).toBe('legacy')
  })

  it('may be an argument of eventWrap()', async () => {
    expect((await ask(chain(eventWrap(fromConnect(go)))(ok))).body).toBe('inside')
  })

  it.each([
    [[], /at least one/],
    [['helmet'], /argument 1 is string.*call the factory/],
    [[go, [go]], /argument 2 is an array.*spread/],
    [[null], /argument 1 is null/],
  ])('takes functions only, not %j', (list, message) => {
    expect(() => fromConnect(...(list as never[]))).toThrow(message)
  })
})

describe('the request', () => {
  it('is in the scope, with the properties that middleware have added', async () => {
    const identify: ConnectMiddleware = (req, _res, next) => {
      Object.assign(req, { user: { name: 'ada' } })
      next()
    }
    const greet = (scope: HttpScope | undefined): string =>
      JSON.stringify(scope?.['isthmus.node']?.req['user'])
    const wrap = chain(fromConnect(identify))
    const inner = httpApp((scope, _receive, send) => answer(send, greet(scope)))
    const page = iterable(async function* (environ, startResponse) {
      startResponse('200 OK', [])
      yield greet(environ['isthmus.scope'])
    })
    for (const app of [wrap(inner), wrap(page)]) {
      expect((await ask(app)).body).toBe('{"name":"ada"}')
    }
  })

  it('brings a changed method and URL to the app', async () => {
    const change: ConnectMiddleware = (req, _res, next) => {
      req.method = 'PUT'
      req.url = '/new%20place?c=d'
      next()
    }
    const app = chain(fromConnect(change))(
      httpApp(({ method, path, rawPath, queryString, rootPath }, _receive, send) =>
        answer(send, [method, rootPath, path, rawPath, queryString].join(' ')),
      ),
    )
    expect((await ask(app)).body).toBe('PUT  /new place /new%20place c=d')
    const mounted = await ask({ '/shop': app }, 'GET /shop/a HTTP/1.1\r\nhost: a.test\r\n\r\n')
    expect(mounted.body).toBe('PUT /shop /shop/new place /shop/new%20place c=d')
  })

  it('keeps the URL of the client at originalUrl', async () => {
    const seen: unknown[] = []
    const rewriting: ConnectMiddleware = (req, _res, next) => {
      req.url = '/b'
      seen.push(Reflect.get(req, 'originalUrl'))
      next()
    }
    await ask(fromConnect(rewriting)(ok), 'GET /a?c HTTP/1.1\r\nhost: a.test\r\n\r\n')
    await ask(
      mount({ '/m': fromConnect(rewriting)(ok) }),
      'GET /m/a?c HTTP/1.1\r\nhost: a.test\r\n\r\n',
    )
    expect(seen).toEqual(['/a?c', '/m/a?c'])
  })

  it('keeps the scope of an unchanged URL as it was', async () => {
    const app = fromConnect(go)(
      httpApp(({ path, rawPath }, _receive, send) => answer(send, `${path} ${rawPath}`)),
    )
    const { body } = await ask(app, 'GET /%61%2fb//c?d HTTP/1.1\r\nhost: a.test\r\n\r\n')
    expect(body).toBe('/a/b//c /%61%2fb//c')
  })
})

describe('the body of the request', () => {
  const echo = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
  const parse: ConnectMiddleware = (req, _res, next) => {
    let text = ''
    req.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    req.on('end', () => {
      Object.assign(req, { body: text })
      next()
    })
  }

  it('is for the app, if the middleware have only looked at the head', async () => {
    const { body } = await ask(
      fromConnect((req, _res, next) => {
        expect(req.headers['content-length']).toBe('5')
        next()
      })(echo),
      post('hello'),
    )
    expect(body).toBe('hello')
  })

  it('is in req.body, if a middleware has read it; an app that reads it too gets an error that says so', async () => {
    const inner = httpApp((scope, _receive, send) =>
      answer(send, String(scope['isthmus.node']?.req['body'])),
    )
    expect((await ask(fromConnect(parse)(inner), post('hello'))).body).toBe('hello')
    const { status, lines } = await ask(fromConnect(parse)(echo), post('hello'))
    expect(status).toBe(500)
    expect(lines.join()).toMatch(/req\.body, or where that middleware leaves it, as req\.rawBody/)
  })

  it('belongs to a middleware that has begun to listen before next()', async () => {
    const { status, lines } = await ask(
      fromConnect((req, _res, next) => {
        req.on('data', () => {})
        next()
      })(echo),
      post('hello'),
    )
    expect(status).toBe(500)
    expect(lines.join()).toMatch(/has read the body/)
  })

  it('cannot be read by a middleware when the app inside has it: the error is logged, or goes to its listener', async () => {
    let heard: Error | undefined
    for (const listens of [false, true]) {
      const late: ConnectMiddleware = (req, _res, next) => {
        next()
        if (listens) req.on('error', (error: Error) => (heard = error))
        req.resume()
      }
      const { body, lines } = await ask(fromConnect(late)(echo), post('hello'))
      expect(body).toBe('hello')
      expect(lines.join().includes('after next()')).toBe(!listens)
    }
    expect(heard?.message).toMatch(/reads the body of a request after next\(\)/)
  })
})

describe('an error of a middleware', () => {
  const failing =
    (error: unknown): ConnectMiddleware =>
    (_req, _res, next) =>
      next(error)

  it.each([
    ['status', { status: 403, expose: true, message: 'no entry' }, 403, 'no entry\n'],
    [
      'statusCode',
      Object.assign(new Error('hidden'), { statusCode: 503 }),
      503,
      'Service Unavailable\n',
    ],
    ['no status', new Error('hidden'), 500, undefined],
    ['the status 500', Object.assign(new Error('hidden'), { status: 500 }), 500, undefined],
    ['a status that is none', Object.assign(new Error('hidden'), { status: 200 }), 500, undefined],
    ['no object', 'a text', 500, undefined],
  ])('with %s is answered with it', async (_name, error, status, body) => {
    const reply = await ask(fromConnect(failing(error))(ok))
    expect(reply.status).toBe(status)
    if (body) expect(reply.body).toBe(body)
    expect(reply.body).not.toContain('hidden')
  })

  it.each<[string, ConnectMiddleware]>([
    [
      'thrown',
      () => {
        throw new Error('lost')
      },
    ],
    ['of a promise', async () => Promise.reject(new Error('lost'))],
  ])('%s is an error of the app', async (_name, lost) => {
    const { status, lines } = await ask(chain(errorPage(), fromConnect(lost))(ok))
    expect(status).toBe(500)
    expect(lines.join()).toContain('lost')
  })

  it('goes to the next error handler, which may answer or go on to the app', async () => {
    const handle: ConnectErrorHandler = (error, _req, res, next) => {
      if (String(error).includes('mild')) next()
      else res.writeHead(418).end(String(error))
    }
    const refuse: ConnectMiddleware = (_req, res) => void res.end('not reached')
    expect((await ask(fromConnect(failing(new Error('hard')), refuse, handle)(ok))).body).toBe(
      'Error: hard',
    )
    expect((await ask(fromConnect(failing(new Error('mild')), handle, go)(ok))).body).toBe('inside')
    expect((await ask(fromConnect(handle, go)(ok))).body).toBe('inside')
  })

  it('is answered if the last handler calls next(), and the app does not run', async () => {
    let seen = 0
    const note: ConnectErrorHandler = (_error, _req, _res, next) => {
      seen += 1
      next()
    }
    const refuse = failing({ status: 403 })
    expect((await ask(fromConnect(refuse, note, note)(ok))).status).toBe(403)
    expect((await ask(fromConnect(go, failing(new Error('hard')), note)(ok))).status).toBe(500)
    expect(seen).toBe(2)
  })

  it('does not go to a handler before it', async () => {
    const first: ConnectErrorHandler = (_error, _req, res, _next) => void res.end('first')
    expect((await ask(fromConnect(first, failing({ status: 403 }))(ok))).status).toBe(403)
  })

  it('with a status is a response for errorPage() outside, and not a failure', async () => {
    const error = Object.assign(new Error('staff only'), { status: 403, expose: true })
    const { status, body } = await ask(chain(errorPage(), fromConnect(failing(error)))(ok))
    expect([status, body]).toEqual([403, 'staff only\n'])
  })

  it('after next(), before the response, is answered; the app is told that its client has left', async () => {
    let told: unknown
    let release = (): void => {}
    const waiting = new Promise<void>((resolve) => (release = resolve))
    const late: ConnectMiddleware = (_req, _res, next) => {
      next()
      setImmediate(() => next({ status: 503 }))
    }
    const app = httpApp(async (_scope, _receive, send) => {
      await waiting
      await answer(send, 'too late').catch((error: unknown) => (told = error))
    })
    const hosted = await served(fromConnect(late)(app))
    open.push(hosted)
    using client = await hosted.connect()
    client.send('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n')
    expect((await client.response()).status).toBe(503)
    release()
    await expect.poll(() => (told as { code?: string } | undefined)?.code).toBe('ECONNRESET')
  })
})

describe('an error of the app', () => {
  const broken = httpApp(async () => Promise.reject(new Error('broken')))

  it('goes to the error handlers after the last ordinary middleware', async () => {
    const first: ConnectErrorHandler = (_error, _req, res, _next) => void res.end('first')
    const last: ConnectErrorHandler = (error, _req, res, _next) =>
      void res.writeHead(503).end(String(error))
    const { status, body } = await ask(fromConnect(first, go, last)(broken))
    expect([status, body]).toEqual([503, 'Error: broken'])
  })

  it('without a handler is answered by the server', async () => {
    const { status, lines } = await ask(fromConnect(go)(broken))
    expect(status).toBe(500)
    expect(lines).toContain('error: the app failed: broken')
  })

  it.each(WAYS)('cuts a response that has begun on the way %s', async (_name, way) => {
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'part', moreBody: true })
      await turn()
      throw new Error('broken')
    })
    await expect(ask(fromConnect(way)(app))).rejects.toThrow(/did not come/)
  })

  it.each(WAYS)('after its response is logged, on the way %s', async (_name, way) => {
    const app = httpApp(async (_scope, _receive, send) => {
      await answer(send, 'whole')
      throw new Error('broken')
    })
    const { body, lines } = await ask(fromConnect(way)(app))
    expect(body).toBe('whole')
    await expect.poll(() => lines.join()).toContain('broken')
  })
})

describe.each(WAYS)('on the way %s', (name, way) => {
  const isThrough = name.startsWith('through')

  it('an app that returns without a response is answered with 500', async () => {
    expect((await ask(fromConnect(way)(sending()))).status).toBe(500)
  })

  it('an app that returns in the middle of its response cuts it', async () => {
    const app = sending(
      { type: 'http.response.start', status: 200 },
      { type: 'http.response.body', body: 'part', moreBody: true },
    )
    await expect(ask(fromConnect(way)(app))).rejects.toThrow(/did not come/)
  })

  it.each<[string, SendEvent[]]>([
    [
      'a second start',
      [
        { type: 'http.response.start', status: 200 },
        { type: 'http.response.start', status: 200 },
      ],
    ],
    ['a status that does not exist', [{ type: 'http.response.start', status: 99 }]],
    ['a body without a start', [{ type: 'http.response.body', body: 'x' }]],
    [
      'a body after the end',
      [
        { type: 'http.response.start', status: 200 },
        { type: 'http.response.body' },
        { type: 'http.response.body', body: 'x' },
      ],
    ],
    [
      'a malformed field',
      [
        { type: 'http.response.start', status: 200, headers: [['a b', 'c']] },
        { type: 'http.response.body' },
      ],
    ],
  ])('%s is refused with an error of the app', async (_what, list) => {
    let code: unknown
    const app = httpApp(async (_scope, _receive, send) => {
      try {
        for (const event of list) await send(event)
      } catch (error) {
        code = (error as { code?: unknown }).code
        throw error
      }
    })
    await ask(fromConnect(way)(app)).catch(() => undefined)
    expect(code).toMatch(/^ISTHMUS_(ILLEGAL_EVENT|INVALID_HEADER)$/)
  })

  it('trailers and early hints reach the client', async () => {
    const app = sending(
      { type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] },
      { type: 'http.response.start', status: 200, trailers: true, headers: [['trailer', 'x-sum']] },
      { type: 'http.response.body', body: 'part', moreBody: true },
      { type: 'http.response.body', body: 'last' },
      { type: 'http.response.trailers', headers: [['x-sum', '8']] },
    )
    const hosted = await served(fromConnect(way)(app))
    open.push(hosted)
    using client = await hosted.connect()
    client.send('GET / HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\n\r\n')
    expect((await client.head()).status).toBe(103)
    const head = await client.head()
    expect(head.status).toBe(200)
    // From Node 24 on, node:http joins the chunks of one turn.
    const size = await client.bytes(1)
    expect(isThrough ? ['8'] : ['4', '8']).toContain(size)
    const chunks = size === '8' ? '\r\npartlast\r\n' : '\r\npart\r\n4\r\nlast\r\n'
    const body = `${chunks}0\r\nx-sum: 8\r\n\r\n`
    expect(await client.bytes(body.length)).toBe(body)
  })

  it('the events finish and close come once, in this order, after the response', async () => {
    const seen: string[] = []
    const listen: ConnectMiddleware = (_req, res, next) => {
      res.on('finish', () => seen.push(`finish ${res.statusCode} ${String(res.getHeader('x-a'))}`))
      res.on('close', () => seen.push('close'))
      next()
    }
    const app = sending(
      { type: 'http.response.start', status: 201, headers: [['x-a', 'b']] },
      { type: 'http.response.body', body: 'whole' },
    )
    expect((await ask(fromConnect(way, listen)(app))).body).toBe('whole')
    await expect.poll(() => seen).toEqual(['finish 201 b', 'close'])
  })

  it('the client that leaves is seen by the app and by the middleware', async () => {
    const seen: string[] = []
    const listen: ConnectMiddleware = (_req, res, next) => {
      res.on('finish', () => seen.push('finish'))
      res.on('close', () => seen.push('close'))
      next()
    }
    let ended: Promise<void> | undefined
    const app: EventApp = httpApp(async (_scope, receive, send) => {
      ended = (async () => {
        await send({
          type: 'http.response.start',
          status: 200,
          headers: [['content-type', 'text/event-stream']],
        })
        for await (const event of receive) seen.push(event.type)
        await send({ type: 'http.response.body', body: 'x', moreBody: true }).catch(
          (error: { code?: string }) => seen.push(String(error.code)),
        )
      })()
      await ended
    })
    const hosted = await served(fromConnect(way, listen)(app))
    open.push(hosted)
    {
      using client = await hosted.connect()
      client.send('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n')
      await client.head()
    }
    await expect.poll(() => seen.includes('close'), { timeout: 30_000 }).toBe(true)
    await soon(ended as Promise<void>, 'the end of the app')
    expect(seen.toSorted()).toEqual(['ECONNRESET', 'close', 'http.disconnect', 'http.request'])
  })

  it('send() waits for a client that does not read', async () => {
    let sent = 0
    let isOver = false
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      for (; sent < 400; sent += 1) {
        await send({ type: 'http.response.body', body: Buffer.alloc(64 * 1024), moreBody: true })
      }
      await send({ type: 'http.response.body' })
      isOver = true
    })
    const hosted = await served(fromConnect(way)(app))
    open.push(hosted)
    using client = await hosted.connect()
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n')
    await expect.poll(() => sent).toBeGreaterThan(0)
    let before = -1
    await expect
      .poll(() => before === (before = sent), { interval: 200, timeout: 5_000 })
      .toBe(true)
    expect(sent).toBeLessThan(400)
    client.socket.resume()
    await expect.poll(() => isOver, { timeout: 30_000 }).toBe(true)
  })

  it('a file that is sent by its path keeps its bytes', async () => {
    let offered: boolean | undefined
    const app = httpApp(async (scope, _receive, send) => {
      offered = 'http.response.pathsend' in scope.extensions
      await send({ type: 'http.response.start', status: 200 })
      const path = new URL('apps/public/page.txt', import.meta.url).pathname
      if (offered) await send({ type: 'http.response.pathsend', path })
      else await send({ type: 'http.response.body', body: 'a file of some bytes\n' })
    })
    expect((await ask(fromConnect(way)(app))).body).toBe('a file of some bytes\n')
    expect(offered).toBe(!isThrough)
  })
})

describe('the app may change its bytes after send()', () => {
  it('because a middleware that keeps them gets a copy', async () => {
    const kept: Uint8Array[] = []
    const keep: ConnectMiddleware = (_req, res, next) => {
      res.write = ((chunk: Uint8Array) => kept.push(chunk) > 0) as never
      const end = res.end.bind(res)
      res.end = () => end(Buffer.concat(kept))
      next()
    }
    const bytes = Buffer.from('one')
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: bytes, moreBody: true })
      bytes.write('two')
      await send({ type: 'http.response.body' })
    })
    expect((await ask(fromConnect(keep)(app))).body).toBe('one')
  })
})

describe('a middleware that does more than a layer can', () => {
  it.each<[string, ConnectMiddleware, RegExp]>([
    [
      'calls next() twice',
      function doubled(_req, _res, next) {
        next()
        next()
      },
      /"doubled" has called next\(\) twice/,
    ],
    [
      'fails after next()',
      async function late(_req, _res, next) {
        next()
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        throw new Error('x')
      },
      /failed after next\(\): x|^$/,
    ],
    [
      'replaces res.write() after the head',
      (_req, res, next) => {
        next()
        res.write = (() => true) as never
      },
      /replaced res\.write\(\) or res\.end\(\) after the head/,
    ],
    [
      'writes to the response of the app',
      (_req, res, next) => {
        next()
        res.write('more')
      },
      /written to a response that the app inside sends/,
    ],
    [
      'answers and calls next()',
      (_req, res, next) => {
        res.end('inside')
        next()
      },
      /has answered, and has called next\(\) too/,
    ],
  ])('%s: the response stays, and the log says so', async (_name, fault, message) => {
    const { body, lines } = await ask(fromConnect(fault)(ok))
    expect(body).toBe('inside')
    expect(lines.join()).toMatch(message)
  })

  it.each<[string, ConnectMiddleware, RegExp]>([
    [
      'writes to the socket',
      (req) => void req.socket.write('HTTP/1.1 200 OK\r\n\r\n'),
      /the socket belongs to the server/,
    ],
    ['is the factory of a middleware', () => go, /returns a function, so it is a factory: call it/],
    ['ends the socket', (req) => void req.socket.end(), /the socket belongs to the server/],
    [
      'gives the response another socket',
      (_req, res, next) => {
        const { socket } = res
        res.detachSocket(socket as never)
        next()
      },
      /has given the response another socket/,
    ],
    [
      'makes no head in its writeHead()',
      (_req, res, next) => {
        res.writeHead = () => res
        next()
      },
      /has made no head/,
    ],
  ])('%s: the answer is 500, and the log says why', async (_name, fault, message) => {
    const { status, lines } = await ask(fromConnect(fault)(ok))
    expect(status).toBe(500)
    expect(lines.join()).toMatch(message)
  })

  it('begins the response and calls next(): the app is told that its client has left', async () => {
    let code: unknown
    const begin: ConnectMiddleware = (_req, res, next) => {
      res.write('mine')
      next()
      setImmediate(() => res.end())
    }
    const app = httpApp((_scope, _receive, send) =>
      answer(send, 'inside').catch((error: { code?: unknown }) => void (code = error.code)),
    )
    expect((await ask(fromConnect(begin)(app))).body).toBe('mine')
    expect(code).toBe('ECONNRESET')
  })
})
