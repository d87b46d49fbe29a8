import { events, iterable, sync, threadedMiddleware, websocket } from 'isthmus'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import { answer, httpApp, readAll } from '../raw/served.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { ask, fixture, hosted, pooled } from './behaviour-host.ts'
import type { App, EventApp } from 'isthmus'

const wrapped = (exported: string, app: App): EventApp =>
  threadedMiddleware(fixture('wraps'), { max: 1, export: exported })(app)

const hello: Record<string, App> = {
  sync: sync((_environ, startResponse) => {
    startResponse('200 OK', [['x-of', 'app']])
    return ['hello']
  }),
  iterable: iterable(async function* (_environ, startResponse) {
    startResponse('200 OK', [['x-of', 'app']])
    yield 'hello'
  }),
  events: events(
    httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [['x-of', 'app']] })
      await send({ type: 'http.response.body', body: 'hello' })
    }),
  ),
  threads: pooled('wrapped', 'hello'),
}

const view = httpApp(async (scope, receive, send) => {
  const added = scope.headers.find(([name]) => name === 'x-added')?.[1]
  await answer(send, `${scope.path} ${added} ${String(await readAll(receive))}`)
})

describe('a classic wrap in a thread', () => {
  it.each(['sync', 'iterable', 'events', 'threads'])(
    '[3c.13] sees and changes the answer of an app of style %s',
    async (style) => {
      await using server = await hosted(wrapped('shouting', hello[style] as App))
      using client = await server.connect()
      client.send('GET /a HTTP/1.1\r\nhost: x\r\n\r\n')
      const response = await client.response()
      expect(response.headers).toContainEqual(['x-of', 'app'])
      expect(response.headers).toContainEqual(['x-seen', '/a 200 OK'])
      expect(response.body).toBe('HELLO')
    },
  )

  it('[3c.16] streams a streaming app', async () => {
    const gate = deferred()
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'first', moreBody: true })
      await gate.promise
      await send({ type: 'http.response.body', body: 'second' })
    })
    await using server = await hosted(wrapped('shouting', app))
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('FIRST')
    gate.resolve()
    expect(await client.chunk()).toBe('SECOND')
  })

  it('need not call the app', async () => {
    await using server = await hosted(wrapped('guarding', hello['events'] as App))
    expect(await ask(server)).toBe('no')
    expect(await ask(server, { headers: [['x-key', 'open']] })).toBe('hello')
  })

  it('may give the app another path, another header and another body', async () => {
    await using server = await hosted(wrapped('rewriting', view))
    expect(await ask(server, { method: 'POST', body: 'text' })).toBe('/rewritten yes <text>')
    expect(await ask(server, { method: 'POST', body: ['te', 'xt'] })).toBe('/rewritten yes <text>')
  })

  it('[3c.12] gets the error of the app at its call', async () => {
    const app = httpApp(async () => {
      throw new RangeError('no seat')
    })
    await using server = await hosted(wrapped('catching', app))
    expect(await ask(server)).toBe('no seat')
  })

  it('[3c.17] that fails has the app stopped', async () => {
    const stopped = deferred<string>()
    const app = httpApp(async (_scope, receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'x', moreBody: true }).catch(() => undefined)
      for (let event = await receive(); ; event = await receive()) {
        if (event.type === 'http.disconnect') return stopped.resolve(event.type)
      }
    })
    await using server = await hosted(wrapped('refusing', app))
    expect(await ask(server)).toBe('Internal Server Error\n')
    expect(await stopped.promise).toBe('http.disconnect')
  })

  it('[3c.28] runs in the context of the request', async () => {
    await using server = await hosted(wrapped('knowing', hello['iterable'] as App))
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nhost: x\r\nx-request-id: a1\r\n\r\n')
    expect((await client.response()).headers).toContainEqual(['x-id', 'a1'])
  })

  it('[3c.22] around itself uses a slot of each pool', async () => {
    const app = wrapped('shouting', wrapped('plain', wrapped('shouting', view)))
    await using server = await hosted(app)
    expect(await ask(server, { method: 'POST', target: '/a', body: 'x' })).toBe('/A UNDEFINED X')
  })

  it('lets WebSockets through to the app', async () => {
    const app = websocket(async (socket) => {
      for await (const message of socket) await socket.send(message)
    })
    await using client = await testClient(wrapped('plain', app))
    const socket = await client.websocket('/')
    await socket.send('hello')
    expect(await socket.receive()).toBe('hello')
    await socket.close()
  })

  it('[3b.63] passes lifespan on', async () => {
    const journal: string[] = []
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return answer(send, String(scope.state['theatre']))
      for await (const { type } of receive) {
        journal.push(type)
        Object.assign(scope.state, { theatre: 'Globe' })
        const startup = type === 'lifespan.startup'
        await send({ type: startup ? 'lifespan.startup.complete' : 'lifespan.shutdown.complete' })
      }
    }
    const server = await hosted(wrapped('plain', app))
    expect(await ask(server)).toBe('Globe')
    await server[Symbol.asyncDispose]()
    expect(journal).toEqual(['lifespan.startup', 'lifespan.shutdown'])
  })
})
