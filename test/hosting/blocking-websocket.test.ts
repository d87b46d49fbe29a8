// environ['wsgi.websocket']: WebSockets of sync apps in threads.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chain, mount, sync, threads } from 'isthmus'
import { HandshakeDeniedError, testClient } from 'isthmus/testing'
import { cors } from 'isthmus/middleware'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './behaviour-host.ts'
import type { App, ThreadOptions, ThreadsApp } from 'isthmus'
import type { TestClient, TestClientOptions } from 'isthmus/testing'

const APP = new URL('../fixtures/threads/socket-app.js', import.meta.url)
const LAYERS = new URL('../fixtures/threads/socket-layers.js', import.meta.url)
const DEADLINE = 40_000

const folder = mkdtempSync(join(tmpdir(), 'isthmus-sockets-'))
let files = 0

/** A file for the notes of an app. */
class Notes {
  readonly file = join(folder, `notes-${(files += 1)}`)

  async read(): Promise<string> {
    let text = ''
    await eventually(() => {
      text = existsSync(this.file) ? readFileSync(this.file, 'utf8') : ''
      return text.endsWith('\n')
    })
    return text.trimEnd()
  }
}

function pooled(options: ThreadOptions = {}): ThreadsApp {
  return threads(APP, { max: 1, ...options })
}

function clientOf(app: App, options: TestClientOptions = {}): Promise<TestClient> {
  return testClient(app, { deadlineMs: 20_000, raiseAppErrors: false, ...options })
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
  const { err } = fields
  lines.push(err instanceof Error ? `${message}: ${err.message}` : message)
}
const log = { debug: () => undefined, info: () => undefined, warn: line, error: line }

afterAll(() => rmSync(folder, { recursive: true }))

describe('the WebSocket of a sync app', { timeout: DEADLINE }, () => {
  let pool: ThreadsApp
  let client: TestClient

  beforeAll(async () => {
    pool = pooled()
    client = await clientOf(mount({ '/desk': pool }), { log })
  }, DEADLINE)
  afterAll(() => client[Symbol.asyncDispose]())

  const open = (deed: string, options = {}) => client.websocket(`/desk/${deed}`, options)

  it.each(['echo', 'lazy'])(
    'passes text and bytes of all sizes in order, and ends without a fault: %s',
    async (deed) => {
      lines.length = 0
      await using session = await open(deed)
      const sent = ['', 'text', '€', new Uint8Array(0), Uint8Array.of(1, 2)]
      const large = new Uint8Array(1_048_576).fill(7)
      for (const message of [...sent, large]) await session.send(message)
      const got: unknown[] = []
      while (got.length <= sent.length) got.push(await session.receive())
      expect(got.map(plain)).toEqual([...sent, large].map(plain))
      await session.close(4_000)
      await eventually(() => pool.stats().webSockets === 0)
      expect(lines).toEqual([])
    },
  )

  it('may hold the only thread: requests wait, and go on when it ends', async () => {
    await using session = await open('echo')
    expect(pool.stats()).toMatchObject({ webSockets: 1, inFlight: 1 })
    const page = client.get('/desk/page')
    await eventually(() => pool.stats().queued === 1)
    await session.close()
    expect((await page).status).toBe(200)
  })

  it('closes with 1011 if its thread ends by itself', async () => {
    await using session = await open('exit')
    expect((await session.closed).code).toBe(1_011)
    expect((await client.get('/desk/page')).status).toBe(200)
  })

  it('closes with 1001 if a reload replaces its thread', async () => {
    const notes = new Notes()
    await using session = await open(`signal?${notes.file}`)
    await pool.reload()
    expect((await session.closed).code).toBe(1_001)
    expect(await notes.read()).toBe('[null,1001,true,"ServerShutdownError"]')
    expect((await client.get('/desk/page')).status).toBe(200)
  })

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
    const notes = new Notes()
    await using session = await open(`receive?${notes.file}`)
    await session.send('a')
    expect(await session.receive()).toBe('a')
    await session.send('b')
    expect(await session.receive()).toBe('b')
    expect(await session.closed).toMatchObject({ code: 4_001, reason: 'enough' })
    expect(await notes.read()).toBe('closed,4001,')
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

  it('ends the iteration when the client leaves; a later send throws', async () => {
    const notes = new Notes()
    await using session = await open(`left?${notes.file}`)
    await session.send('a')
    await session.send('b')
    await session.close(4_007, 'bye')
    const seen = '[["a","b"],4007,"closed","ClientDisconnectedError"]'
    expect(await notes.read()).toBe(seen)
  })
})

describe('layers around a sync app with WebSockets', { timeout: DEADLINE }, () => {
  it('guard the handshake outside of the thread; inside, middleware and lint see a 101, and calls work', async () => {
    const notes = new Notes()
    const layered = threads(LAYERS, { max: 1, export: 'layered' })
    await using client = await clientOf(chain(cors({ origins: ['https://a.example'] }))(layered))
    const from = (origin: string) => ({ headers: { origin } })
    await expect(client.websocket('/echo', from('https://b.example'))).rejects.toThrow('403')

    await using echo = await client.websocket(`/echo?${notes.file}`, from('https://a.example'))
    await echo.send('a')
    expect(await echo.receive()).toBe('a')
    await echo.close()
    expect(await notes.read()).toBe('middleware saw 101')

    await using calling = await client.websocket('/call', from('https://a.example'))
    for (const message of ['one', 'two']) {
      await calling.send(message)
      expect(await calling.receive()).toBe(`${message} called /called`)
    }
  })
})

describe('the threads that WebSockets hold', { timeout: DEADLINE }, () => {
  it('are one less than max: requests go on, and a further handshake gets 503', async () => {
    const app = pooled({ max: 3 })
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

  it('are none with maxWebSockets: 0', async () => {
    await using client = await clientOf(pooled({ maxWebSockets: 0 }))
    expect(await denial(client, '/echo')).toMatch(/^403/)
  })

  it('are ended for a computation between two calls that is too long, and not for a wait', async () => {
    const app = pooled({ timeoutMs: 600 })
    await using client = await clientOf(app, { log })
    await using patient = await client.websocket('/echo')
    await patient.send('a')
    await patient.receive()
    // The wait is longer than the limit.
    await new Promise((resolve) => setTimeout(resolve, 900))
    await patient.send('b')
    expect(await patient.receive()).toBe('b')
    expect(app.stats().timedOut).toBe(0)
    await patient.close()

    lines.length = 0
    await using busy = await client.websocket('/compute')
    expect((await busy.closed).code).toBe(1_011)
    expect(lines[0]).toContain('a WebSocket, between two of its calls, took longer than timeoutMs')
    expect((await client.get('/page')).status).toBe(200)
    expect(app.stats()).toMatchObject({ timedOut: 1, webSockets: 0 })
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
