// What the engine answers by itself, before there is an exchange: a whole response that ends its connection.

import { HttpExchange } from '../async/exchange.ts'
import { plainResponse } from './plain-response.ts'
import { SocketResponse } from './socket-response.ts'
import type { Socket } from 'node:net'
import type { Identity } from '../async/framing.ts'

const FACTS = {
  method: 'GET',
  httpVersion: '1.1',
  keepAlive: false,
  acceptsTrailers: false,
} as const

// What the peer gets to read the answer before the connection is cut.
const LINGER_MS = 2_000

/** Answers `status` in plain text on `socket`, and ends it. */
export function refuse(socket: Socket, status: number, identity: Identity): void {
  socket.on('error', () => undefined)
  const exchange = new HttpExchange(FACTS, identity)
  const response = new SocketResponse(socket, LINGER_MS)
  for (const event of plainResponse(status)) {
    const command = exchange.accept(event)
    if (command.type !== 'write') continue
    // RFC 9110, 15.5.22 and RFC 6455, 4.2.2: what to upgrade to, and in which version.
    if (status === 426) command.part.head?.headers.push(...WEBSOCKET_13)
    response.write(command.part)
  }
}

const WEBSOCKET_13: Array<[string, string]> = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
]
