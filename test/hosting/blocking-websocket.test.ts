// environ['wsgi.websocket']: WebSockets of sync apps in threads.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setEnvironmentData } from 'node:worker_threads'
import { chain, mount, sync, threads } from 'isthmus'
import { HandshakeDeniedError, testClient } from 'isthmus/testing'
import { cors } from 'isthmus/middleware'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './behaviour-host.ts'
import type { App, ThreadOptions } from 'isthmus'
import type { TestClient, TestClientOptions } from 'isthmus/testing'
import type { ThreadsApp } from '../../src/hosting/gateway/threads-app.ts'

const APP = new URL('../fixtures/threads/socket-app.js', import.meta.url)
const DEADLINE = 40_000
const NOTED = 0
const ABORTED = 1

const folder = mkdtempSync(join(tmpdir(), 'isthmus-sockets-'))
let files = 0

/** A pool whose app writes notes, and their file. */
class NotedPool {
  readonly file = join(folder, `notes-${(files += 1)}`)
  readonly app: ThreadsApp

  constructor(options: ThreadOptions = {}) {
    const env = { ...process.env, SOCKET_NOTES: this.file }
    this.app = threads(APP, { max: 1, env, ...options }) as ThreadsApp
  }

  async note(): Promise<string> {
    let text = ''
    await eventually(() => {
      text = readNotes(this.file)
      return text.endsWith('\n')
    })
    return text.trimEnd()
  }
}

function readNotes(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function clientOf(app: App, options: TestClientOptions = {}): Promise<TestClient> {
  return testClient(app, { deadlineMs: 20_000, ...options })
}

/** The answer that denies the handshake. */
async function denial(client: TestClient, path: string): Promise<string> {
  try {
    const session = await client.websocket(path)
    return `accepted: ${JSON.stringify(await session.closed)}`
  } catch (error) {
    if (!(error instanceof HandshakeDeniedError)) throw error
    return `${error.response.status} ${error.response.text().slice(0, 40)}`
  }
}

const lines: string[] = []
const line = (fields: Record<string, unknown>, message: string): void => {
  lines.push(`${message} ${String(fields['err'] ?? '')}`)
}
const log = { debug: () => undefined, info: () => undefined, warn: line, error: line }

afterAll(() => rmSync(folder, { recursive: true }))

describe('the WebSocket of a sync app', { timeout: DEADLINE }, () => {
  let pool: NotedPool
  let client: TestClient

  beforeAll(async () => {
    setEnvironmentData('socket-app', new SharedArrayBuffer(8))
    pool = new NotedPool({ max: 3, maxWebSockets: 3 })
    client = await clientOf(mount({ '/desk': pool.app }), { log })
  }, DEADLINE)
  afterAll(() => client[Symbol.asyncDispose]())

  const open = (deed: string, options = {}) => client.websocket(`/desk/${deed}`, options)

  it.each(['echo', 'lazy'])(
    'passes text and bytes of all sizes in order, and ends without a fault: %s',
    async (deed) => {
      await using session = await open(deed)
      const sent = ['', 'text', '€', new Uint8Array(0), Uint8Array.of(1, 2)]
      const large = new Uint8Array(1_048_576).fill(7)
      for (const message of [...sent, large]) await session.send(message)
      const got: unknown[] = []
      while (got.length <= sent.length) got.push(await session.receive())
      expect(got.map(plain)).toEqual([...sent, large].map(plain))
      await session.close(4_000)
      await eventually(() => pool.app.stats().webSockets === 0)
      expect(lines).toEqual([])
    },
  )

  it('passes many messages in both directions, beyond the windows', async () => {
    await using session = await open('echo')
    const text = 'x'.repeat(4_096)
    const sending = (async () => {
      for (let count = 0; count < 500; count += 1) await session.send(`${count} ${text}`)
    })()
    for (let count = 0; count < 500; count += 1) {
      expect(await session.receive()).toBe(`${count} ${text}`)
    }
    await sending
  })

  it('gets each message in a call of receive(), and closes with a code, once', async () => {
    await using session = await open('receive')
    await session.send('a')
    expect(await session.receive()).toBe('a')
    await session.send('b')
    expect(await session.receive()).toBe('b')
    expect(await session.closed).toMatchObject({ code: 4_001, reason: 'enough' })
    expect(await pool.note()).toContain('closed,4001,')
  })

  it('stays usable after the deadline of receive()', async () => {
    await using session = await open('deadline')
    expect(await session.receive()).toBe('ReceiveTimeoutError ISTHMUS_RECEIVE_TIMEOUT')
    await session.send('late')
    expect(await session.receive()).toBe('got late')
    expect(await session.closed).toMatchObject({ code: 1_000 })
  })

  it('accepts with a subprotocol and fields', async () => {
    await using session = await open('accept', { subprotocols: ['v1', 'v2'] })
    expect([session.subprotocol, session.headers.get('x-of')]).toEqual(['v2', 'app'])
    expect(await session.receive()).toBe('open')
  })

  it('has the environ of its handshake', async () => {
    await using session = await client.websocket('/desk/environ?seat=1')
    expect(JSON.parse(String(await session.receive()))).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '/desk',
      PATH_INFO: '/environ',
      QUERY_STRING: 'seat=1',
      state: 'connecting',
      scheme: 'http',
      body: 0,
    })
  })

  it.each([
    ['deny', '402 pay first'],
    ['large', `403 ${'x'.repeat(40)}`],
    ['page', '200 page of'],
    ['refuse', '403 '],
    ['nothing', '500 Internal Server Error'],
    ['throw', '500 Internal Server Error'],
  ])('is denied by an app that answers otherwise: %s', async (deed, answer) => {
    expect(await denial(client, `/desk/${deed}`)).toContain(answer)
    expect((await client.get('/desk/page')).status).toBe(200)
  })

  it('closes with 1011 if the app throws, or returns content, after the accept', async () => {
    for (const deed of ['throwLate', 'content', 'contentWithHead']) {
      lines.length = 0
      await using session = await open(deed)
      expect(await session.closed).toMatchObject({ code: 1_011 })
      await eventually(() => lines.length === 1)
      expect(lines[0]).toMatch(deed === 'throwLate' ? /no seat/ : /its body has to be empty/)
    }
    lines.length = 0
  })

  it('may be accepted after startResponse, whose head is dropped', async () => {
    await using session = await open('both')
    expect(await session.receive()).toBe('accepted')
    expect(await session.closed).toMatchObject({ code: 1_000 })
  })

  it('refuses illegal calls, and goes on', async () => {
    await using session = await open('illegal')
    const messages = [await session.receive(), await session.receive()]
    messages.push(await session.receive(), await session.receive())
    expect(messages).toEqual([
      'IllegalEventError: bytes of websocket.send must be a Uint8Array, got number',
      expect.stringContaining('IllegalEventError: the code of websocket.close must be'),
      expect.stringContaining('IllegalEventError: "websocket.accept" is illegal'),
      'AppError: timeoutMs of receive() must be a number of at least 0, or Infinity, got -1',
    ])
    await session.closed
  })

  it('runs with lint', async () => {
    const linted = new NotedPool({ export: 'linted' })
    await using own = await clientOf(linted.app)
    await using session = await own.websocket('/echo')
    await session.send('a')
    expect(await session.receive()).toBe('a')
    await session.close()
    expect((await session.closed).code).toBe(1_000)
  })

  it('ends the iteration when the client leaves; a later send throws', async () => {
    const noted = new NotedPool()
    await using own = await clientOf(noted.app)
    await using session = await own.websocket('/left')
    await session.send('a')
    await session.send('b')
    await session.close(4_007, 'bye')
    const seen = '[["a","b"],4007,"closed","ClientDisconnectedError"]'
    expect(await noted.note()).toBe(seen)
  })

  it('calls apps on the event loop', async () => {
    await using session = await open('call')
    await session.send('one')
    expect(await session.receive()).toBe('one called /called')
    await session.send('two')
    expect(await session.receive()).toBe('two called /called')
  })

  it('is guarded by middleware outside, and seen as a 101 by middleware in the module', async () => {
    const noted = new NotedPool({ export: 'chained' })
    const app = chain(cors({ origins: ['https://a.example'] }))(noted.app)
    await using own = await clientOf(app)
    const origin = (value: string) => ({ headers: { origin: value } })
    await expect(own.websocket('/echo', origin('https://b.example'))).rejects.toThrow('403')
    await using session = await own.websocket('/echo', origin('https://a.example'))
    await session.send('a')
    expect(await session.receive()).toBe('a')
    await session.close()
    expect(await noted.note()).toBe('middleware saw 101')
  })
})

describe('the threads that WebSockets hold', { timeout: DEADLINE }, () => {
  it('are one less than max: requests go on, and a further handshake gets 503', async () => {
    const { app } = new NotedPool({ max: 3 })
    await using client = await clientOf(app, { log })
    await using first = await client.websocket('/echo')
    await using second = await client.websocket('/echo')
    expect(app.stats().webSockets).toBe(2)
    expect(await denial(client, '/echo')).toBe('503 Service Unavailable\n')
    expect(app.stats().refused).toBe(1)
    expect(lines.pop()).toContain('as many as maxWebSockets (--threads-max-websockets) allows')
    const pages = await Promise.all(Array.from({ length: 9 }, () => client.get('/page')))
    expect(pages.every(({ status }) => status === 200)).toBe(true)

    await second.send('still here')
    expect(await second.receive()).toBe('still here')
    await first.close()
    await eventually(() => app.stats().webSockets === 1)
    await using third = await client.websocket('/echo')
    await third.send('a')
    expect(await third.receive()).toBe('a')
  })

  it('may be all threads, or none', async () => {
    const one = new NotedPool()
    await using client = await clientOf(one.app)
    await using session = await client.websocket('/echo')
    expect(one.app.stats()).toMatchObject({ webSockets: 1, inFlight: 1 })
    await session.close()

    await using deaf = await clientOf(new NotedPool({ maxWebSockets: 0 }).app)
    expect(await denial(deaf, '/echo')).toMatch(/^403/)
  })

  it('make other requests wait, which go on when the WebSocket ends', async () => {
    const { app } = new NotedPool()
    await using client = await clientOf(app)
    await using session = await client.websocket('/echo')
    const page = client.get('/page')
    await eventually(() => app.stats().queued === 1)
    await session.close()
    expect((await page).status).toBe(200)
  })

  it('are not ended while their app waits for its client', async () => {
    const { app } = new NotedPool({ timeoutMs: 300 })
    await using client = await clientOf(app)
    await using session = await client.websocket('/echo')
    await session.send('a')
    await session.receive()
    // A wait that is longer than the limit is what this test is about.
    await new Promise((resolve) => setTimeout(resolve, 700))
    await session.send('b')
    expect(await session.receive()).toBe('b')
    expect(app.stats().timedOut).toBe(0)
  })

  it('are not ended by an app that calls its socket now and then', async () => {
    const { app } = new NotedPool({ timeoutMs: 500 })
    await using client = await clientOf(app)
    await using session = await client.websocket('/steps')
    for (let step = 0; step < 8; step += 1) expect(await session.receive()).toBe(String(step))
    expect(app.stats().timedOut).toBe(0)
  })

  it('are ended if the app computes for longer than timeoutMs between two calls: 1011', async () => {
    const { app } = new NotedPool({ timeoutMs: 300 })
    await using client = await clientOf(app, { log })
    lines.length = 0
    await using session = await client.websocket('/compute')
    expect((await session.closed).code).toBe(1_011)
    expect(lines[0]).toContain('a WebSocket, between two of its calls, took longer than timeoutMs')
    expect((await client.get('/page')).status).toBe(200)
    expect(app.stats()).toMatchObject({ timedOut: 1, webSockets: 0 })
  })

  it('close it with 1011 if they end by themselves', async () => {
    const { app } = new NotedPool()
    await using client = await clientOf(app, { log })
    await using session = await client.websocket('/exit')
    expect((await session.closed).code).toBe(1_011)
    expect((await client.get('/page')).status).toBe(200)
  })

  it('are replaced by a reload, which closes it with 1001', async () => {
    const noted = new NotedPool()
    await using client = await clientOf(noted.app)
    await using session = await client.websocket('/signal')
    await noted.app.reload()
    expect((await session.closed).code).toBe(1_001)
    expect(await noted.note()).toBe('[null,1001,true,"ServerShutdownError"]')
    expect((await client.get('/page')).status).toBe(200)
  })
})

describe('a sync app on the event loop', () => {
  it('denies WebSockets, and the log names threads(), once', async () => {
    lines.length = 0
    const app = sync(() => [])
    await using client = await clientOf(app, { log })
    for (let count = 0; count < 3; count += 1) expect(await denial(client, '/')).toMatch(/^403/)
    expect(lines).toEqual([expect.stringMatching(/threads\(\) hosts a sync app/)])
  })
})

function plain(message: unknown): unknown {
  return typeof message === 'string' ? message : Buffer.from(message as Uint8Array).toString('hex')
}

export { ABORTED, NOTED }
