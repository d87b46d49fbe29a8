// WebSockets through remote(): a client of ws, isthmus, and a server of ws.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { deadPort, until } from './upstream.ts'
import { served, soon } from '../../raw/served.ts'
import { remote } from 'isthmus/adapters'
import type { IncomingMessage } from 'node:http'
import type { ServerOptions, WebSocket as Socket } from 'ws'
import type { RemoteOptions } from 'isthmus/adapters'
import type { Served } from '../../raw/served.ts'

interface Target extends AsyncDisposable {
  url: string
  sockets: Socket[]
  requests: IncomingMessage[]
}

async function target(
  onSocket: (socket: Socket) => void = () => undefined,
  options: ServerOptions = {},
): Promise<Target> {
  const http = createServer((_request, response) => response.writeHead(404).end())
  const server = new WebSocketServer({ server: http, ...options })
  const sockets: Socket[] = []
  const requests: IncomingMessage[] = []
  server.on('connection', (socket, request) => {
    sockets.push(socket)
    requests.push(request)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function fronted(targets: string | string[], options: RemoteOptions = {}): Promise<Served> {
  return served(remote(targets, options), { lifespan: 'auto' })
}

function clientOf({ server }: Served, path = '/', ...rest: [string[]?, object?]): WebSocket {
  const [protocols = [], options = {}] = rest
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, protocols, {
    ...options,
    handshakeTimeout: 8_000,
  })
  socket.on('error', () => undefined)
  return socket
}

const next = async (socket: WebSocket): Promise<[Buffer, boolean]> =>
  (await soon(once(socket, 'message'), 'a message')) as [Buffer, boolean]
const closed = async (socket: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await soon(once(socket, 'close'), 'the close')) as [number, Buffer]
  return [code, reason.toString()]
}
const echo = (socket: Socket): void =>
  void socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))

describe('messages', () => {
  it('pass in both directions, text as text and bytes as bytes', async () => {
    await using up = await target(echo)
    await using front = await fronted(up.url)
    const client = clientOf(front)
    await once(client, 'open')
    client.send('héllo')
    expect((await next(client)).map(String)).toEqual(['héllo', 'false'])
    client.send(Buffer.from([0, 255, 1]))
    const [bytes, isBinary] = await next(client)
    expect([[...bytes], isBinary]).toEqual([[0, 255, 1], true])
    client.close()
    await closed(client)
  })

  it('that the target sends at once reach the client in order', async () => {
    await using up = await target((socket) => {
      for (let at = 0; at < 100; at += 1) socket.send(String(at))
      socket.close(4_000, 'done')
    })
    await using front = await fronted(up.url)
    const client = clientOf(front)
    const got: string[] = []
    client.on('message', (data: Buffer) => got.push(data.toString()))
    expect(await closed(client)).toEqual([4_000, 'done'])
    expect(got).toEqual(Array.from({ length: 100 }, (_, at) => String(at)))
  })

  it('wait for a client that does not read, and so does the target', async () => {
    const chunk = Buffer.alloc(256 * 1024)
    let sent = 0
    await using up = await target((socket) => {
      const more = (): void =>
        socket.send(chunk, () => {
          sent += 1
          if (sent < 400) more()
        })
      more()
    })
    await using front = await fronted(up.url)
    const client = clientOf(front)
    await once(client, 'open')
    client.pause()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = sent
    expect(before).toBeLessThan(200)
    client.resume()
    await until(() => sent === 400, 'the rest')
    client.terminate()
  })

  it('for a target that never reads keep no exchange of a client that has left', async () => {
    await using up = await target((socket) => socket.pause())
    const app = remote(up.url)
    await using front = await served(app, { lifespan: 'auto' })
    const client = clientOf(front)
    await soon(once(client, 'open'), 'the open')
    for (let count = 0; count < 256; count += 1) client.send(Buffer.alloc(64 * 1024))
    await until(() => client.bufferedAmount > 0, 'the pause')
    client.terminate()
    await until(() => app.stats().targets[0]?.inFlight === 0, 'the end')
    expect(app.stats().targets[0]?.completed).toBe(1)
  })

  it('of a target beyond maxMessageBytes end the WebSocket', async () => {
    await using up = await target((socket) => socket.send('x'.repeat(100)))
    await using front = await fronted(up.url, { maxMessageBytes: 50 })
    expect((await closed(clientOf(front)))[0]).toBe(1014)
    await until(() => front.lines.some((line) => line.startsWith('warn')), 'the line of the log')
  })
})

describe('the handshake', () => {
  it('passes the path, the fields of the client and its subprotocols, and the choice comes back', async () => {
    await using up = await target(undefined, { handleProtocols: () => 'two' })
    await using front = await fronted(up.url)
    const options = {
      headers: { cookie: 'a=b', authorization: 'x y', 'x-forwarded-for': '6.6.6.6' },
      origin: 'http://a.example',
    }
    const client = clientOf(front, '/a%2Fb//c?x=%20', ['one', 'two'], options)
    await once(client, 'open')
    expect(client.protocol).toBe('two')
    const { url, headers } = up.requests[0]!
    expect(url).toBe('/a%2Fb//c?x=%20')
    expect(headers).toMatchObject({
      cookie: 'a=b',
      authorization: 'x y',
      origin: 'http://a.example',
      'sec-websocket-protocol': 'one, two',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    })
    expect(headers['sec-websocket-extensions']).toBeUndefined()
    client.terminate()
  })

  it('that the target denies is denied with the same response', async () => {
    await using up = await target()
    const http = createServer()
    http.on('upgrade', (_request, socket) =>
      socket.end(
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nno!\n',
      ),
    )
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as { port: number }
    await using front = await fronted(`http://127.0.0.1:${port}`)
    const client = clientOf(front)
    const [, response] = (await soon(once(client, 'unexpected-response'), 'the denial')) as [
      unknown,
      IncomingMessage,
    ]
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toBe('Basic')
    let body = ''
    for await (const chunk of response) body += String(chunk)
    expect(body).toBe('no!\n')
    await new Promise((resolve) => http.close(resolve))
    expect(up.sockets).toEqual([])
  })

  it('goes to another target if the first accepts no connection', async () => {
    await using up = await target(echo)
    const dead = `http://127.0.0.1:${await deadPort()}`
    await using front = await fronted([dead, up.url], { balance: 'round-robin' })
    const client = clientOf(front)
    await once(client, 'open')
    client.send('hi')
    expect(String((await next(client))[0])).toBe('hi')
    client.terminate()
  })

  it('gets 502 if no target accepts a connection', async () => {
    await using front = await fronted(`http://127.0.0.1:${await deadPort()}`)
    const client = clientOf(front)
    const [, response] = (await soon(once(client, 'unexpected-response'), 'the answer')) as [
      unknown,
      IncomingMessage,
    ]
    expect(response.statusCode).toBe(502)
    response.resume()
  })

  it('ends at the target when the client leaves before its answer', async () => {
    let isClosed = false
    const http = createServer()
    http.on('upgrade', (_request, socket) =>
      socket.on('end', () => (isClosed = Boolean(socket.destroy()))).resume(),
    )
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as { port: number }
    await using front = await fronted(`http://127.0.0.1:${port}`)
    const client = clientOf(front)
    await new Promise((resolve) => setTimeout(resolve, 300))
    client.terminate()
    await until(() => isClosed, 'the end of the connection')
    expect(isClosed).toBe(true)
    await new Promise((resolve) => http.close(resolve))
  })
})

describe('the close', () => {
  it.each<[number | undefined, string, number]>([
    [1000, 'bye', 1000],
    [4321, 'own', 4321],
    [undefined, '', 1005],
  ])('with %s of the client reaches the target', async (code, reason, seen) => {
    await using up = await target()
    await using front = await fronted(up.url)
    const client = clientOf(front)
    await once(client, 'open')
    const end = closed(up.sockets[0]!)
    client.close(code, reason)
    expect(await end).toEqual([seen, reason])
  })

  it.each<[number | undefined, string, number]>([
    [1000, 'bye', 1000],
    [1012, 'restart', 1012],
    [undefined, '', 1000],
  ])('with %s of the target reaches the client', async (code, reason, seen) => {
    await using up = await target((socket) => socket.close(code, reason))
    await using front = await fronted(up.url)
    expect(await closed(clientOf(front))).toEqual([seen, reason])
  })

  it('of a target that breaks is 1014 for the client, and a line of the log', async () => {
    await using up = await target((socket) => setTimeout(() => socket.terminate(), 50))
    await using front = await fronted(up.url)
    expect(await closed(clientOf(front))).toEqual([1014, ''])
    await until(() => front.lines.join().includes('broke'), 'the line of the log')
  })

  it('of a client that breaks breaks the connection to the target', async () => {
    await using up = await target()
    await using front = await fronted(up.url)
    const client = clientOf(front)
    await once(client, 'open')
    const end = closed(up.sockets[0]!)
    client.terminate()
    expect((await end)[0]).toBe(1006)
  })

  it('comes with 1001 to both sides when the server shuts down', async () => {
    await using up = await target()
    const front = await fronted(up.url)
    const client = clientOf(front)
    await once(client, 'open')
    const ends = [closed(client), closed(up.sockets[0]!)]
    await front.server.close()
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([1001, 1001])
  })
})
