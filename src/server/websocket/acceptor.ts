// Completes handshakes with the `ws` package: one WebSocketServer without a server of its own.

import { constants } from 'node:buffer'
import { WebSocketServer } from 'ws'
import { getListHeader } from '../../http/headers.ts'
import { LateFailureSocket } from './late-failure.ts'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ServerOptions } from 'ws'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../../http/request-head.ts'

/** A request to upgrade. The engine gives the socket away with it. */
export interface UpgradeRequest {
  head: RequestHead
  socket: Socket
  /** The bytes that arrived after the head. */
  firstBytes: Buffer
  /** Returns the function that takes the socket if the app denies the handshake with 404; undefined: the client gets the 404. */
  nextHandler?: () => (() => void) | undefined
}

/** The parts of the 101 besides the handshake itself. */
interface AcceptAnswer {
  subprotocol: string | null
  headers: HeaderPairs
}

/** The WebSocket options that concern frames. */
interface AcceptorSettings {
  maxMessageBytes: number
  maxFragments: number
  closeTimeoutMs: number
  deflate: boolean
}

/**
 * Writes the 101 and hands the WebSocket over, synchronously. If the socket is gone, or the client offers malformed
 * extensions, no WebSocket is handed over and the socket closes.
 */
export type Acceptor = (
  upgrade: UpgradeRequest,
  answer: AcceptAnswer,
  onOpen: (socket: LateFailureSocket) => void,
) => void

// Compression costs memory for each socket, so no context is kept, and small messages stay uncompressed (RFC 7692, 7.1.1).
const DEFLATE = {
  threshold: 1024,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: 10,
}

// A frame arrives in the chunks in which the socket was read, and ws joins them at its end. Each one costs memory and
// time, also if it has one byte. Segments of TCP are longer than 1 KiB.
const CHUNK_BYTES = 1024
const MIN_CHUNKS = 16_384

/** Options of ws that its types do not have. */
interface NewerOptions {
  closeTimeout: number
  maxFragments: number
  maxBufferedChunks: number
}

/** Makes the function that accepts. The caller gives subprotocol and headers for each request. */
export function createAcceptor(settings: AcceptorSettings): Acceptor {
  const answers = new WeakMap<IncomingMessage, AcceptAnswer>()
  const options: ServerOptions<typeof LateFailureSocket> & NewerOptions = {
    WebSocket: LateFailureSocket,
    noServer: true,
    clientTracking: false,
    // A text message becomes one string, whose length has a limit; ws takes 0 for no limit.
    maxPayload: Math.min(Math.max(settings.maxMessageBytes, 1), constants.MAX_STRING_LENGTH),
    maxFragments: settings.maxFragments,
    maxBufferedChunks: Math.max(MIN_CHUNKS, Math.ceil(settings.maxMessageBytes / CHUNK_BYTES)),
    closeTimeout: settings.closeTimeoutMs,
    perMessageDeflate: settings.deflate && DEFLATE,
    handleProtocols: (_offered, request) => answers.get(request)?.subprotocol ?? false,
  }
  const server = new WebSocketServer(options)
  server.on('headers', (lines, request) => {
    for (const [name, value] of answers.get(request)?.headers ?? []) lines.push(`${name}: ${value}`)
  })

  return ({ head, socket, firstBytes }, answer, onOpen) => {
    const request = asIncomingMessage(head)
    answers.set(request, answer)
    // Header values are latin-1; ws writes them in the socket's default encoding, its text frames too.
    socket.setDefaultEncoding('latin1')
    server.handleUpgrade(request, socket, firstBytes, onOpen)
    socket.setDefaultEncoding('utf8')
    // The socket was paused until this answer.
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

// ws reads no other parts of a request, so that an engine without node:http can hand one over.
function asIncomingMessage({ method, headers }: RequestHead): IncomingMessage {
  const fields = READ_BY_WS.map((name) => [name, getListHeader(headers, name)] as const)
  return { method, headers: Object.fromEntries(fields) } as unknown as IncomingMessage
}
