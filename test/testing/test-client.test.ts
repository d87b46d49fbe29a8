// testClient() takes the options of serve(): the same names, and the same effect if no socket is needed for it.

import { getEventListeners } from 'node:events'
import { threadId } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { UnsupportedScopeError } from '../../src/errors.ts'
import { threads } from '../../src/hosting/threads.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

/** Apps that answer with the id of their thread. */
const where = new URL('../fixtures/cli/where.js', import.meta.url)

/** Counts its lifespan; answers 204, and on `/wait` only when the client has left. */
function countingApp(): { app: EventApp; life: string[] } {
  const life: string[] = []
  const app: EventApp = async (scope, receive, send) => {
    if (scope.type === 'websocket') throw new UnsupportedScopeError(scope.type)
    if (scope.type === 'lifespan') {
      await receive()
      life.push('startup')
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      life.push('shutdown')
      return send({ type: 'lifespan.shutdown.complete' })
    }
    if (scope.path === '/wait') {
      for await (const event of receive) if (event.type === 'http.disconnect') return
    }
    await send({ type: 'http.response.start', status: 204 })
    await send({ type: 'http.response.body' })
  }
  return { app, life }
}

describe('the options of serve() in testClient()', () => {
  it('run threads() inline with inlineThreads', async () => {
    let workers = 0
    const count = (): void => void (workers += 1)
    process.on('worker', count)
    try {
      await using client = await testClient(threads(where, { export: 'classic' }), {
        sync: { inlineThreads: true },
      })
      expect((await client.get('/')).text()).toBe(String(threadId))
      expect(workers).toBe(0)
    } finally {
      process.off('worker', count)
    }
  })

  it('are all taken, those of sockets too', async () => {
    const options: TestClientOptions = {
      uds: '/tmp/isthmus.sock',
      fd: null,
      tls: null,
      backlog: 1,
      engine: 'node',
      keepAliveTimeoutMs: 1,
      headTimeoutMs: 1,
      writeTimeoutMs: 1,
      maxHeadBytes: 1,
      maxRequestLineBytes: 1,
      graceMs: 1,
      websocket: { pingIntervalMs: 1 },
      rootPath: '/api',
    }
    await using client = await testClient(countingApp().app, options)
    expect((await client.get('/')).status).toBe(204)
  })

  it('are refused in the name of testClient()', async () => {
    const refused = testClient(countingApp().app, { maxBodyBytes: 0 })
    await expect(refused).rejects.toMatchObject({
      code: 'ISTHMUS_INVALID_OPTION',
      message:
        'testClient(): option "maxBodyBytes" cannot be 0: it is a whole number of at least 1, or Infinity',
    })
    const unknown = testClient(countingApp().app, { raiseApErrors: true } as object)
    await expect(unknown).rejects.toThrow(
      'testClient(): unknown option "raiseApErrors"; did you mean "raiseAppErrors"?',
    )
  })
})

describe('the signal of testClient()', () => {
  it('that has aborted before rejects with its reason, and does not start the app', async () => {
    const { app, life } = countingApp()
    const reason = new Error('not today')
    await expect(testClient(app, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(life).toEqual([])
  })

  it('that aborts during the startup rejects with its reason, and shuts the app down', async () => {
    const { app, life } = countingApp()
    const abort = new AbortController()
    const reason = new Error('not today')
    const starting = testClient(app, { signal: abort.signal })
    abort.abort(reason)
    await expect(starting).rejects.toBe(reason)
    expect(life).toEqual(['startup', 'shutdown'])
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('closes the client when it aborts: open requests are left, the app is shut down', async () => {
    const { app, life } = countingApp()
    const abort = new AbortController()
    await using client = await testClient(app, { signal: abort.signal })
    const cut = client.get('/wait').catch((error: unknown) => error)
    abort.abort()
    expect(await cut).toMatchObject({ code: 'ISTHMUS_TEST_RESPONSE_CUT' })
    await client[Symbol.asyncDispose]()
    expect(life).toEqual(['startup', 'shutdown'])
  })

  it('may be closed by close(), and more than once', async () => {
    const { app, life } = countingApp()
    const client = await testClient(app)
    const closing = client.close()
    expect(client.close()).toBe(closing)
    expect(client[Symbol.asyncDispose]()).toBe(closing)
    await closing
    expect(life).toEqual(['startup', 'shutdown'])
  })

  it('has no listener after the client is closed', async () => {
    const { signal } = new AbortController()
    const client = await testClient(countingApp().app, { signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await client[Symbol.asyncDispose]()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('the stats of a test client', () => {
  it('count requests, WebSockets and refusals as those of a server do', async () => {
    const app: EventApp = async (scope, receive, send) => {
      if (scope.type === 'lifespan') throw new UnsupportedScopeError(scope.type)
      if (scope.type === 'websocket') {
        await send({ type: 'websocket.accept' })
        for await (const event of receive) if (event.type === 'websocket.disconnect') return
        return
      }
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: 'a', moreBody: true })
      await receive()
      if (scope.path === '/wait') for await (const event of receive) void event
      await send({ type: 'http.response.body' })
    }
    await using client = await testClient(app, { maxConcurrency: 2 })
    expect(client.stats()).toMatchObject({
      connections: 0,
      requests: { inFlight: 0, total: 0 },
      webSockets: { open: 0, total: 0 },
      refused: 0,
    })

    await client.get('/')
    const waiting = await client.stream('GET', '/wait')
    const socket = await client.websocket('/')
    expect((await client.get('/')).status).toBe(503)
    expect(client.stats()).toMatchObject({
      connections: 2,
      requests: { inFlight: 1, total: 2 },
      webSockets: { open: 1, total: 1 },
      refused: 1,
    })

    waiting.cancel()
    await waiting.finished().catch(() => undefined)
    await socket.close()
    await socket.finished()
    expect(client.stats()).toMatchObject({
      connections: 0,
      requests: { inFlight: 0, total: 2 },
      webSockets: { open: 0, total: 1 },
      refused: 1,
    })
  })
})
