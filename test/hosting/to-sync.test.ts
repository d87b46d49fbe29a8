import { sync, toEvents, toSync, WouldDeadlockError } from 'isthmus'
import { afterEach, describe, expect, it } from 'vitest'
import { journal, pool } from '../fixtures/threads/behaviour-called.ts'
import { tenant } from '../fixtures/threads/behaviour-carried.ts'
import { ask, eventually, fixture, hosted } from './behaviour-host.ts'
import type { EventApp } from 'isthmus'

afterEach(() => void journal.splice(0))

const POST = 'POST /pieces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'

describe('an async app, called by code in a thread', () => {
  it('[3c.14] answers with status, headers and body', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('GET /page/a%20b?c=d HTTP/1.1\r\nhost: x\r\n\r\n')
    const response = await client.response()
    expect(response.status).toBe(201)
    expect(response.headers).toContainEqual(['x-of', 'page'])
    expect(response.body).toBe('|/page/a b|c=d')
  })

  it('has the status line that the code would expect', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/statusLine' })).toBe('201 Created')
  })

  it('[3c.19] reads the request body', async () => {
    await using server = await hosted(pool)
    const body = 'x'.repeat(300_000)
    expect((await ask(server, { method: 'POST', target: '/echo', body })) === body).toBe(true)
    expect(await ask(server, { method: 'POST', target: '/echo', body: ['a', 'b'] })).toBe('ab')
    expect(await ask(server, { target: '/echo' })).toBe('')
  })

  it('[3c.15] [3c.16] streams both ways at once', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send(`${POST}1\r\na\r\n`)
    await client.head()
    expect(await client.chunk()).toBe('a')
    client.send('1\r\nb\r\n')
    expect(await client.chunk()).toBe('b')
    client.send('0\r\n\r\n')
    expect(await client.chunk()).toBeNull()
  })

  it('[3c.17] is stopped when the body is closed early', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/impatient' })).toBe('one is enough')
    expect(journal).toEqual([
      'send threw ClientDisconnectedError',
      'http.disconnect',
      'http.disconnect',
    ])
  })

  it('[3c.17] is stopped when the caller forgets it', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/careless' })).toBe('forgotten')
    await eventually(() => journal.length === 3)
  })

  it('[3c.11] [3c.17] is stopped when the client leaves, and the thread is free', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('GET /endless HTTP/1.1\r\nhost: x\r\n\r\n')
    await client.head()
    client.reset()
    expect(await ask(server, { target: '/nothing' })).toBe('nothing')
    expect(journal[0]).toBe('send threw ClientDisconnectedError')
  })

  it('[3c.17] that never ends holds the thread for a grace only', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('GET /silent HTTP/1.1\r\nhost: x\r\n\r\n')
    using waiting = await server.connect()
    waiting.send('GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n')
    client.reset()
    expect((await waiting.response()).body).toBe('nothing')
  })

  it('[3c.12] throws its error at the call, before its head', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/catching' })).toBe(
      'RangeError: seat 12 does not exist; true',
    )
    expect(await ask(server, { target: '/failing' })).toBe('Internal Server Error\n')
  })

  it('[3c.12] cuts the response that it has begun', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('GET /failing?late HTTP/1.1\r\nhost: x\r\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('half')
    expect(await client.rest()).toBe('')
    expect(server.lines.join()).toContain('seat 12 does not exist')
  })

  it('is named when it does not exist', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/missing' })).toBe('Internal Server Error\n')
    expect(server.lines.join()).toContain('has no export "missing"')
  })

  it('[3c.20] has its lifespan from the first call to the end of the pool', async () => {
    const server = await hosted(pool)
    expect(journal).toEqual([])
    expect(await ask(server, { target: '/living' })).toBe('Globe')
    expect(await ask(server, { target: '/living' })).toBe('Globe')
    expect(journal).toEqual(['lifespan.startup'])
    await server[Symbol.asyncDispose]()
    expect(journal).toEqual(['lifespan.startup', 'lifespan.shutdown'])
  })

  it('[3c.28] has the values that are carried, as its caller has set them', async () => {
    const app: EventApp = (scope, receive, send) =>
      tenant.run('Ann', () => pool(scope, receive, send))
    await using server = await hosted(app)
    expect(await ask(server, { target: '/carried' })).toBe('Ann')
    expect(await ask(server, { target: '/changing' })).toBe('not Ann')
  })
})

describe('[3c.14] on the event loop', () => {
  it('a blocking call throws WouldDeadlockError at once', async () => {
    const app = toSync(fixture('called'), { export: 'page' })
    const environ = {} as Parameters<typeof app>[0]
    expect(() => app(environ, () => () => undefined)).toThrow(WouldDeadlockError)
    await using server = await hosted(toEvents(sync(app)))
    expect(await ask(server)).toBe('Internal Server Error\n')
  })
})
