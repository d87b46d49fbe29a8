// Apps that await, in threads: many requests and WebSockets of one thread at the same time.

import { once } from 'node:events'
import { setEnvironmentData } from 'node:worker_threads'
import { BodyTooLargeError, chain, events, mount, threads, websocket } from 'isthmus'
import { accessLog } from 'isthmus/middleware'
import { testClient } from 'isthmus/testing'
import { describe, expect, it, beforeEach } from 'vitest'
import { WebSocket } from 'ws'
import { served } from '../raw/served.ts'
import { eventually } from './behaviour-host.ts'
import type { Log, ThreadOptions } from 'isthmus'
import type { ThreadsApp } from '../../src/hosting/gateway/threads-app.ts'
import type { Served } from '../raw/served.ts'

const APP = new URL('../fixtures/threads/side-by-side-app.js', import.meta.url)
const EXPRESS = new URL('../fixtures/threads/express-app.js', import.meta.url)
const SYNC = new URL('../fixtures/threads/pool-app.js', import.meta.url)
const DEADLINE = 40_000
const OPENED = 0
const STARTED = 1

let words: Int32Array
let ended: Int32Array

/** Lets all requests go on that wait. */
function open(): void {
  Atomics.store(words, OPENED, 1)
  Atomics.notify(words, OPENED)
}

const started = (count: number): Promise<void> =>
  eventually(() => Atomics.load(words, STARTED) >= count)

// New memory for each test, before its threads start.
beforeEach(() => {
  words = new Int32Array(new SharedArrayBuffer(8))
  ended = new Int32Array(new SharedArrayBuffer(4))
  setEnvironmentData('side-by-side', words.buffer)
  setEnvironmentData('side-by-side-ended', ended.buffer)
})

function pool(options: ThreadOptions = {}): ThreadsApp {
  return threads(APP, { max: 1, ...options })
}

function serving(app: ThreadsApp, options: object = {}): Promise<Served> {
  return served(app, { lifespan: 'on', graceMs: 5_000, ...options })
}

async function get({ server }: Served, path: string, init: RequestInit = {}): Promise<string> {
  const signal = AbortSignal.timeout(30_000)
  const response = await fetch(server.url + path, { signal, ...init })
  return `${response.status} ${await response.text()}`
}

function socketTo({ server }: Served, path: string, protocols: string[] = []): WebSocket {
  return new WebSocket(server.url.replace('http', 'ws') + path, protocols)
}

const first = async (socket: WebSocket, event: string): Promise<unknown[]> =>
  once(socket, event, { signal: AbortSignal.timeout(30_000) })

describe('requests of one thread', { timeout: DEADLINE }, () => {
  it('run at the same time: one answers while another one waits', async () => {
    await using server = await serving(pool())
    const waiting = get(server, '/wait')
    await started(1)
    expect(await get(server, '/')).toBe('200 /')
    open()
    expect(await waiting).toBe('200 waited')
  })

  it('are at most `concurrency`: further ones wait in the queue', async () => {
    const app = pool({ concurrency: 2 })
    await using server = await serving(app)
    const waiting = [get(server, '/wait'), get(server, '/wait')]
    await started(2)
    const queued = get(server, '/')
    await eventually(() => app.stats().queued === 1)
    expect(app.stats().inFlight).toBe(2)
    open()
    expect(await Promise.all([...waiting, queued])).toEqual(['200 waited', '200 waited', '200 /'])
  })

  it('leave their place to others while they wait for a slow client', async () => {
    await using server = await serving(pool({ concurrency: 2 }))
    const slow = await Promise.all([1, 2, 3, 4].map(() => server.connect(30_000)))
    // Two clients send a part of their body, two do not read their response.
    for (const client of slow.slice(0, 2)) {
      client.send('POST /stream HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nslow')
    }
    for (const client of slow.slice(2)) {
      client.send('GET /endless HTTP/1.1\r\nhost: a\r\n\r\n')
      client.socket.pause()
    }
    expect(await get(server, '/')).toBe('200 /')
    for (const client of slow) client.reset()
  })

  it('above the bound of the queue are 503 with Retry-After', async () => {
    const app = pool({ concurrency: 1, maxQueue: 0 })
    await using server = await serving(app)
    const waiting = get(server, '/wait')
    await started(1)
    const refused = await fetch(`${server.server.url}/`)
    await refused.text()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)])
    open()
    expect(await waiting).toBe('200 waited')
  })

  it('go to another thread while the event loop of this one stands still', async () => {
    await using server = await serving(pool({ max: 2 }))
    const blocked = get(server, '/block')
    await started(1)
    // Some were sent to the blocked thread before the pool knew.
    const others = await Promise.all(Array.from({ length: 20 }, () => get(server, '/')))
    expect(others).toEqual(Array.from({ length: 20 }, () => '200 /'))
    open()
    expect(await blocked).toMatch(/^200 blocked/)
  })

  it('stream in both directions', async () => {
    await using server = await serving(pool())
    using client = await server.connect()
    client.send(
      'POST /stream HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n',
    )
    await client.head()
    expect(await client.chunk()).toBe('one')
    client.send('3\r\ntwo\r\n0\r\n\r\n')
    expect(await client.chunk()).toBe('two')
  })

  it('may answer a body that breaks a limit', async () => {
    await using server = await serving(pool(), { maxBodyBytes: 10 })
    using client = await server.connect()
    client.send(
      `POST /limit HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n14\r\n${'x'.repeat(20)}\r\n`,
    )
    const { status, body } = await client.response()
    expect([status, body]).toEqual([413, `refused: ${new BodyTooLargeError(10).code}`])
  })

  it('send early hints and trailers', async () => {
    await using server = await serving(pool())
    using client = await server.connect()
    client.send(
      'GET /trailers HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te, close\r\n\r\n',
    )
    const text = await client.rest()
    expect(text).toContain('HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload')
    expect(text).toContain('part,')
    expect(text).toMatch(/x-sum: 7\r\n\r\n$/)
  })

  it('are offered the extensions of the server, without files by their path', async () => {
    await using client = await testClient(pool())
    expect((await client.get('/extensions')).text()).toBe(
      'http.response.early_hint,http.response.trailers',
    )
    expect((await client.get('/pathsend')).text()).toBe('ISTHMUS_ILLEGAL_EVENT')
  })

  it('see the state of the server and that of their own lifespan', async () => {
    const inner = pool()
    const outer = events(async (scope, receive, send) => {
      if (scope.type === 'lifespan') scope.state['server'] = 'up'
      await inner(scope, receive, send)
    })
    await using server = await served(outer, { lifespan: 'on' })
    expect(await get(server, '/state')).toMatch(/^200 \{"server":"up","thread":\d+\}$/)
  })

  it('have the context that crosses', async () => {
    await using client = await testClient(pool())
    const response = await client.get('/context', { headers: { 'x-request-id': 'a1' } })
    expect(response.text()).toBe('a1')
  })

  it('may be in another style, by its name', async () => {
    await using node = await testClient(pool({ export: 'handler', style: 'node' }))
    await using fetched = await testClient(pool({ export: 'fetcher', style: 'fetch' }))
    await using table = await testClient(pool({ export: 'table' }))
    expect((await node.get('/a')).text()).toBe('node /a')
    expect((await fetched.get('/b')).text()).toBe('fetch /b')
    expect((await table.get('/two')).text()).toBe('sync')
  })
})

describe('a handler of node:http in a thread', { timeout: DEADLINE }, () => {
  it('gets the rest of a body after its response', async () => {
    await using server = await serving(threads(EXPRESS, { max: 1, style: 'node' }))
    using client = await server.connect(20_000)
    const post = 'POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n'
    client.send(`${post}abc`)
    expect(await client.response()).toMatchObject({ status: 202, body: 'early' })
    client.send('def')
    client.send('GET /early HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body).toBe('6')
  })

  it('that calls listen() after its load gets a line in the log with the remedy', async () => {
    await using server = await serving(threads(EXPRESS, { max: 1, style: 'node' }))
    // This port is taken, as it is for the second thread of a pool.
    const { port } = new URL(server.server.url)
    await get(server, `/listen/${port}`).catch(() => undefined)
    await eventually(() => server.lines.some((line) => line.includes('EADDRINUSE')))
    expect(server.lines[0]).toMatch(
      new RegExp(`^warn: the app listens on port ${port} itself \\(.*express-app\\.js:\\d+\\)`),
    )
    expect(server.lines[0]).toContain('call listen() only in the program that was started')
  })
})

describe('an app in a thread that fails', { timeout: DEADLINE }, () => {
  it('at once is 500, and the thread goes on', async () => {
    await using server = await serving(pool())
    const thread = await get(server, '/thread')
    expect(await get(server, '/throw')).toMatch(/^500/)
    expect(server.lines).toContain('error: the app failed: thrown at once')
    expect(await get(server, '/thread')).toBe(thread)
  })

  it('after its response has a line in the log', async () => {
    await using server = await serving(pool())
    expect(await get(server, '/late')).toBe('200 answered')
    await eventually(() =>
      server.lines.includes('error: the app failed: thrown after the response'),
    )
  })

  it('to answer is 500, and to end its response is a cut', async () => {
    await using server = await serving(pool())
    expect(await get(server, '/nothing')).toMatch(/^500/)
    await expect(get(server, '/half')).rejects.toThrow('terminated')
    expect(await get(server, '/')).toBe('200 /')
  })

  it('to start makes the server fail to start', async () => {
    const app = pool({ export: 'unable' })
    await expect(serving(app)).rejects.toThrow('no database')
  })

  it.each([
    ['missing', undefined, 'has no export "missing"'],
    ['default', 'fetch', 'is not an app'],
  ] as const)('to load makes the server fail to start: %s as %s', async (name, style, message) => {
    await expect(serving(pool({ export: name, style }))).rejects.toThrow(message)
  })
})

describe('a WebSocket of an app in a thread', { timeout: DEADLINE }, () => {
  it('passes text and bytes of all sizes in order', async () => {
    await using server = await serving(pool())
    const socket = socketTo(server, '/echo')
    await first(socket, 'open')
    const sent = ['', 'text', '€', Buffer.alloc(0), Buffer.from([1, 2]), Buffer.alloc(1_048_576, 7)]
    const got: Array<string | Buffer> = []
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      got.push(isBinary ? data : String(data)),
    )
    for (const message of sent) socket.send(message)
    await eventually(() => got.length === sent.length)
    expect(got).toEqual(sent)
    socket.close()
  })

  it('passes many messages in both directions, beyond the windows', async () => {
    await using server = await serving(pool())
    const socket = socketTo(server, '/echo')
    await first(socket, 'open')
    let next = 0
    socket.on('message', (data: Buffer) => {
      if (Number(data.toString()) === next) next += 1
    })
    for (let count = 0; count < 20_000; count += 1) socket.send(String(count))
    await eventually(() => next === 20_000)
    expect(next).toBe(20_000)
    socket.close()
  })

  it('accepts with a subprotocol and fields, and closes with a code and a reason', async () => {
    await using server = await serving(pool())
    const socket = socketTo(server, '/farewell', ['news', 'chat'])
    const upgraded = first(socket, 'upgrade')
    await first(socket, 'open')
    const [response] = (await upgraded) as [{ headers: Record<string, string> }]
    expect([socket.protocol, response.headers['x-of']]).toEqual(['chat', 'app'])
    const said = first(socket, 'message')
    const closed = first(socket, 'close')
    socket.send('go')
    expect(String((await said)[0])).toBe('last words')
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([4_001, 'enough'])
  })

  it('may be denied with a response', async () => {
    await using server = await serving(pool())
    const socket = socketTo(server, '/deny')
    socket.on('error', () => undefined)
    const [, response] = (await first(socket, 'unexpected-response')) as [
      unknown,
      { toArray(): Promise<Buffer[]>; statusCode: number; headers: Record<string, string> },
    ]
    const body = Buffer.concat(await response.toArray()).toString()
    expect([response.statusCode, response.headers['x-price'], body]).toEqual([
      402,
      '7',
      'pay first',
    ])
  })

  it.each([
    ['/throw', 500],
    ['/illegal', 500],
  ])('whose app breaks the contract before the accept is %s %i', async (path, status) => {
    await using server = await serving(pool())
    const socket = socketTo(server, path)
    socket.on('error', () => undefined)
    const [, response] = (await first(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number; resume(): void },
    ]
    response.resume()
    expect(response.statusCode).toBe(status)
  })

  it('of a sync app that knows none is denied with the page of the path', async () => {
    await using server = await serving(threads(SYNC, { max: 1 }))
    const socket = socketTo(server, '/')
    socket.on('error', () => undefined)
    const [, response] = (await first(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number; resume(): void },
    ]
    response.resume()
    expect(response.statusCode).toBe(200)
  })

  it('tells the app the code with which the client closes', async () => {
    await using server = await serving(pool())
    const socket = socketTo(server, '/code')
    await first(socket, 'open')
    socket.close(4_007, 'bye')
    await started(4_007)
    expect(Atomics.load(words, STARTED)).toBe(4_007)
  })

  it('makes the app wait for a client that does not read, and ends it when the client leaves', async () => {
    const app = pool()
    await using server = await serving(app)
    const socket = socketTo(server, '/flood')
    await first(socket, 'open')
    socket.pause()
    let sent = -1
    await eventually(async () => {
      const before = sent
      sent = Atomics.load(words, STARTED)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return before === sent && sent > 0
    })
    // Windows, buffers of the system and of the client, each of some hundred KiB.
    expect(sent * 65_536).toBeLessThan(32 * 1024 * 1024)
    socket.terminate()
    await eventually(() => app.stats().inFlight === 0)
  })

  it('may be closed by an app that has taken its signal when the server closes', async () => {
    const server = await serving(pool())
    const socket = socketTo(server, '/goodbye')
    await first(socket, 'open')
    const said = first(socket, 'message')
    const closed = first(socket, 'close')
    await server[Symbol.asyncDispose]()
    expect(String((await said)[0])).toBe('ServerShutdownError')
    expect((await closed)[0]).toBe(4_002)
  })

  it('that its client leaves while its thread stands still ends in another thread', async () => {
    const app = pool({ max: 2 })
    await using server = await serving(app)
    const blocked = get(server, '/block')
    await started(1)
    const socket = socketTo(server, '/echo')
    socket.on('error', () => undefined)
    await eventually(() => app.stats().inFlight + app.stats().queued >= 2)
    socket.terminate()
    await eventually(() => app.stats().inFlight + app.stats().queued === 1)
    open()
    expect(await blocked).toMatch(/^200 blocked/)
  })

  it('counts for the load, and ends with 1001 when the server closes', async () => {
    const app = pool()
    const server = await serving(app)
    const socket = socketTo(server, '/echo')
    await first(socket, 'open')
    expect(app.stats().inFlight).toBe(1)
    const closed = first(socket, 'close')
    await server[Symbol.asyncDispose]()
    expect((await closed)[0]).toBe(1_001)
  })
})

describe('a thread whose app does harm', { timeout: DEADLINE }, () => {
  const echo = websocket(async (socket) => {
    for await (const message of socket) await socket.send(message)
  })

  it.each(['/loop', '/loopSoon'])('by standing still is ended: %s', async (path) => {
    const stacks: unknown[] = []
    const skip = (): void => undefined
    const error: Log['error'] = (fields) => {
      if (fields['stack'] !== undefined) stacks.push(fields['stack'])
    }
    const log = { debug: skip, info: skip, warn: skip, error }
    await using server = await served(pool({ timeoutMs: 400 }), { lifespan: 'on', log })
    const waiting = get(server, '/wait')
    await started(1)
    expect(await get(server, path)).toMatch(/^504/)
    expect(await waiting).toMatch(/^504/)
    expect(stacks).toEqual([expect.stringContaining('at loopForEver (file://')])
    expect(await get(server, '/')).toBe('200 /')
  })

  const HARMFUL = [
    ['an event app', APP, undefined],
    ['an Express app', EXPRESS, 'node'],
  ] as const
  const DEEDS = ['/exit', '/heap', '/reject', '/loop']

  it.each(HARMFUL.flatMap((app) => DEEDS.map((path) => [...app, path] as const)))(
    '%s (%s %s) costs its own requests by %s: WebSockets of the loop and of other threads stay open',
    async (_name, module, style, path) => {
      const resourceLimits = { maxOldGenerationSizeMb: 32 }
      const harmful = threads(module, { max: 1, timeoutMs: 500, style, resourceLimits })
      const app = mount({ '/live': echo, '/other': pool(), '/harm': harmful })
      await using server = await served(app, { lifespan: 'on', graceMs: 2_000 })
      const sockets = [
        ...Array.from({ length: 100 }, () => socketTo(server, '/live')),
        ...Array.from({ length: 30 }, () => socketTo(server, '/other/echo')),
      ]
      const closed: unknown[] = []
      for (const socket of sockets) socket.on('close', (code) => closed.push(code))
      await Promise.all(sockets.map((socket) => first(socket, 'open')))

      const waiting = get(server, '/harm/wait')
      await started(1)
      expect(await get(server, `/harm${path}`)).toMatch(/^(200|500|504)/)
      expect(await waiting).toMatch(/^50[04]/)
      expect(await get(server, '/harm/')).toMatch(/^200/)

      const answers = sockets.map((socket) => first(socket, 'message'))
      for (const socket of sockets) socket.send('still there?')
      await Promise.all(answers)
      expect(closed).toEqual([])
      for (const socket of sockets) socket.terminate()
    },
  )

  it('is replaced after `maxRequests`; a running request is told, and others notice nothing', async () => {
    await using server = await serving(pool({ maxRequests: 3 }))
    const told = get(server, '/told')
    const found = new Set<string>()
    for (let count = 0; count < 12; count += 1) found.add(await get(server, '/thread'))
    expect(found.size).toBeGreaterThan(2)
    expect(await told).toBe('200 begun,ServerShutdownError')
    await eventually(() => Atomics.load(ended, 0) > 0)
  })

  it('that retires is ended after `timeoutMs`, also if its requests go on', async () => {
    await using server = await serving(pool({ maxRequests: 2, timeoutMs: 500 }))
    const waiting = get(server, '/wait')
    await started(1)
    await get(server, '/')
    await get(server, '/')
    expect(await waiting).toMatch(/^503/)
    expect(await get(server, '/')).toBe('200 /')
  })
})

describe('the end of a pool', { timeout: DEADLINE }, () => {
  it('does not wait for a thread that stands still', async () => {
    const server = await serving(pool(), { graceMs: 200 })
    const blocked = get(server, '/block').catch(() => 'cut')
    await started(1)
    await server[Symbol.asyncDispose]()
    expect(await blocked).toBe('cut')
  })

  it('tells running requests, and ends the lifespan in each thread', async () => {
    const app = pool({ min: 2, max: 2 })
    const server = await serving(app)
    await eventually(() => app.stats().threads.ready === 2)
    const told = get(server, '/told')
    await eventually(() => server.server.stats().requests.inFlight === 1)
    await server[Symbol.asyncDispose]()
    expect(await told).toBe('200 begun,ServerShutdownError')
    expect(Atomics.load(ended, 0)).toBe(2)
  })

  it('of a client makes the app see its loss', async () => {
    const app = pool()
    await using server = await serving(app)
    const controller = new AbortController()
    const left = fetch(`${server.server.url}/told`, { signal: controller.signal })
    await (await left).body?.getReader().read()
    controller.abort()
    await eventually(() => app.stats().inFlight === 0)
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('is seen by the access log as that of any app', async () => {
    const lines: string[] = []
    const app = chain(
      accessLog({ format: 'common', write: (line: string) => void lines.push(line) }),
    )(pool())
    await using server = await served(app, { lifespan: 'on' })
    await get(server, '/')
    await eventually(() => lines.length === 1)
    expect(lines[0]).toMatch(/"GET \/ HTTP\/1.1" 200 1/)
  })
})
