// Connections that do nothing, to be weighed.

import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'

const OPEN_MS = 10_000

/** Open connections; the caller closes them. */
export interface Idle {
  close(): void
}

/** `count` keep-alive connections, each of which has had one answer. */
export async function idleConnections(url: string, count: number): Promise<Idle> {
  const { hostname, port, host } = new URL(url)
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname)
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      await once(socket, 'data', { signal: AbortSignal.timeout(OPEN_MS) })
      return socket.on('error', () => undefined).resume()
    }),
  )
  return {
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** `count` WebSockets, each of which has had one echo. */
export async function idleWebSockets(url: string, count: number): Promise<Idle> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: OPEN_MS })
      const signal = AbortSignal.timeout(OPEN_MS)
      await once(socket, 'open', { signal })
      socket.send('x')
      await once(socket, 'message', { signal })
      return socket.on('error', () => undefined)
    }),
  )
  return {
    close: () => {
      for (const socket of sockets) socket.terminate()
    },
  }
}
