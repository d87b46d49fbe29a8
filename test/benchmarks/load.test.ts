// The load of the benchmarks: it counts answers, and fails if a request fails.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { besideClients } from '../../benchmarks/loads/clients.ts'
import { echoes } from '../../benchmarks/loads/echoes.ts'
import { ping } from '../../benchmarks/loads/pings.ts'
import { steadily } from '../../benchmarks/loads/steady.ts'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WebSocket } from 'ws'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

const hello: RequestListener = (_request, response) => response.end('Hello, world\n')
const never = (): Promise<never> => new Promise(() => {})

async function listen(
  answer: RequestListener,
  onSocket?: (socket: WebSocket) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  if (onSocket) new WebSocketServer({ server }).on('connection', onSocket)
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('besideClients', () => {
  it(
    'keeps every client on one connection and counts its answers',
    { timeout: 60_000 },
    async () => {
      const ports = new Set<number | undefined>()
      let requests = 0
      const host = await listen((request, response) => {
        ports.add(request.socket.remotePort)
        requests += 1
        response.end('Hello, world\n')
      })

      const answered = await besideClients(`http://${host}/`, 2, async (load) => {
        while (load.answered < 20) await new Promise(setImmediate)
        return load.answered
      })

      expect(ports.size).toBe(2)
      expect(answered).toBeGreaterThanOrEqual(20)
      expect(answered).toBeLessThanOrEqual(requests)
    },
  )

  it('fails when a client is not answered with 200', { timeout: 5_000 }, async () => {
    const host = await listen((_request, response) => response.writeHead(503).end('Hello, world\n'))
    const run = besideClients(`http://${host}/`, 1, never)
    await expect(run).rejects.toThrow('a client was answered "HTTP/1.1 503 Service Unavailable"')
  })

  it('fails when the server hangs up', { timeout: 5_000 }, async () => {
    const host = await listen((request) => request.socket.end())
    await expect(besideClients(`http://${host}/`, 1, never)).rejects.toThrow('hung up on a client')
  })
})

describe('ping', () => {
  it(
    'goes on sending while no echo comes back, and has a round trip for every message',
    { timeout: 60_000 },
    async () => {
      const held: Array<() => void> = []
      let received = 0
      const host = await listen(hello, (socket) => {
        socket.on('message', (data, isBinary) => {
          received += 1
          held.push(() => socket.send(data, { binary: isBinary }))
          if (received >= 3) for (const echo of held.splice(0)) echo()
        })
      })

      const tripsMs = await ping(`ws://${host}/`, 200)

      expect(tripsMs.length).toBe(received)
    },
  )

  it('fails when the echo goes away', { timeout: 5_000 }, async () => {
    const host = await listen(hello, (socket) => socket.on('message', () => socket.close(1011)))
    await expect(ping(`ws://${host}/`, 60_000)).rejects.toThrow('the echo was closed with 1011')
  })

  it('fails when there is no echo to be had', { timeout: 5_000 }, async () => {
    const host = await listen(hello)
    await expect(ping(`ws://${host}/`, 60_000)).rejects.toThrow('Unexpected server response: 200')
  })
})

describe('echoes', () => {
  it('keeps as many messages in flight as it is told', { timeout: 5_000 }, async () => {
    const held: Array<() => void> = []
    let most = 0
    const host = await listen(hello, (socket) => {
      socket.on('message', (data, isBinary) => {
        held.push(() => socket.send(data, { binary: isBinary }))
        most = Math.max(most, held.length)
        if (held.length === 3) for (const echo of held.splice(0)) echo()
        else setTimeout(() => held.shift()?.(), 100)
      })
    })

    const { messages, tripsMs } = await echoes(`ws://${host}/`, 3, 100)

    expect(most).toBe(3)
    expect(messages).toBeGreaterThanOrEqual(3)
    expect(tripsMs.length).toBe(messages)
  })

  it('fails when the echo goes away', { timeout: 5_000 }, async () => {
    const host = await listen(hello, (socket) => socket.on('message', () => socket.close(1011)))
    await expect(echoes(`ws://${host}/`, 1, 60_000)).rejects.toThrow('closed with 1011')
  })
})

describe('steadily', () => {
  it(
    'asks on while nothing is answered, and counts the wait from when a request was due',
    { timeout: 60_000 },
    async () => {
      const held: Array<() => void> = []
      const host = await listen((_request, response) => {
        held.push(() => response.end('Hello, world\n'))
        if (held.length >= 10) for (const answer of held.splice(0)) answer()
      })

      const { answeredMs, refused } = await steadily(`http://${host}/`, 100, 100)

      expect(answeredMs.length).toBe(10)
      expect(Math.max(...answeredMs)).toBeGreaterThan(50)
      expect(refused).toBe(0)
    },
  )

  it('counts 503 as refused, and anything else as a failure', { timeout: 5_000 }, async () => {
    const refusing = await listen((_request, response) => response.writeHead(503).end())
    expect((await steadily(`http://${refusing}/`, 100, 50)).refused).toBeGreaterThan(0)

    const broken = await listen((_request, response) => response.writeHead(500).end())
    await expect(steadily(`http://${broken}/`, 100, 50)).rejects.toThrow('answered with 500')
  })
})
