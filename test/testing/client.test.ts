import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { EventApp, HttpScope } from '../../src/contract/events.ts'

const PLAIN: [string, string] = ['content-type', 'text/plain']

const syncHello = sync((environ, startResponse) => {
  startResponse('200 OK', [PLAIN])
  return [`Hello, ${environ.PATH_INFO}\n`]
})
const iterableHello = iterable(async function* (environ, startResponse) {
  startResponse('200 OK', [PLAIN])
  yield `Hello, ${environ.PATH_INFO}\n`
})
const eventHello = events(async (scope, _receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  await send({ type: 'http.response.start', status: 200, headers: [PLAIN] })
  await send({ type: 'http.response.body', body: `Hello, ${scope.path}\n` })
})

/** Answers with the value that `look` makes of the scope and the body. */
function mirror(look: (scope: HttpScope, body: Buffer) => unknown): EventApp {
  return async (scope, receive, send) => {
    if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
    const chunks: Uint8Array[] = []
    for (let more = true; more;) {
      const event = await receive()
      if (event.type !== 'http.request') return
      chunks.push(event.body)
      more = event.moreBody
    }
    await send({ type: 'http.response.start', status: 200 })
    await send({
      type: 'http.response.body',
      body: JSON.stringify(look(scope, Buffer.concat(chunks))),
    })
  }
}
const throwing = events(async (scope) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
  throw new RangeError('seat 12 does not exist')
})

describe('a request', () => {
  it('asks a sync app', async () => {
    await using client = await testClient(syncHello)
    const response = await client.get('/sync')
    expect([response.status, response.text()]).toEqual([200, 'Hello, /sync\n'])
  })

  it('asks an iterable app', async () => {
    await using client = await testClient(iterableHello)
    const response = await client.get('/iterable')
    expect([response.status, response.text()]).toEqual([200, 'Hello, /iterable\n'])
  })

  it('asks an event app', async () => {
    await using client = await testClient(eventHello)
    const response = await client.get('/events')
    expect([response.status, response.text()]).toEqual([200, 'Hello, /events\n'])
  })

  it('asks a mount table', async () => {
    await using client = await testClient({ '/old': syncHello, '/': eventHello })
    expect((await client.get('/old/a')).text()).toBe('Hello, /a\n')
    expect((await client.get('/new')).text()).toBe('Hello, /new\n')
  })

  it('has every method, each with its name', async () => {
    await using client = await testClient(mirror((scope) => scope.method))
    const answers = await Promise.all([
      client.get('/'),
      client.post('/'),
      client.put('/'),
      client.patch('/'),
      client.delete('/'),
      client.options('/'),
      client.request('PROPFIND', '/'),
    ])
    expect(answers.map((answer) => answer.json())).toEqual([
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'PROPFIND',
    ])
  })

  it('shows a HEAD response with its length and without its body', async () => {
    await using client = await testClient(eventHello, { identity: false })
    const response = await client.head('/x')
    expect(response.headers.list).toEqual([PLAIN, ['content-length', '10']])
    expect(response.body).toEqual(new Uint8Array(0))
  })

  it('reaches the app as a scope with the addresses of the client and the server', async () => {
    const app = mirror(({ client, server, scheme, headers }) => ({
      client,
      server,
      scheme,
      headers,
    }))
    await using client = await testClient(app, {
      host: 'desk.example',
      port: 443,
      secure: true,
      client: ['10.0.0.7', 1234],
    })
    expect((await client.get('/')).json()).toEqual({
      client: ['10.0.0.7', 1234],
      server: ['desk.example', 443],
      scheme: 'https',
      headers: [['host', 'desk.example']],
    })
  })

  it('sends the target unchanged, and decodes only the path', async () => {
    const app = mirror(({ path, rawPath, queryString }) => [path, rawPath, queryString])
    await using client = await testClient(app)
    expect((await client.get('/%E2%82%AC?q=%20')).json()).toEqual(['/€', '/%E2%82%AC', 'q=%20'])
  })

  it('is refused with 400, as on a socket, when its target is malformed', async () => {
    await using client = await testClient(eventHello)
    expect((await client.get('/a b')).status).toBe(400)
  })

  it('keeps the order and the duplicates of headers, from an object or from pairs', async () => {
    await using client = await testClient(mirror((scope) => scope.headers.slice(1)))
    const fromObject = await client.get('/', { headers: { 'X-B': ['1', '2'], 'x-a': '3' } })
    const fromPairs = await client.get('/', {
      headers: [
        ['x-b', '1'],
        ['x-a', '3'],
        ['x-b', '2'],
      ],
    })
    expect(fromObject.json()).toEqual([
      ['x-b', '1'],
      ['x-b', '2'],
      ['x-a', '3'],
    ])
    expect(fromPairs.json()).toEqual([
      ['x-b', '1'],
      ['x-a', '3'],
      ['x-b', '2'],
    ])
  })

  it('refuses a malformed header before anything is sent', async () => {
    await using client = await testClient(eventHello)
    await expect(client.get('/', { headers: { 'x-a': 'b\r\nc: d' } })).rejects.toThrow(
      'control character',
    )
  })

  it('speaks HTTP/1.0 on request', async () => {
    await using client = await testClient(mirror((scope) => scope.httpVersion))
    const response = await client.get('/', { httpVersion: '1.0' })
    expect(response.json()).toBe('1.0')
    expect(response.headers.get('Connection')).toBe('close')
  })
})

describe('a request body', () => {
  const echo = mirror((scope, body) => [scope.headers.slice(1), body.toString()])

  it('of a string has its length and the type text/plain', async () => {
    await using client = await testClient(echo)
    expect((await client.post('/', { body: 'größe' })).json()).toEqual([
      [
        ['content-type', 'text/plain;charset=UTF-8'],
        ['content-length', '7'],
      ],
      'größe',
    ])
  })

  it('of a form is urlencoded', async () => {
    await using client = await testClient(echo)
    const response = await client.post('/', { body: new URLSearchParams({ name: 'Ada L' }) })
    expect(response.json()).toEqual([
      [
        ['content-type', 'application/x-www-form-urlencoded;charset=UTF-8'],
        ['content-length', '10'],
      ],
      'name=Ada+L',
    ])
  })

  it('of json has the type application/json', async () => {
    await using client = await testClient(echo)
    expect((await client.post('/', { json: { a: 1 } })).json()).toEqual([
      [
        ['content-type', 'application/json'],
        ['content-length', '7'],
      ],
      '{"a":1}',
    ])
  })

  it('of an iterable is sent chunked', async () => {
    await using client = await testClient(echo)
    const response = await client.post('/', { body: ['one ', new TextEncoder().encode('two')] })
    expect(response.json()).toEqual([[['transfer-encoding', 'chunked']], 'one two'])
  })

  it('keeps the content type that the test gives', async () => {
    await using client = await testClient(echo)
    const response = await client.post('/', {
      body: 'a,b',
      headers: { 'Content-Type': 'text/csv' },
    })
    expect((response.json() as [unknown])[0]).toEqual([
      ['content-type', 'text/csv'],
      ['content-length', '3'],
    ])
  })

  it('cannot be given twice', async () => {
    await using client = await testClient(echo)
    await expect(client.post('/', { body: 'a', json: 1 })).rejects.toThrow('give one of them')
  })
})

describe('a response', () => {
  it('carries date and server unless identity is false', async () => {
    await using open = await testClient(eventHello)
    await using anonymous = await testClient(eventHello, { identity: false })
    const [, , date, server] = (await open.get('/')).headers.list.map(([name]) => name)
    expect([date, server]).toEqual(['date', 'server'])
    expect((await anonymous.get('/')).headers.list).toEqual([PLAIN, ['content-length', '9']])
  })

  it('looks headers up without case, one or all', async () => {
    const app = events(async (_scope, _receive, send) => {
      const headers: Array<[string, string]> = [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.body' })
    })
    await using client = await testClient(app, { lifespan: 'off' })
    const { headers } = await client.get('/')
    expect(headers.get('Set-Cookie')).toBe('a=1')
    expect(headers.getAll('Set-Cookie')).toEqual(['a=1', 'b=2'])
    expect([...headers]).toEqual(headers.list)
  })

  it('is not followed when it redirects', async () => {
    const app = sync((_environ, startResponse) => {
      startResponse('303 See Other', [['Location', '/there']])
      return []
    })
    await using client = await testClient(app)
    const response = await client.post('/')
    expect([response.status, response.headers.get('location')]).toEqual([303, '/there'])
  })
})

describe('an exception that escapes the app', () => {
  it('is thrown to the test', async () => {
    await using client = await testClient(throwing)
    await expect(client.get('/')).rejects.toThrow(new RangeError('seat 12 does not exist'))
  })

  it('is the 500 that a client sees when raiseAppErrors is false', async () => {
    await using client = await testClient(throwing, { raiseAppErrors: false })
    const response = await client.get('/')
    expect([response.status, response.text()]).toEqual([500, 'Internal Server Error\n'])
  })

  it('is thrown from a sync app and from an iterable app alike', async () => {
    const failing = sync(() => {
      throw new RangeError('sync')
    })
    const rejecting = iterable(async function* () {
      yield await Promise.reject(new RangeError('iterable'))
    })
    await using client = await testClient({ '/sync': failing, '/iterable': rejecting })
    await expect(client.get('/sync')).rejects.toThrow(new RangeError('sync'))
    await expect(client.get('/iterable')).rejects.toThrow(new RangeError('iterable'))
  })

  it('is thrown when it comes after the last byte', async () => {
    const app = events(async (scope, receive, send) => {
      await eventHello(scope, receive, send)
      throw new RangeError('too late')
    })
    await using client = await testClient(app)
    await expect(client.get('/')).rejects.toThrow('too late')
  })

  it('is thrown when the client is closed, if the test has not seen it before', async () => {
    const app = events(async (scope, receive, send) => {
      if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
      await send({
        type: 'http.response.start',
        status: 200,
        headers: [['content-type', 'text/event-stream']],
      })
      while ((await receive()).type !== 'http.disconnect');
      throw new RangeError('in the cleanup')
    })
    const client = await testClient(app)
    await client.stream('GET', '/')
    await expect(client[Symbol.asyncDispose]()).rejects.toThrow('in the cleanup')
  })

  it('is thrown unchanged, also if it is no Error', async () => {
    const reason: unknown = 'a string'
    const app = events(() => Promise.reject(reason))
    await using client = await testClient(app, { lifespan: 'off' })
    await expect(client.get('/')).rejects.toBe('a string')
  })

  it('is a status, not an exception, if the client broke a limit', async () => {
    await using client = await testClient(
      mirror(() => 'read'),
      { maxBodyBytes: 3 },
    )
    expect((await client.post('/', { body: 'four' })).status).toBe(413)
    expect((await client.post('/', { body: ['fo', 'ur'] })).status).toBe(413)
  })
})

describe('the lifespan', () => {
  it('starts before the first request and ends when the client is closed', async () => {
    const log: string[] = []
    const app = events(async (scope, receive, send) => {
      if (scope.type !== 'lifespan') {
        log.push(`request with ${JSON.stringify(scope.state)}`)
        return eventHello(scope, receive, send)
      }
      await receive()
      scope.state.pool = 'open'
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      log.push('shutdown')
      await send({ type: 'lifespan.shutdown.complete' })
    })
    {
      await using client = await testClient(app)
      await client.get('/')
      expect(client.state).toEqual({ pool: 'open' })
    }
    expect(log).toEqual(['request with {"pool":"open"}', 'shutdown'])
  })

  it('that fails to start makes testClient reject', async () => {
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no database' })
    })
    await expect(testClient(app)).rejects.toThrow('no database')
  })

  it('ends even if the app never ends a request', async () => {
    const log: string[] = []
    const app = events(async (scope, receive, send) => {
      if (scope.type === 'http') await new Promise(() => undefined)
      await receive()
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      log.push('shutdown')
      await send({ type: 'lifespan.shutdown.complete' })
    })
    const client = await testClient(app, { deadlineMs: 20 })
    await expect(client.get('/stuck')).rejects.toThrow('the end of the response to GET /stuck')
    await expect(client[Symbol.asyncDispose]()).rejects.toThrow(
      "the end of the app's work on GET /stuck",
    )
    expect(log).toEqual(['shutdown'])
  })
})
