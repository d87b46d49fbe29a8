// The answers that the server gives by itself, in plain text: refusals and failures.

import { STATUS_CODES } from 'node:http'
import { HttpExchange } from '../async/http-exchange.ts'
import { SocketResponse } from './socket-response.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { Identity, RequestFacts } from '../async/framing.ts'
import type {
  HeaderPairs,
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
} from '../contract/events.ts'

/** The facts of a request that frame its refusal. */
type RefusedRequest = Omit<RequestFacts, 'keepAlive'>

const UNREADABLE: RefusedRequest = { method: 'GET', httpVersion: '1.1', acceptsTrailers: false }

// The peer has this time to read the answer before the connection is cut.
const LINGER_MS = 2_000

/** A whole response in two events. The body is `text`, by default the reason phrase of `status`. */
export function plainResponse(
  status: number,
  text: string = STATUS_CODES[status] ?? 'Error',
): [HttpResponseStartEvent, HttpResponseBodyEvent] {
  const headers: HeaderPairs = [['content-type', 'text/plain; charset=utf-8']]
  if (status === 503) headers.push(['retry-after', '1'])
  return [
    { type: 'http.response.start', status, headers },
    { type: 'http.response.body', body: `${text}\n` },
  ]
}

/**
 * The parts of a refusal, which ends its connection. `request` is left out if its head could not be read. The body is `text`,
 * by default the reason phrase.
 */
export function refusal(
  status: number,
  identity: Identity,
  request: RefusedRequest = UNREADABLE,
  text?: string,
): ResponsePart[] {
  const { method, httpVersion, acceptsTrailers } = request
  const exchange = new HttpExchange(
    { method, httpVersion, acceptsTrailers, keepAlive: false },
    identity,
  )
  const commands = plainResponse(status, text).map((event) => exchange.accept(event))
  const parts = commands.flatMap((command) => (command.type === 'write' ? [command.part] : []))
  // RFC 9110, 15.5.22 and RFC 6455, 4.2.2: a 426 names the protocol and its version.
  if (status === 426)
    for (const { head } of parts) head?.headers.push(...upgradeFields(httpVersion))
  return parts
}

/** Answers `status` in plain text on `socket`, and ends the socket. */
export function refuse(
  socket: Socket,
  status: number,
  identity: Identity,
  answer: readonly ResponsePart[] = refusal(status, identity),
): void {
  socket.on('error', () => undefined)
  const response = new SocketResponse(socket, LINGER_MS)
  for (const part of answer) response.write(part)
}

const VERSION_13: HeaderPairs = [['sec-websocket-version', '13']]
const WEBSOCKET_13: HeaderPairs = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ...VERSION_13,
]

// RFC 9113, 8.6: HTTP/2 has no upgrade.
function upgradeFields(httpVersion: RefusedRequest['httpVersion']): HeaderPairs {
  return httpVersion === '2' ? VERSION_13 : WEBSOCKET_13
}
