import { setTimeout as sleep } from 'node:timers/promises'
import { H3, readBody } from 'h3'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { streamSSE, streamText } from 'hono/streaming'
import { describe, expect, it } from 'vitest'
import { fromFetch } from 'isthmus/adapters'
import { headerOf } from '../../raw/raw-response.ts'
import { served } from '../../raw/served.ts'
import type { RawResponse } from '../../raw/raw-response.ts'
import type { FetchHandler } from 'isthmus/adapters'

const HOST = 'Host: example.test\r\n'

async function ask(
  handler: FetchHandler | { fetch: FetchHandler },
  head: string,
  rest = '\r\n',
): Promise<RawResponse> {
  await using server = await served(fromFetch(handler))
  using client = await server.connect()
  client.send(`${head} HTTP/1.1\r\n${HOST}${rest}`)
  return await client.response(head.split(' ')[0])
}
const post = (handler: FetchHandler, body: string): Promise<RawResponse> =>
  ask(handler, 'POST /', `Content-Length: ${body.length}\r\n\r\n${body}`)

describe('the request of a fetch handler', () => {
  it('is a Request, with method, URL and fields', async () => {
    let seen: unknown
    await ask(
      (request) => {
        const { method, url, headers } = request
        const isRequest = request instanceof Request && headers instanceof Headers
        seen = {
          isRequest,
          method,
          url,
          a: headers.get('X-A'),
          none: headers.get('x-b'),
          has: headers.has('x-a'),
        }
        return new Response()
      },
      'GET /a%20b?x=%C3%A9&y',
      'X-A: 1\r\nX-A: 2\r\n\r\n',
    )
    expect(seen).toEqual({
      isRequest: true,
      method: 'GET',
      url: 'http://example.test/a%20b?x=%C3%A9&y',
      a: '1, 2',
      none: null,
      has: true,
    })
  })

  it.each([
    ['/plain/path.html?a=b', 'http://example.test/plain/path.html?a=b'],
    ['/a/../b/./c', 'http://example.test/b/c'],
    ['//a', 'http://example.test//a'],
    ['/a\\b', 'http://example.test/a/b'],
    ['/.', 'http://example.test/'],
    ['/..', 'http://example.test/'],
    ['/%2e%2e/x', 'http://example.test/x'],
    ['/"<>', 'http://example.test/%22%3C%3E'],
    [`/?'"`, `http://example.test/?%27%22`],
  ])('has the URL of %s as the URL parser writes it', async (target, url) => {
    const response = await ask((request) => new Response(request.url), `GET ${target}`)
    expect(response.body).toBe(url)
    expect(url).toBe(new URL(`http://example.test${target}`).href)
  })

  it('lists, copies and changes its fields as a Headers does', async () => {
    let seen: unknown
    await ask(
      ({ headers }) => {
        const copy = new Headers(headers)
        seen = [[...headers].map(([name]) => name), copy.get('x-a'), [...headers.keys()].length]
        return new Response()
      },
      'GET /',
      'X-A: 1\r\n\r\n',
    )
    expect(seen).toEqual([['host', 'x-a'], '1', 2])
  })

  it('has a body that is read as text, JSON, bytes, form data, or a stream', async () => {
    const body = '{"a":1}'
    const echo = (read: (request: Request) => Promise<unknown>) =>
      post(async (request) => new Response(JSON.stringify(await read(request))), body)
    expect((await echo((request) => request.text())).body).toBe(JSON.stringify(body))
    expect((await echo((request) => request.json())).body).toBe(body)
    expect((await echo(async (request) => (await request.arrayBuffer()).byteLength)).body).toBe('7')
    expect((await echo(async (request) => (await request.blob()).size)).body).toBe('7')
    const streamed = await post((request) => new Response(request.body), 'x'.repeat(200_000))
    expect(streamed.body.length).toBe(200_000)
  })

  it('reads a multipart form', async () => {
    const form =
      '--b\r\nContent-Disposition: form-data; name="a"; filename="f.txt"\r\n\r\nfile\r\n--b--\r\n'
    const { body } = await ask(
      // oxlint-disable-next-line typescript/no-deprecated -- a small form in a test
      async (request) => new Response(((await request.formData()).get('a') as File).name),
      'POST /',
      `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
    )
    expect(body).toBe('f.txt')
  })

  it('is read once, and says so', async () => {
    let seen: unknown
    await post(async (request) => {
      const before = request.bodyUsed
      await request.text()
      const second = await request.text().catch((error: unknown) => error)
      seen = [before, request.bodyUsed, second instanceof TypeError]
      return new Response()
    }, 'x')
    expect(seen).toEqual([false, true, true])
  })

  it('can be cloned, and wrapped with a URL', async () => {
    const { body } = await post(async (request) => {
      const copy = request.clone()
      const wrapped = new Request(request.url, { headers: request.headers })
      return new Response(
        [await copy.text(), await request.text(), wrapped.headers.get('host')].join(),
      )
    }, 'x')
    expect(body).toBe('x,x,example.test')
  })

  it('is taken by new Request() and by fetch(), also by those of a package', async () => {
    const target = fromFetch(
      (request) => new Response(`${request.method} ${request.headers.get('x-a')}`),
    )
    await using upstream = await served(target)
    const { body } = await ask(
      async (request) => {
        const changed = new Request(request, { headers: { 'x-a': '2' } })
        const there = new Request(upstream.server.url, request)
        const answer = await fetch(there)
        return new Response(`${changed.headers.get('x-a')} ${await answer.text()}`)
      },
      'GET /',
      'X-A: 1\r\n\r\n',
    )
    expect(body).toBe('2 GET 1')
  })

  it('may be a real Request, without a change of the globals of the process', async () => {
    const app = fromFetch(
      async (request) => new Response(`${request.url} ${await request.text()}`),
      { replaceGlobals: false },
    )
    await using server = await served(app)
    using client = await server.connect()
    client.send(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`)
    expect((await client.response('POST')).body).toBe('http://example.test/a x')
  })

  it('has a signal that is aborted when the client leaves', async () => {
    let request: Request | undefined
    const app = fromFetch(async (given) => {
      request = given
      expect(given.signal.aborted).toBe(false)
      await sleep(5_000, undefined, { signal: given.signal, ref: false }).catch(() => undefined)
      return new Response()
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await expect.poll(() => request !== undefined).toBe(true)
    client.reset()
    await expect.poll(() => request?.signal.aborted, { timeout: 30_000 }).toBe(true)
  })
})

describe('the response of a fetch handler', () => {
  it('keeps status, fields, each Set-Cookie, and a whole body with its length', async () => {
    const headers = new Headers({ 'x-a': '1' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const response = await ask(() => new Response('made', { status: 201, headers }), 'GET /')
    expect([response.status, response.body, headerOf(response, 'content-length')]).toEqual([
      201,
      'made',
      '4',
    ])
    expect(
      response.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    ).toEqual(['a=1', 'b=2'])
  })

  it('has no body for HEAD and 204', async () => {
    const head = await ask(
      () => new Response('hello', { headers: { 'content-length': '5' } }),
      'HEAD /',
    )
    expect([head.status, head.body, headerOf(head, 'content-length')]).toEqual([200, '', '5'])
    const empty = await ask(() => new Response(null, { status: 204 }), 'GET /')
    expect([empty.status, empty.body]).toEqual([204, ''])
  })

  it('streams, and each part leaves before the next is made', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const app = fromFetch(() => {
      const parts = (async function* () {
        yield new TextEncoder().encode('a')
        await gate
        yield new TextEncoder().encode('b')
      })()
      return new Response(ReadableStream.from(parts))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await client.head()
    expect(await client.chunk()).toBe('a')
    release()
    expect(await client.chunk()).toBe('b')
    expect(await client.chunk()).toBe(null)
  })

  it('has a head that leaves before the first part, if that part waits', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const app = fromFetch(() => {
      const parts = (async function* () {
        await gate
        yield new TextEncoder().encode('a')
      })()
      return new Response(ReadableStream.from(parts))
    })
    await using server = await served(app)
    using client = await server.connect(2_000)
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.head()).status).toBe(200)
    release()
    expect(await client.chunk()).toBe('a')
    expect(await client.chunk()).toBe(null)
  })

  it('is 500 if its stream fails at once', async () => {
    const response = await ask(() => {
      const failed = new ReadableStream({ start: (to) => to.error(new Error('no source')) })
      return new Response(failed, { status: 201 })
    }, 'GET /')
    expect(response.status).toBe(500)
  })

  it('may stream strings', async () => {
    const { body } = await ask(
      () => new Response(ReadableStream.from(['é', 'b']) as ReadableStream),
      'GET /',
    )
    expect(Buffer.from(body, 'latin1').toString()).toBe('éb')
  })

  it('is cut if its stream has other chunks', async () => {
    const app = fromFetch(
      () => new Response(ReadableStream.from([new Uint8Array(1), 7]) as ReadableStream),
    )
    await using server = await served(app)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await client.ended()
    expect(server.lines.join()).toContain('got a chunk of type number')
  })

  it.each([null, 'made'])('may have the class of a package, with the body %s', async (text) => {
    const { status, headers, body } = new Response(text, { status: 201, headers: { 'x-a': '1' } })
    const response = await ask(() => ({ status, headers, body }) as Response, 'GET /')
    expect([response.status, headerOf(response, 'x-a'), response.body]).toEqual([
      201,
      '1',
      text ?? '',
    ])
  })

  it('is cancelled when the client leaves', async () => {
    let cancelled = 0
    const app = fromFetch(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await sleep(5)
              controller.enqueue(new Uint8Array(10))
            },
            cancel() {
              cancelled += 1
            },
          }),
        ),
    )
    await using server = await served(app)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    await client.head()
    client.reset()
    await expect.poll(() => cancelled, { timeout: 30_000 }).toBe(1)
  })

  it('is cut if its stream fails', async () => {
    const app = fromFetch(() => {
      const parts = (async function* () {
        yield new Uint8Array(10)
        await sleep(5)
        throw new Error('the source failed')
      })()
      return new Response(ReadableStream.from(parts))
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    const head = await client.head()
    await client.ended()
    await expect(client.body(head)).rejects.toThrow('did not come')
    expect(server.lines.join()).toContain('the source failed')
  })

  it('is 500 if the handler throws, rejects, or returns no Response', async () => {
    const faults: Array<() => never | Promise<Response>> = [
      () => {
        throw new Error('boom')
      },
      () => Promise.reject(new Error('boom')),
      () => 'text' as never,
      () => undefined as never,
      () => ({ status: 200 }) as never,
      () => ({ status: 200, headers: [], body: 'text' }) as never,
    ]
    for (const fault of faults) expect((await ask(fault, 'GET /')).status).toBe(500)
  })
})

it('waits for the work of waitUntil() before the app ends', async () => {
  let isDone = false
  const app = fromFetch((_request, _environment, context) => {
    context.waitUntil(sleep(50).then(() => (isDone = true)))
    return new Response('ok')
  })
  const server = await served(app)
  const client = await server.connect()
  client.send(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  expect((await client.response()).body).toBe('ok')
  await server[Symbol.asyncDispose]()
  expect(isDone).toBe(true)
})

it('logs work of waitUntil() that fails, also while the response still streams', async () => {
  const app = fromFetch((_request, _environment, context) => {
    context.waitUntil(Promise.reject(new Error('no queue')))
    const parts = (async function* () {
      await sleep(50)
      yield new TextEncoder().encode('whole')
    })()
    return new Response(ReadableStream.from(parts))
  })
  await using server = await served(app)
  using client = await server.connect()
  client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`)
  expect((await client.response()).body).toBe('whole')
  expect(server.lines).toEqual(['error: the work of waitUntil() failed: no queue'])
})

it('names the fault for a value that is no handler', () => {
  expect(() => fromFetch({} as never)).toThrow(
    'fromFetch() takes a function (request) => Response, or an object with fetch, got object',
  )
})

describe('a Hono app', () => {
  const app = new Hono()
  app.get('/', (c) => c.text('hello'))
  app.get('/items/:id', (c) =>
    c.json({ id: c.req.param('id'), query: c.req.query(), path: c.req.path }),
  )
  app.get('/cookies', (c) => {
    setCookie(c, 'a', '1')
    setCookie(c, 'b', '2')
    return c.json(getCookie(c))
  })
  app.post('/json', async (c) => c.json(await c.req.json()))
  app.post('/form', async (c) => c.json(await c.req.parseBody()))
  app.post(
    '/limit',
    bodyLimit({ maxSize: 10, onError: (c) => c.text('too long', 413) }),
    async (c) => c.text(await c.req.text()),
  )
  app.get('/text', (c) => streamText(c, async (stream) => void (await stream.write('streamed'))))
  app.get('/events', (c) => streamSSE(c, (stream) => stream.writeSSE({ data: '1' })))
  app.use('/cors', cors())
  app.get('/cors', (c) => c.text('cors'))
  app.get('/throw', () => {
    throw new Error('boom')
  })
  app.onError((error, c) => c.text(error.message, 500))

  it.each([
    ['GET /', '', 200, 'hello'],
    ['HEAD /', '', 200, ''],
    ['GET /items/7?a=%20', '', 200, '{"id":"7","query":{"a":" "},"path":"/items/7"}'],
    ['GET /cookies', '', 200, '{}'],
    ['POST /json', '{"a":1}', 200, '{"a":1}'],
    ['POST /limit', 'short', 200, 'short'],
    ['POST /limit', 'longer than ten', 413, 'too long'],
    ['GET /text', '', 200, 'streamed'],
    ['GET /events', '', 200, 'data: 1\n\n'],
    ['GET /cors', '', 200, 'cors'],
    ['GET /throw', '', 500, 'boom'],
    ['GET /none', '', 404, '404 Not Found'],
  ])('answers %s %s', async (head, body, status, expected) => {
    const response = await ask(app, head, `Content-Length: ${body.length}\r\n\r\n${body}`)
    expect([response.status, response.body]).toEqual([status, expected])
  })

  it('sends two cookies in two fields', async () => {
    const { headers } = await ask(app, 'GET /cookies')
    const cookies = headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)
    expect(cookies).toEqual(['a=1; Path=/', 'b=2; Path=/'])
  })
})

describe('an h3 app', () => {
  const app = new H3()
  app.get('/', () => 'hello')
  app.get('/json', () => ({ a: 1 }))
  app.post('/json', async (event) => await readBody(event))
  app.get(
    '/stream',
    () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('streamed'))
          controller.close()
        },
      }),
  )

  it.each([
    ['GET /', '', 200, 'hello'],
    ['GET /json', '', 200, '{"a":1}'],
    ['POST /json', '{"a":1}', 200, '{"a":1}'],
    ['GET /stream', '', 200, 'streamed'],
    ['GET /none', '', 404, undefined],
  ])('answers %s %s', async (head, body, status, expected) => {
    const response = await ask(
      app,
      head,
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(response.status).toBe(status)
    if (expected !== undefined)
      expect(JSON.stringify(response.body).replaceAll(/\\n| /g, '')).toBe(
        JSON.stringify(expected).replaceAll(' ', ''),
      )
  })
})
