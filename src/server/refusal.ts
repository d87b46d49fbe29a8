// What the server answers by itself, before an app has a say: a whole response that ends its connection.

import { HttpExchange } from '../async/http-exchange.ts'
import { plainResponse } from './plain-response.ts'
import { SocketResponse } from './socket-response.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { Identity, RequestFacts } from '../async/framing.ts'

const UNKNOWN: Omit<RequestFacts, 'keepAlive'> = {
  method: 'GET',
  httpVersion: '1.1',
  acceptsTrailers: false,
}

// What the peer gets to read the answer before the connection is cut.
const LINGER_MS = 2_000

/** The parts of an answer in plain text; `facts` are those of the request, if there is one that could be read. */
export function refusal(
  status: number,
  identity: Identity,
  facts: Omit<RequestFacts, 'keepAlive'> = UNKNOWN,
): ResponsePart[] {
  const exchange = new HttpExchange({ ...facts, keepAlive: false }, identity)
  const commands = plainResponse(status).map((event) => exchange.accept(event))
  const parts = commands.flatMap((command) => (command.type === 'write' ? [command.part] : []))
  // RFC 9110, 15.5.22 and RFC 6455, 4.2.2: what to upgrade to, and in which version.
  if (status === 426) for (const { head } of parts) head?.headers.push(...WEBSOCKET_13)
  return parts
}

/** Answers `status` in plain text on `socket`, and ends it. */
export function refuse(socket: Socket, status: number, identity: Identity): void {
  socket.on('error', () => undefined)
  const response = new SocketResponse(socket, LINGER_MS)
  for (const part of refusal(status, identity)) response.write(part)
}

const WEBSOCKET_13: Array<[string, string]> = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
]
