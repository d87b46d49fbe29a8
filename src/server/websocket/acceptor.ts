// Completes handshakes with the `ws` package: one WebSocketServer without a server of its own.

import { constants } from 'node:buffer'
import { WebSocketServer } from 'ws'
import { getListHeader } from '../../http/headers.ts'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ServerOptions, WebSocket } from 'ws'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../scope.ts'

/** A request to upgrade, as the engines hand it over. */
export interface UpgradeRequest {
  head: RequestHead
  socket: Socket
  /** What the client sent behind the head. */
  behind: Buffer
}

/** What the 101 says besides the handshake itself. */
interface AcceptAnswer {
  subprotocol: string | null
  headers: HeaderPairs
}

/** What of the WebSocket options concerns frames. */
interface AcceptorSettings {
  maxMessageBytes: number
  closeTimeoutMs: number
  deflate: boolean
}

/**
 * Writes the 101 and hands the WebSocket over, synchronously. When the socket turns out to be gone or the
 * offered extensions to be malformed, nothing is handed over and the socket closes.
 */
export type Acceptor = (
  upgrade: UpgradeRequest,
  answer: AcceptAnswer,
  onOpen: (socket: WebSocket) => void,
) => void

// Compression costs memory by the socket: no context is kept, small messages stay as they are (RFC 7692, 7.1.1).
const DEFLATE = {
  threshold: 1024,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: 10,
}

/** Makes the function that accepts; subprotocol and headers are given for each request. */
export function createAcceptor(settings: AcceptorSettings): Acceptor {
  const answers = new WeakMap<IncomingMessage, AcceptAnswer>()
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    // A text message becomes one string; and 0 would mean no limit.
    maxPayload: Math.min(Math.max(settings.maxMessageBytes, 1), constants.MAX_STRING_LENGTH),
    closeTimeout: settings.closeTimeoutMs,
    perMessageDeflate: settings.deflate && DEFLATE,
    handleProtocols: (_offered, request) => answers.get(request)?.subprotocol ?? false,
  }
  const server = new WebSocketServer(options)
  server.on('headers', (lines, request) => {
    for (const [name, value] of answers.get(request)?.headers ?? []) lines.push(`${name}: ${value}`)
  })

  return ({ head, socket, behind }, answer, onOpen) => {
    const request = asIncomingMessage(head)
    answers.set(request, answer)
    // Header values are latin-1; ws writes them in the socket's default encoding, its text frames too.
    socket.setDefaultEncoding('latin1')
    server.handleUpgrade(request, socket, behind, onOpen)
    socket.setDefaultEncoding('utf8')
    // The socket rests until its handshake is answered.
    socket.resume()
  }
}

const READ_BY_WS = [
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]

// All that ws reads of a request; there need not be a node:http behind the socket.
function asIncomingMessage({ method, headers }: RequestHead): IncomingMessage {
  const fields = READ_BY_WS.map((name) => [name, getListHeader(headers, name)] as const)
  return { method, headers: Object.fromEntries(fields) } as unknown as IncomingMessage
}
