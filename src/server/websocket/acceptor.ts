// Answers handshakes with 101, and gives sockets to the package `ws`.

import { createHash } from 'node:crypto'
import { constants } from 'node:buffer'
import { WebSocketServer } from 'ws'
import { getListHeader } from '../../http/headers.ts'
import { LateFailureSocket } from './late-failure.ts'
import { SharedCompression } from './shared-compression.ts'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Server, ServerOptions } from 'ws'
import type { ResponsePart } from '../../async/http-exchange.ts'
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
  /** The answer to a handshake that is not one of HTTP/1.1. */
  answer?: HandshakeAnswer
}

/** The response that denies a handshake. */
export interface Denial {
  /** Writes head, chunk and end, each if it is there. False: wait for the drain of the socket. */
  write(part: ResponsePart): boolean
}

/** Answers a handshake in the way of its protocol. */
export interface HandshakeAnswer extends Denial {
  /** As that of the transport. The stream is a WebSocket from then on. */
  accept(subprotocol: string | null, headers: HeaderPairs): boolean
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

// RFC 6455, 1.3.
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Options of ws that its types do not have. */
interface NewerOptions {
  closeTimeout: number
  maxFragments: number
  maxBufferedChunks: number
}

type Options = ServerOptions<typeof LateFailureSocket> & NewerOptions

/** The method by which a server of `ws` gives a socket to a WebSocket. Its types do not have it. */
interface Adopting {
  setSocket?: (socket: Socket, firstBytes: Buffer, options: object) => void
}

// The types have the constructor of a client only.
const OwnSide = LateFailureSocket as unknown as new (
  address: null,
  protocols: undefined,
  options: object,
) => LateFailureSocket

/** Answers the handshakes of one server. The caller gives subprotocol and headers for each one. */
export class Acceptor {
  readonly #answers = new WeakMap<IncomingMessage, AcceptAnswer>()
  readonly #options: Options
  readonly #server: Server<typeof LateFailureSocket>
  readonly #negotiates: boolean
  readonly #compression = new SharedCompression()

  constructor(settings: AcceptorSettings) {
    this.#negotiates = settings.deflate
    this.#options = {
      WebSocket: LateFailureSocket,
      noServer: true,
      clientTracking: false,
      autoPong: true,
      allowSynchronousEvents: true,
      // A text message becomes one string, whose length has a limit; ws takes 0 for no limit.
      maxPayload: Math.min(Math.max(settings.maxMessageBytes, 1), constants.MAX_STRING_LENGTH),
      maxFragments: settings.maxFragments,
      maxBufferedChunks: Math.max(MIN_CHUNKS, Math.ceil(settings.maxMessageBytes / CHUNK_BYTES)),
      closeTimeout: settings.closeTimeoutMs,
      perMessageDeflate: settings.deflate && DEFLATE,
      handleProtocols: (_offered, request) => this.#answers.get(request)?.subprotocol ?? false,
    }
    this.#server = new WebSocketServer(this.#options)
    this.#server.on('headers', (lines, request) => {
      for (const [name, value] of this.#answers.get(request)?.headers ?? []) {
        lines.push(`${name}: ${value}`)
      }
    })
  }

  /**
   * Writes the 101, and puts the first bytes back into the socket, which stays paused. False: the socket is gone, or the
   * client offers malformed extensions, and the socket closes.
   *
   * @param onFrames called at once if `ws` has the socket from the beginning. Else the caller may give the socket to `ws`
   *   later, by {@link adopt}.
   */
  accept(
    upgrade: UpgradeRequest,
    answer: AcceptAnswer,
    onFrames: (frames: LateFailureSocket) => void,
  ): boolean {
    const { socket, head, firstBytes } = upgrade
    if (upgrade.answer) return upgrade.answer.accept(answer.subprotocol, answer.headers)
    const offer = this.#negotiates && getListHeader(head.headers, 'sec-websocket-extensions')
    if (typeof offer === 'string' || !canAdopt()) return this.#negotiate(upgrade, answer, onFrames)
    if (!socket.readable || !socket.writable) {
      socket.destroy()
      return false
    }
    socket.write(switching(head, answer), 'latin1')
    socket.setTimeout(0)
    socket.setNoDelay()
    if (firstBytes.length > 0) socket.unshift(firstBytes)
    return true
  }

  /** Gives an accepted socket to `ws`, which reads `rest` first. The socket is paused. */
  adopt(socket: Socket, rest: Buffer): LateFailureSocket {
    const options = this.#options
    const frames = new OwnSide(null, undefined, options) as LateFailureSocket & Adopting
    frames.setSocket?.(socket, rest, options)
    return frames
  }

  #negotiate(
    { head, socket, firstBytes }: UpgradeRequest,
    answer: AcceptAnswer,
    onFrames: (frames: LateFailureSocket) => void,
  ): boolean {
    let isOpen = false
    const request = asIncomingMessage(head)
    this.#answers.set(request, answer)
    // Header values are latin-1; ws writes them in the socket's default encoding, its text frames too.
    socket.setDefaultEncoding('latin1')
    this.#server.handleUpgrade(request, socket, firstBytes, (frames) => {
      isOpen = true
      this.#compression.join(frames)
      onFrames(frames)
    })
    socket.setDefaultEncoding('utf8')
    return isOpen
  }
}

// The method is not documented. In a version of `ws` without it, `ws` has each socket from the beginning.
function canAdopt(): boolean {
  return typeof (LateFailureSocket.prototype as Adopting).setSocket === 'function'
}

/** The head of the 101. @see RFC 6455, 4.2.2 */
function switching({ headers }: RequestHead, answer: AcceptAnswer): string {
  const key = getListHeader(headers, 'sec-websocket-key') ?? ''
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  let text = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`
  if (answer.subprotocol !== null) text += `Sec-WebSocket-Protocol: ${answer.subprotocol}\r\n`
  for (const [name, value] of answer.headers) text += `${name}: ${value}\r\n`
  return `${text}\r\n`
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
