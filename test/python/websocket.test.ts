// WebSockets of an ASGI app of Python, on both engines.

import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../hosting/behaviour-host.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import type { IncomingMessage } from 'node:http'
import type { PythonServer } from './serving.ts'

const first = (socket: WebSocket, event: string): Promise<unknown[]> =>
  once(socket, event, { signal: AbortSignal.timeout(30_000) })

async function nextText(socket: WebSocket): Promise<string> {
  const [data] = (await first(socket, 'message')) as [Buffer]
  return data.toString()
}

async function denialOf(
  socket: WebSocket,
): Promise<[status: number, body: string, price: unknown]> {
  const [, response] = (await first(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  const body = Buffer.concat(await response.toArray()).toString()
  return [response.statusCode ?? 0, body, response.headers['x-price']]
}

describe.skipIf(NO_PYTHON !== undefined)(`a WebSocket of an app of Python${SKIPPED}`, () => {
  let server: PythonServer
  let sockets: WebSocket[]

  beforeAll(async () => {
    server = await serving('sockets:app', { cancelAfterMs: 100 })
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => {
    sockets = []
    return () => sockets.forEach((socket) => socket.terminate())
  })

  function connect(path: string, protocols: string[] = [], to = server): WebSocket {
    const socket = new WebSocket(`${to.server.url.replace('http', 'ws')}${path}`, protocols)
    socket.on('error', () => undefined)
    sockets.push(socket)
    return socket
  }

  async function opened(path: string, protocols: string[] = [], to = server): Promise<WebSocket> {
    const socket = connect(path, protocols, to)
    await first(socket, 'open')
    return socket
  }

  async function lineWith(text: string, { lines } = server): Promise<string> {
    await eventually(() => lines.some((line) => line.includes(text)))
    return lines.find((line) => line.includes(text)) ?? ''
  }

  async function closeOf(socket: WebSocket): Promise<[code: number, reason: string]> {
    const [code, reason] = (await first(socket, 'close')) as [number, Buffer]
    return [code, reason.toString()]
  }

  it('[3b.40] has a scope of its own kind', async () => {
    const socket = connect('/scope_of?a=b', ['news', 'chat'])
    const scope = JSON.parse(await nextText(socket)) as Record<string, unknown>
    expect(scope).toMatchObject({
      type: 'websocket',
      asgi: { version: '3.0', spec_version: '2.5' },
      scheme: 'ws',
      http_version: '1.1',
      path: '/scope_of',
      raw_path: '/scope_of',
      query_string: 'a=b',
      subprotocols: ['news', 'chat'],
      extensions: ['websocket.http.response'],
    })
    expect(scope).not.toHaveProperty('method')
  })

  it('[3b.42] [3b.48] passes text and bytes of all sizes in order', async () => {
    const socket = await opened('/echo')
    const sent = ['', 'text', '€', Buffer.alloc(0), Buffer.from([1, 2]), Buffer.alloc(1_048_576, 7)]
    const got: Array<string | Buffer> = []
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      got.push(isBinary ? data : String(data)),
    )
    for (const message of sent) socket.send(message)
    await eventually(() => got.length === sent.length)
    // The comparison of long Buffers by expect takes seconds.
    const isSame = got.map((message, index) => {
      const other = sent[index] as string | Buffer
      return typeof message === 'string' ? message === other : message.equals(other as Buffer)
    })
    expect(isSame).toEqual(sent.map(() => true))
  })

  it('passes many messages in both directions, beyond the windows', async () => {
    const socket = await opened('/echo')
    let next = 0
    socket.on('message', (data: Buffer) => {
      if (Number(data.toString()) === next) next += 1
    })
    for (let count = 0; count < 10_000; count += 1) socket.send(String(count))
    await eventually(() => next === 10_000)
    expect(next).toBe(10_000)
  })

  it('[3b.42] keeps the messages that come before the accept', async () => {
    const socket = connect('/early')
    // The handshake and the message leave together.
    const told = nextText(socket)
    await first(socket, 'open')
    socket.send('at once')
    expect(JSON.parse(await told)).toEqual({ type: 'websocket.receive', text: 'at once' })
  })

  it('[3b.43] [3b.50] accepts with a subprotocol and fields, and closes with a code', async () => {
    const socket = connect('/farewell', ['news', 'chat'])
    const upgraded = first(socket, 'upgrade')
    await first(socket, 'open')
    const [response] = (await upgraded) as [IncomingMessage]
    expect([socket.protocol, response.headers['x-of']]).toEqual(['chat', 'app, Python'])
    const said = nextText(socket)
    const closed = closeOf(socket)
    socket.send('go')
    expect(await said).toBe('last words')
    expect(await closed).toEqual([4_001, 'enough'])
    expect((await lineWith('after the close:')).match(/Error/g)).toHaveLength(2)
  })

  it('[3b.50] closes with 1000 by default', async () => {
    expect(await closeOf(await opened('/closes'))).toEqual([1_000, ''])
  })

  it('[3b.44] is refused with 403 by a close before the accept', async () => {
    expect((await denialOf(connect('/refuses')))[0]).toBe(403)
    const line = await lineWith('refused:')
    expect(JSON.parse(line.slice(line.indexOf('[')))).toEqual(
      [1, 2].map(() => ({ type: 'websocket.disconnect', code: 1006, reason: '' })),
    )
  })

  it('[3b.38] [3b.47] is denied with a response', async () => {
    expect(await denialOf(connect('/denies'))).toEqual([402, 'pay first', '7'])
    expect(await lineWith('denied:')).toMatch(/denied: \w+Error.* 1006$/)
  })

  it('[3b.43] [3b.46] refuses events that are illegal before the accept', async () => {
    const errors = JSON.parse(await nextText(connect('/accepts_badly', ['chat']))) as unknown[]
    expect(errors).toEqual([
      expect.stringContaining('illegal while the WebSocket is connecting'),
      expect.stringContaining('must be one that the client offered (chat)'),
      expect.stringContaining('only the server sets the header'),
      expect.stringContaining('control character'),
      expect.stringContaining('must be bytes'),
    ])
  })

  it('[3b.46] [3b.50] refuses events that are illegal after the accept', async () => {
    const socket = connect('/sends_badly')
    const got: string[] = []
    socket.on('message', (data: Buffer) => got.push(String(data)))
    await eventually(() => got.length === 3)
    expect(got.slice(0, 2)).toEqual(['bytes', ''])
    expect(JSON.parse(got[2] ?? '')).toEqual([
      ...Array<unknown>(2).fill(expect.stringContaining('exactly one of text and bytes')),
      expect.stringContaining('must be a str'),
      expect.stringContaining('must be bytes'),
      ...Array<unknown>(2).fill(expect.stringContaining('illegal while the WebSocket is open')),
      ...Array<unknown>(8).fill(expect.stringContaining('the code of websocket.close')),
      expect.stringContaining('at most 123 bytes'),
      null,
      null,
    ])
  })

  it('[3b.46] keeps the order of sends that run at the same time', async () => {
    const socket = connect('/together')
    const got: string[] = []
    socket.on('message', (data: Buffer) => got.push(String(data)))
    await closeOf(socket)
    expect(got).toEqual(Array.from({ length: 100 }, (_, number) => String(number)))
  })

  it('[3b.51] tells the app the code with which the client closes, after its messages', async () => {
    const before = server.lines.length
    const socket = await opened('/code')
    socket.send('one')
    socket.send('two')
    socket.close(4_007, 'bye')
    await eventually(() => server.lines.length > before)
    const end = { type: 'websocket.disconnect', code: 4_007, reason: 'bye' }
    const told = JSON.stringify(end).replaceAll(':"', ': "').replaceAll(',', ', ')
    expect(server.lines.at(-1)).toBe(`info: code: 2 ${told.replace('code":', 'code": ')} True`)
  })

  it('[3b.51] tells the app 1005 for a close without a code, and 1006 for a lost connection', async () => {
    const closing = await opened('/code')
    closing.close()
    expect(await lineWith('"code": 1005')).toMatch(/code: 0/)
    const lost = await opened('/code')
    lost.terminate()
    await eventually(() => server.lines.some((line) => /code: 0 .*1006/.test(line)))
  })

  it('[3b.52] [3b.8] fails to send after the disconnect, which is no error in the log', async () => {
    const socket = await opened('/sends_late')
    socket.terminate()
    expect(await lineWith('late:')).toBe('info: late: a ConnectionResetError: True')
    expect(server.lines.filter((line) => /^(warn|error).*disconnected/.test(line))).toEqual([])
  })

  it.each(['/raises', '/returns'])(
    '[3b.45] whose app ends before the accept is %s: 500',
    async (path) => {
      expect((await denialOf(connect(path)))[0]).toBe(500)
    },
  )

  it('[3b.53] ends with 1011 if the app fails, and with 1000 if it returns', async () => {
    expect((await closeOf(await opened('/raises_later')))[0]).toBe(1_011)
    expect((await closeOf(await opened('/returns_later')))[0]).toBe(1_000)
    expect(await lineWith('a failure in the middle')).toMatch(/^error/)
  })

  it('[3c.17] has its task cancelled some time after the client has left', async () => {
    const socket = await opened('/is_cancelled')
    socket.terminate()
    expect(await lineWith('was cancelled')).toBe('info: the socket was cancelled')
  })

  it('[3b.24] [3b.55] makes the app wait for a client that does not read', async () => {
    await using other = await serving('sockets:app')
    const socket = await opened('/flood', [], other)
    socket.pause()
    let count = -1
    await eventually(async () => {
      const before = count
      count = other.lines.length
      await new Promise((resolve) => setTimeout(resolve, 300))
      return before === count && count > 0
    })
    // Windows, and buffers of the system and of the client.
    expect(count * 65_536).toBeLessThan(32 * 1024 * 1024)
    socket.terminate()
    await eventually(() => other.app.stats().inFlight === 0)
  })

  it('[3b.55] makes a client wait for an app that does not receive', async () => {
    await using other = await serving('sockets:app')
    const socket = await opened('/deaf', [], other)
    await lineWith('deaf', other)
    const block = Buffer.alloc(65_536)
    for (let count = 0; count < 500; count += 1) socket.send(block)
    // 31 MiB: most of them stay with the client.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(socket.bufferedAmount).toBeGreaterThan(8 * 1024 * 1024)
    socket.terminate()
    await other.ask('/')
    await eventually(() => other.app.stats().inFlight === 0)
  })

  it('[3b.54] counts for the load, and ends with 1001 when the server closes', async () => {
    const other = await serving('sockets:app')
    const socket = await opened('/echo', [], other)
    expect(other.app.stats().inFlight).toBe(1)
    const closed = closeOf(socket)
    await other[Symbol.asyncDispose]()
    expect((await closed)[0]).toBe(1_001)
  })

  it('[3c.6] of a WSGI app is denied', async () => {
    await using other = await serving('wsgi_semantics:app')
    expect((await denialOf(connect('/', [], other)))[0]).toBe(403)
  })
})
