// Both ends of a WebSocket through a proxy, by ws.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientOptions, ServerOptions } from 'ws'
import type { Place } from './case.ts'
import type { Script } from './upstream.ts'

const WAIT_MS = 30_000

/** An upstream that is a server of ws. `onSocket` gets each socket that is open. */
export function webSockets(
  onSocket: (socket: WebSocket) => void,
  options: ServerOptions = {},
): Script {
  const http = createServer()
  const server = new WebSocketServer({ server: http, ...options })
  server.on('connection', (socket) => {
    // A connection that dies is the subject of some cases.
    socket.on('error', () => {})
    onSocket(socket)
  })
  return ({ wire: { socket } }) => {
    socket.removeAllListeners('data')
    http.emit('connection', socket)
  }
}

/** Opens a WebSocket through the proxy. @throws Error with the refusal */
export async function openSocket(
  { webSocketUrl }: Place,
  options: ClientOptions = {},
  protocols: string[] = [],
): Promise<WebSocket> {
  const socket = new WebSocket(`${webSocketUrl}/ws`, protocols, {
    perMessageDeflate: false,
    handshakeTimeout: WAIT_MS,
    ...options,
  })
  await once(socket, 'open', { signal: AbortSignal.timeout(WAIT_MS) })
  socket.on('error', () => {})
  return socket
}

/** The next event of a socket, with its arguments. @throws Error if it does not come in time */
export async function next(
  socket: WebSocket,
  event: 'message' | 'close' | 'ping' | 'pong',
): Promise<unknown[]> {
  return (await once(socket, event, { signal: AbortSignal.timeout(WAIT_MS) })) as unknown[]
}

/** Code and reason of a close event. */
export function closing([code, reason]: unknown[]): string {
  const said = String(reason)
  return said === '' ? String(code) : `${String(code)} ${said}`
}
