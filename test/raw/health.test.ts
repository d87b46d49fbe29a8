// The paths of liveness and readiness.

import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { answer, httpApp, served, soon } from './served.ts'
import type { ServeOptions } from 'isthmus'
import type { RawClient } from './raw-client.ts'

const health: ServeOptions = { health: { live: '/livez', ready: '/readyz' } }
const seen: string[] = []
const app = httpApp(async ({ path }, _receive, send) => {
  seen.push(path)
  await answer(send, 'app')
})

async function ask(client: RawClient, path: string, method = 'GET'): Promise<string> {
  client.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const { status, body } = await client.response(method)
  return `${status} ${body}`
}

describe('a server with health', () => {
  it('answers GET and HEAD of both paths itself, on one connection', async () => {
    seen.length = 0
    await using server = await served(app, health)
    using client = await server.connect()
    expect(await ask(client, '/livez')).toBe('200 ok\n')
    expect(await ask(client, '/readyz')).toBe('200 ok\n')
    expect(await ask(client, '/readyz?verbose')).toBe('200 ok\n')
    expect(await ask(client, '/readyz', 'HEAD')).toBe('200 ')
    expect(seen).toEqual([])
    expect(server.server.stats().requests.total).toBe(0)
  })

  it('passes other methods and other paths to the app', async () => {
    seen.length = 0
    await using server = await served(app, health)
    using client = await server.connect()
    for (const path of ['/', '/livezz', '/livez/', '/Livez', '/%6Civez']) {
      expect(await ask(client, path)).toBe('200 app')
    }
    expect(await ask(client, '/livez', 'OPTIONS')).toBe('200 app')
    expect(seen).toHaveLength(6)
  })

  it('refuses a malformed request to them as any other one', async () => {
    await using server = await served(app, health)
    using client = await server.connect()
    client.send('GET /livez HTTP/1.1\r\n\r\n')
    expect((await client.response()).status).toBe(400)
  })

  it('has none without the option', async () => {
    await using server = await served(app)
    using client = await server.connect()
    expect(await ask(client, '/livez')).toBe('200 app')
  })

  it('is not ready while maxConcurrency is reached, and is live', async () => {
    const [called, done] = [deferred(), deferred()]
    const slow = httpApp(async (_scope, _receive, send) => {
      called.resolve()
      await done.promise
      await answer(send, 'late')
    })
    await using server = await served(slow, { ...health, maxConcurrency: 1 })
    using busy = await server.connect()
    busy.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await soon(called.promise, 'the call of the app')
    using client = await server.connect()
    expect(await ask(client, '/readyz')).toBe('503 full\n')
    expect(await ask(client, '/livez')).toBe('200 ok\n')
    done.resolve()
    expect((await busy.response()).body).toBe('late')
    expect(await ask(client, '/readyz')).toBe('200 ok\n')
  })

  it('is not ready from the first moment of a shutdown, on a connection that is open', async () => {
    await using server = await served(app, { ...health, drainIdleMs: 2_000, graceMs: 4_000 })
    using client = await server.connect()
    expect(await ask(client, '/readyz')).toBe('200 ok\n')
    const closing = server.server.close()
    expect(await ask(client, '/readyz')).toBe('503 shutting down\n')
    expect(await soon(closing, 'close()')).toEqual({ forced: false })
  })
})
