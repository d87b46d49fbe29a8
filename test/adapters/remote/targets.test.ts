// Several targets, their health and their limits, over sockets.

import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chain, events, mount } from 'isthmus'
import { remote } from 'isthmus/adapters'
import { factsOf } from '../../../src/bridge/app-facts.ts'
import { served } from '../../raw/served.ts'
import { deadPort, front, ok, scripted, until } from './upstream.ts'
import type { Front } from './upstream.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const pem = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8')

async function bodies(on: Front, count: number, request = GET): Promise<string[]> {
  const found: string[] = []
  for (let turn = 0; turn < count; turn += 1) {
    on.client.send(request)
    found.push((await on.client.response()).body)
  }
  return found
}

describe('several targets', () => {
  it('take turns with round-robin', async () => {
    await using a = await scripted(({ socket }) => socket.write(ok('a')))
    await using b = await scripted(({ socket }) => socket.write(ok('b')))
    await using on = await front([a.url, b.url], { balance: 'round-robin' })
    expect(await bodies(on, 4)).toEqual(['a', 'b', 'a', 'b'])
  })

  it('keep a client of a hash at its target, until that one is down', async () => {
    await using a = await scripted(({ socket }) => socket.write(ok('a')))
    await using b = await scripted(({ socket }) => socket.write(ok('b')))
    await using on = await front([a.url, b.url], {
      balance: { hash: { cookie: 'sid' } },
      health: { maxFailures: 1 },
    })
    const with7 = 'GET / HTTP/1.1\r\nHost: a\r\nCookie: x=1; sid=7\r\n\r\n'
    const [first] = await bodies(on, 1, with7)
    expect(new Set(await bodies(on, 10, with7))).toEqual(new Set([first]))
    const home = first === 'a' ? a : b
    await home[Symbol.asyncDispose]()
    const other = first === 'a' ? 'b' : 'a'
    expect(await bodies(on, 3, with7)).toEqual([other, other, other])
  })

  it('get no requests while they are down, and return when they answer again', async () => {
    const port = await deadPort()
    await using a = await scripted(({ socket }) => socket.write(ok('a')))
    await using on = await front([`http://127.0.0.1:${port}`, a.url], {
      balance: 'round-robin',
      health: { maxFailures: 1, downMs: 200, slowStartMs: 0 },
    })
    expect(await bodies(on, 5)).toEqual(['a', 'a', 'a', 'a', 'a'])
    expect(on.app.stats().targets[0]?.state).toBe('down')
    expect(on.lines.join('\n')).toContain('the target is down')
    await using back = await scripted(({ socket }) => socket.write(ok('b')), port)
    for (let turn = 0; turn < 200 && back.requests.length === 0; turn += 1) {
      await bodies(on, 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(new Set(await bodies(on, 4))).toEqual(new Set(['a', 'b']))
    expect(on.app.stats().targets[0]?.state).toBe('up')
    expect(on.lines.join('\n')).toContain('the target is up again')
  })

  it('that are all down are tried nevertheless', async () => {
    const port = await deadPort()
    await using on = await front(`http://127.0.0.1:${port}`, {
      health: { maxFailures: 1 },
      retries: 0,
    })
    on.client.send(GET)
    expect((await on.client.response()).status).toBe(502)
    await using _back = await scripted(({ socket }) => socket.write(ok('back')), port)
    expect(await bodies(on, 1)).toEqual(['back'])
  })
})

describe('checks', () => {
  it('take a target down and bring it back, before any request does', async () => {
    let status = 500
    await using up = await scripted(({ socket }) =>
      socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
    )
    await using on = await front(up.url, {
      health: { path: '/healthz?full', intervalMs: 50, maxFailures: 2, slowStartMs: 0 },
    })
    const state = (): string | undefined => on.app.stats().targets[0]?.state
    await until(() => state() === 'down', 'the end of the target')
    expect(up.requests[0]?.head).toMatch(
      /^GET \/healthz\?full HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nconnection: close\r\n\r\n$/,
    )
    status = 204
    await until(() => state() === 'up', 'the return of the target')
  })

  it('that get no answer in time are failures', async () => {
    await using up = await scripted(() => undefined)
    await using on = await front(up.url, {
      health: { path: '/', intervalMs: 50, timeoutMs: 50, maxFailures: 2 },
    })
    await until(() => on.app.stats().targets[0]?.state === 'down', 'the end of the target')
    expect(on.lines.join()).toContain('the check got no answer within')
  })
})

describe('limits', () => {
  it('a request beyond maxPending gets 503 with Retry-After; one within it waits', async () => {
    const open: Array<() => void> = []
    await using up = await scripted(({ socket }) => void open.push(() => socket.write(ok())))
    await using on = await front(up.url, { connections: 1, maxPending: 1 })
    const clients = [on.client, await on.served.connect(), await on.served.connect()]
    clients[0]!.send(GET)
    await until(() => open.length === 1, 'the first request')
    clients[1]!.send(GET)
    await new Promise((resolve) => setTimeout(resolve, 50))
    clients[2]!.send(GET)
    const refused = await clients[2]!.response()
    expect(refused.status).toBe(503)
    expect(refused.headers).toContainEqual(['retry-after', '1'])
    open[0]!()
    expect((await clients[0]!.response()).status).toBe(200)
    await until(() => open.length === 2, 'the second request')
    open[1]!()
    expect((await clients[1]!.response()).status).toBe(200)
    for (const client of clients.slice(1)) client[Symbol.dispose]()
  })

  it('a request that waits for a connection too long gets 503', async () => {
    await using up = await scripted(() => undefined)
    await using on = await front(up.url, { connections: 1, connectTimeoutMs: 200 })
    on.client.send(GET)
    await until(() => up.requests.length === 1, 'the first request')
    const second = await on.served.connect()
    second.send(GET)
    expect((await second.response()).status).toBe(503)
    second[Symbol.dispose]()
  })

  it('a client that leaves makes room for the next', async () => {
    await using up = await scripted(
      ({ socket, connection }) => void (connection > 0 && socket.write(ok())),
    )
    await using on = await front(up.url, { connections: 1 })
    on.client.send(GET)
    await until(() => up.requests.length === 1, 'the first request')
    const second = await on.served.connect()
    second.send(GET)
    await new Promise((resolve) => setTimeout(resolve, 50))
    on.client.socket.destroy()
    expect((await second.response()).status).toBe(200)
    second[Symbol.dispose]()
  })
})

describe('places of targets', () => {
  it('may be unix sockets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-'))
    const http = createServer((request, response) => response.end(request.headers.host))
    await new Promise<void>((resolve) => http.listen(join(folder, 'a.sock'), resolve))
    const on = await front(`unix:${join(folder, 'a.sock')}`, { host: 'target' })
    expect(await bodies(on, 2)).toEqual(['localhost', 'localhost'])
    await on[Symbol.asyncDispose]()
    await new Promise((resolve) => http.close(resolve))
    rmSync(folder, { recursive: true })
  })

  it('may be TLS, whose certificate counts', async () => {
    const tls = { cert: pem('server.pem'), key: pem('server.key') }
    const https = createSecureServer(tls, (_request, response) => response.end('secret'))
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
    const { port } = https.address() as { port: number }
    const url = `https://127.0.0.1:${port}`
    {
      await using on = await front(url)
      on.client.send(GET)
      expect((await on.client.response()).status).toBe(502)
    }
    {
      await using on = await front(url, { tls: { ca: pem('ca.pem'), servername: 'localhost' } })
      expect(await bodies(on, 2)).toEqual(['secret', 'secret'])
    }
    https.closeAllConnections()
    await new Promise((resolve) => https.close(resolve))
  })

  it.each(['http://a/path', 'http://u:p@a', 'ftp://a', 'a:3000', '', 'unix:a.sock', 'http://a?b'])(
    'are refused in the form %j',
    (target) => {
      expect(() => remote(target)).toThrow('option "targets" cannot be')
    },
  )

  it('are refused twice, and without any', () => {
    expect(() => remote(['http://a', 'http://a:80'])).toThrow('each target is named once')
    expect(() => remote([])).toThrow('it is one target or more')
  })
})

describe('the app', () => {
  it('says that it is remote(), also in a chain', () => {
    const app = remote('http://a')
    expect(factsOf(chain()(app))).toMatchObject({ kind: 'remote', app })
  })

  it('closes its connections when the server shuts down', async () => {
    await using up = await scripted(({ socket }) => socket.write(ok()))
    const on = await front(up.url)
    await bodies(on, 1)
    expect(up.sockets.size).toBe(1)
    const [socket] = up.sockets
    const ended = new Promise((resolve) => socket!.once('end', resolve))
    await on[Symbol.asyncDispose]()
    await ended
  })

  it('keeps the async context of each request, also on a connection that another one opened', async () => {
    await using up = await scripted(({ socket }) => void setTimeout(() => socket.write(ok()), 10))
    const inner = remote(up.url)
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const app = events((scope, receive, send) => {
      if (scope.type !== 'http') return inner(scope, receive, send)
      return storage.run(scope.path, () =>
        inner(scope, receive, (event) => {
          seen.push(storage.getStore())
          return send(event)
        }),
      )
    })
    await using running = await served(app, { lifespan: 'auto' })
    const client = await running.connect()
    for (const path of ['/a', '/b']) {
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await client.response()
    }
    expect(new Set(seen.slice(0, 2))).toEqual(new Set(['/a']))
    expect(new Set(seen.slice(-2))).toEqual(new Set(['/b']))
    client[Symbol.dispose]()
  })

  it('stands beside other apps in a mount', async () => {
    await using up = await scripted(({ socket, head }) => socket.write(ok(head.split(' ')[1])))
    const table = mount({
      '/old': remote(up.url, { mountPath: 'strip' }),
      '/': remote(up.url),
    })
    await using running = await served(table, { lifespan: 'auto' })
    const client = await running.connect()
    for (const [path, seen] of [
      ['/old/a%2Fb?c', '/a%2Fb?c'],
      ['/other', '/other'],
    ]) {
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect((await client.response()).body).toBe(seen)
    }
    client[Symbol.dispose]()
  })
})
