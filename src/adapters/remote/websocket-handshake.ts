// The opening handshake with a target, by the client of ws.

import { WebSocket } from 'ws'
import { connectorTo } from './connection.ts'
import { requestFields } from './request-fields.ts'
import { requestPath } from './request-path.ts'
import { responseHead } from './response-head.ts'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderPairs, WebSocketScope } from '../../contract/events.ts'
import type { RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

/** The answer of a target. */
export type HandshakeResult =
  | { type: 'open'; socket: WebSocket; subprotocol: string | null; headers: HeaderPairs }
  | { type: 'denied'; response: IncomingMessage }

/**
 * Opens a WebSocket to a target. Rejects with the error of the connection; its `wasSent` says whether the target may
 * have got the request.
 */
export function handshake(
  address: TargetAddress,
  scope: WebSocketScope,
  settings: RemoteSettings,
  signal: AbortSignal,
): Promise<HandshakeResult> {
  const connection = { wasSent: false }
  const socket = new WebSocket(address.origin.replace(/^http/, 'ws'), {
    perMessageDeflate: false,
    maxPayload: settings.maxMessageBytes,
    handshakeTimeout: settings.headTimeoutMs,
    headers: headersOf(scope, address, settings),
    createConnection: connecting(address, settings, connection) as never,
    // The path as the client sent it: a URL would change its dots and escapes.
    finishRequest: (request: ClientRequest) => {
      request.path = requestPath(scope, settings)
      request.end()
    },
  })
  return answerOf(socket, signal).catch((error: Error) => {
    throw Object.assign(error, { wasSent: connection.wasSent })
  })
}

function answerOf(socket: WebSocket, signal: AbortSignal): Promise<HandshakeResult> {
  const leave = (): void => socket.terminate()
  signal.addEventListener('abort', leave, { once: true })
  const answer = new Promise<HandshakeResult>((resolve, reject) => {
    let upgrade: IncomingMessage | undefined
    let subprotocol: string | null = null
    socket.on('upgrade', (response) => {
      upgrade = response
      // ws would fail without the subprotocol that it asked for. A client may accept that, so it decides.
      subprotocol = response.headers['sec-websocket-protocol'] ?? null
      delete response.headers['sec-websocket-protocol']
    })
    socket.on('open', () => {
      // Until the relay listens, no message may come.
      socket.pause()
      const headers = acceptHeaders(upgrade?.rawHeaders ?? [])
      resolve({ type: 'open', socket, subprotocol, headers })
    })
    socket.on('unexpected-response', (_request, response) => resolve({ type: 'denied', response }))
    socket.on('error', reject)
  })
  if (signal.aborted) leave()
  return answer.finally(() => signal.removeEventListener('abort', leave))
}

function headersOf(
  scope: WebSocketScope,
  address: TargetAddress,
  settings: RemoteSettings,
): Record<string, string[]> {
  const fields = requestFields(scope, address.host, settings)
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!
    if (name.startsWith('sec-websocket-')) continue
    headers[name] ??= []
    headers[name].push(fields[at + 1]!)
  }
  // Not as an argument of the WebSocket, which would then insist on an answer.
  if (scope.subprotocols.length > 0) {
    headers['sec-websocket-protocol'] = [scope.subprotocols.join(', ')]
  }
  return headers
}

type Connected = (error: Error | null, socket?: Duplex) => void

function connecting(
  address: TargetAddress,
  settings: RemoteSettings,
  connection: { wasSent: boolean },
): (options: unknown, callback: Connected) => void {
  const connector = connectorTo(address, settings)
  const { hostname, port, protocol } = new URL(address.origin)
  return (_options, callback) =>
    connector({ hostname: hostname.replace(/^\[|\]$/g, ''), port, protocol }, (error, socket) => {
      if (!socket) return callback(error)
      connection.wasSent = true
      callback(null, socket)
    })
}

function acceptHeaders(raw: readonly string[]): HeaderPairs {
  const { headers } = responseHead(raw)
  return headers.filter(
    ([name]) => !name.startsWith('sec-websocket-') && name !== 'content-length' && name !== 'date',
  )
}
