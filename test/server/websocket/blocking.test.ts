// WebSockets of sync apps in threads, over real connections of both engines.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setEnvironmentData } from 'node:worker_threads'
import { threads } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../hosting/behaviour-host.ts'
import { served } from '../../raw/served.ts'
import type { ThreadsApp } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const APP = new URL('../../fixtures/threads/socket-app.js', import.meta.url)
const DEADLINE = 40_000
const SENT = 0
const ABORTED = 1

const first = (socket: WebSocket, event: string): Promise<unknown[]> =>
  once(socket, event, { signal: AbortSignal.timeout(30_000) })

describe('the WebSocket of a sync app, over a connection', { timeout: DEADLINE }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-sockets-'))
  const notes = join(folder, 'notes')
  let words: Int32Array
  let app: ThreadsApp
  let server: Served

  beforeAll(async () => {
    words = new Int32Array(new SharedArrayBuffer(8))
    setEnvironmentData('socket-app', words.buffer)
    app = threads(APP, { max: 2 })
    server = await served(app, { lifespan: 'on', graceMs: 5_000 })
  }, DEADLINE)
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  function open(path: string, protocols: string[] = []): WebSocket {
    return new WebSocket(server.server.url.replace('http', 'ws') + path, protocols)
  }

  const idle = (): Promise<void> => eventually(() => app.stats().webSockets === 0)

  it('passes text, bytes and a large message in order, and closes with the code of the client', async () => {
    const socket = open('/echo')
    await first(socket, 'open')
    const sent = ['', '€', Buffer.from([1, 2]), Buffer.alloc(1_048_576, 7)]
    const got: Array<string | Buffer> = []
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      got.push(isBinary ? data : String(data)),
    )
    for (const message of sent) socket.send(message)
    await eventually(() => got.length === sent.length)
    expect(got.map(plain)).toEqual(sent.map(plain))
    const closed = first(socket, 'close')
    socket.close(4_000)
    expect((await closed)[0]).toBe(4_000)
    await idle()
  })

  it('blocks in send() for a client that does not read, and ends when the client breaks off', async () => {
    const socket = open('/flood')
    await first(socket, 'open')
    socket.pause()
    let sent = -1
    await eventually(async () => {
      const before = sent
      sent = Atomics.load(words, SENT)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return before === sent && sent > 0
    })
    // Windows, buffers of the system and of the client, each of some hundred KiB.
    expect(sent * 65_536).toBeLessThan(32 * 1024 * 1024)
    expect(app.stats()).toMatchObject({ webSockets: 1, inFlight: 1 })
    const page = await fetch(`${server.server.url}/page`, { signal: AbortSignal.timeout(30_000) })
    expect(await page.text()).toContain('page')
    socket.terminate()
    await idle()
    expect(Atomics.load(words, ABORTED)).toBe(0)
    expect(server.lines.filter((text) => text.startsWith('error'))).toEqual([])
  })

  it('wakes receive() when the connection breaks: the app sees 1006', async () => {
    const socket = open(`/left?${notes}`)
    await first(socket, 'open')
    socket.terminate()
    await eventually(() => existsSync(notes) && readFileSync(notes, 'utf8').endsWith('\n'))
    const [messages, code, state, late] = JSON.parse(readFileSync(notes, 'utf8')) as unknown[]
    expect([messages, code, state, late]).toEqual([[], 1_006, 'closed', 'ClientDisconnectedError'])
    await idle()
  })

  it('is denied with 503 and Retry-After above the bound', async () => {
    const held = open('/echo')
    await first(held, 'open')
    const denied = open('/echo')
    denied.on('error', () => undefined)
    const [, response] = (await first(denied, 'unexpected-response')) as [
      unknown,
      { statusCode: number; headers: Record<string, string>; resume(): void },
    ]
    response.resume()
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
    held.close()
    await idle()
  })

  it('holds no thread for a client that does not read its denial', async () => {
    using client = await server.connect(20_000)
    const before = app.stats().completed
    client.send(
      'GET /large HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n',
    )
    client.socket.pause()
    // The thread is free, and the rest of the denial waits in a file.
    await eventually(() => app.stats().completed > before && app.stats().buffering.fileBytes > 0)
    expect(app.stats()).toMatchObject({ webSockets: 0, inFlight: 0 })
    client.reset()
    await eventually(() => app.stats().buffering.fileBytes === 0)
  })
})

it(
  'a server that closes ends receive() with undefined and 1001, and the signal is aborted',
  { timeout: DEADLINE },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-sockets-'))
    const notes = join(folder, 'notes')
    const server = await served(threads(APP, { max: 1 }), { lifespan: 'on', graceMs: 5_000 })
    const socket = new WebSocket(`${server.server.url.replace('http', 'ws')}/signal?${notes}`)
    await first(socket, 'open')
    const closed = first(socket, 'close')
    await server[Symbol.asyncDispose]()
    expect((await closed)[0]).toBe(1_001)
    expect(readFileSync(notes, 'utf8')).toBe('[null,1001,true,"ServerShutdownError"]\n')
    rmSync(folder, { recursive: true })
  },
)

function plain(message: string | Buffer): string {
  return typeof message === 'string' ? message : message.toString('hex')
}
