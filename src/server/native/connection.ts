// One connection of the native engine: its requests one at a time and in order, its timers, and its end.

import { PeerFault } from '../../errors.ts'
import { listHasToken } from '../../headers.ts'
import { NOBODY } from '../nobody.ts'
import { refusal } from '../refusal.ts'
import { bodyDecoder } from './body-decoder.ts'
import { HeadParser } from './head-parser.ts'
import { ResponseWriter } from './response-writer.ts'
import { Timer } from './timer-wheel.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { CycleRequest } from '../cycle-request.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { RequestHead } from '../scope.ts'
import type { HttpEvents, HttpTransport } from '../transport.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { BodyDecoder } from './body-decoder.ts'
import type { ParsedHead } from './request-head.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** What all connections of an engine share. */
export interface ConnectionTools {
  dispatcher: Dispatcher
  webSockets: WebSockets
  wheel: TimerWheel
  settings: Settings
}

/**
 * What the next bytes are: a request's `head`, its `body`, the `rest` of a body behind its response, the requests
 * that wait `behind` one whose response is under way, or `nothing` any more.
 */
type Reading = 'head' | 'body' | 'rest' | 'behind' | 'nothing'

const EMPTY = Buffer.alloc(0)
// What may wait behind a request whose response is under way; then the client gets no further ahead.
const MAX_BEHIND_BYTES = 64 * 1024
// What is read and dropped, so that the client gets to see the response: closing a socket with unread bytes resets
// it, and the response with it (RFC 9112, 9.6). No further, so that nobody can make us read for ever.
const MAX_REST_BYTES = 1024 * 1024
const REST_MS = 5_000
const LINGER_MS = 2_000
// A client that has ended its side may still read; one that has left takes nothing.
const HALF_CLOSED_MS = 200

/** Owns one socket, and closes it in every case. */
export class NativeConnection implements HttpTransport {
  /** It speaks WebSocket now. */
  upgraded = false
  readonly #socket: Socket
  readonly #tools: ConnectionTools
  readonly #parser: HeadParser
  readonly #writer: ResponseWriter
  readonly #readTimer: Timer
  readonly #writeTimer: Timer
  readonly #peer: Pick<RequestHead, 'client' | 'server' | 'secure'>
  #reading: Reading = 'head'
  #inbox: Buffer = EMPTY
  #at = 0
  #decoder: BodyDecoder | undefined
  #events: HttpEvents = NOBODY
  #responding = false
  #advancing = false
  #paused = false
  #bodyWanted = false
  #headBegun = false
  #peerEnded = false
  #headSent = false
  #closesBehind = false
  #isLast = false
  #endsBody = false
  #droppedBytes = 0

  constructor(socket: Socket, tools: ConnectionTools) {
    const { settings, wheel } = tools
    this.#socket = socket
    this.#tools = tools
    this.#parser = new HeadParser(settings)
    this.#writer = new ResponseWriter(socket)
    this.#readTimer = new Timer(wheel, () => this.#onReadTimeout())
    this.#writeTimer = new Timer(wheel, () => this.cut())
    this.#peer = peerOf(socket, settings.uds)
    this.#readTimer.arm(settings.headTimeoutMs)
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    // The close that follows says it.
    socket.on('error', () => undefined)
    socket.once('close', () => this.#onClose())
  }

  // --- what the exchange asks for ---

  continue(): void {
    this.#writer.interim(100, [])
  }

  earlyHint(headers: HeaderPairs): void {
    this.#writer.interim(103, headers)
  }

  write(part: ResponsePart): boolean {
    if (part.head !== null) {
      this.#headSent = true
      this.#closesBehind = !part.head.keepAlive
      this.#endsBody = part.head.delimiter === 'connection'
    }
    this.#writer.write(part)
    const { blocked } = this.#writer
    if (blocked) this.#writeTimer.arm(this.#tools.settings.writeTimeoutMs)
    if (this.#peerEnded) this.#readTimer.arm(HALF_CLOSED_MS)
    if (part.end) this.#onResponded()
    return !blocked
  }

  resume(): void {
    this.#bodyWanted = true
    this.#advance()
  }

  pause(): void {
    this.#bodyWanted = false
  }

  destroy(): void {
    if (!this.#endsBody) return void this.#socket.destroy()
    // Only the end of the connection ends the body: a clean end would make a torso look whole. So would a reset close
    // behind the last bytes to clients on libuv, which report what they find in the same turn as an end.
    this.#stopReading()
    this.#readTimer.arm(0)
  }

  // --- what the engine asks for ---

  /** Closes behind the response under way, at once if there is none. */
  closeWhenIdle(): void {
    this.#isLast = true
    this.#closeIfIdle()
  }

  /** Cuts the connection: a response under way ends in a reset, which nobody takes for its end. */
  cut(): void {
    if (this.#responding) this.#reset()
    else this.#socket.destroy()
  }

  // --- what comes from the socket ---

  readonly #onData = (bytes: Buffer): void => {
    if (this.#reading === 'nothing') return this.#drop(bytes.length)
    const isEmpty = this.#at === this.#inbox.length
    this.#inbox = isEmpty ? bytes : Buffer.concat([this.#inbox.subarray(this.#at), bytes])
    this.#at = 0
    this.#advance()
  }

  readonly #onDrain = (): void => {
    this.#writer.onDrain()
    // What was taken is a sign of life.
    if (this.#writer.blocked) return this.#writeTimer.arm(this.#tools.settings.writeTimeoutMs)
    this.#writeTimer.disarm()
    this.#events.onDrain()
    this.#advance()
  }

  readonly #onEnd = (): void => {
    this.#peerEnded = true
    if (this.#responding) this.#readTimer.arm(HALF_CLOSED_MS)
    this.#advance()
  }

  #onClose(): void {
    this.#readTimer.cancel()
    this.#writeTimer.cancel()
    this.#reading = 'nothing'
    const events = this.#events
    this.#events = NOBODY
    events.onDisconnect()
  }

  #onReadTimeout(): void {
    if (this.#reading !== 'head') return this.cut()
    if (this.#headBegun) this.#refuse(408)
    else this.#closeIdle()
  }

  // --- requests, one at a time ---

  // Not into itself: what a step calls may come back here, and the loop goes on with what that left.
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    while (this.#step());
    this.#advancing = false
    this.#closeIfIdle()
    this.#throttle()
  }

  #step(): boolean {
    switch (this.#reading) {
      case 'head':
        return this.#readHead()
      case 'body':
        return this.#bodyWanted && this.#readBody()
      case 'rest':
        return this.#readBody()
      default:
        return false
    }
  }

  #readHead(): boolean {
    // A client that does not read its responses gets no further ones.
    if (this.#at === this.#inbox.length || this.#writer.blocked) return false
    try {
      const end = this.#parser.parse(this.#inbox, this.#at)
      if (end < 0) return this.#awaitHead()
      this.#at = end
      this.#readTimer.disarm()
      this.#serve(this.#parser.head)
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error
      this.#refuse(error.status)
    }
    return true
  }

  #awaitHead(): boolean {
    this.#at = this.#inbox.length
    if (!this.#headBegun) this.#readTimer.arm(this.#tools.settings.headTimeoutMs)
    this.#headBegun = true
    return false
  }

  #serve(head: ParsedHead): void {
    const hasBody = head.chunked || (head.contentLength ?? 0) > 0
    const request = this.#request(head, hasBody)
    if (head.upgrade !== null && listHasToken(head.upgrade, 'websocket')) {
      return this.#upgrade(request)
    }

    this.#decoder = hasBody ? bodyDecoder(head, this.#tools.settings) : undefined
    this.#reading = hasBody ? 'body' : 'behind'
    this.#bodyWanted = false
    this.#responding = true
    this.#headSent = false
    const events = this.#tools.dispatcher.http(request, request, this)
    // It may be answered already.
    if (this.#responding) this.#events = events
  }

  // Field by field: a spread costs more than all else that is done for a request.
  #request(head: ParsedHead, hasBody: boolean): RequestHead & CycleRequest {
    const { client, server, secure } = this.#peer
    return {
      method: head.method,
      target: head.target,
      httpVersion: head.httpVersion,
      headers: head.headers,
      client,
      server,
      secure,
      keepAlive: head.keepAlive,
      acceptsTrailers: head.acceptsTrailers,
      expectsContinue: head.expectsContinue,
      hasBody,
      contentLength: head.contentLength,
    }
  }

  #readBody(): boolean {
    const decoder = this.#decoder as BodyDecoder
    if (this.#at === this.#inbox.length) {
      if (this.#peerEnded) this.#socket.destroy()
      return false
    }
    try {
      const from = this.#at
      this.#at = decoder.decode(this.#inbox, from, this.#onBody)
      if (this.#reading === 'rest') this.#drop(this.#at - from)
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error
      this.#onBadBody(error.status)
      return false
    }
    if (decoder.done) this.#onBodyEnd()
    return true
  }

  readonly #onBody = (bytes: Uint8Array): void => {
    this.#events.onBody(bytes)
  }

  #onBodyEnd(): void {
    if (this.#reading === 'rest') return this.#next()
    this.#reading = 'behind'
    this.#events.onBodyEnd()
  }

  // To the app this is the loss of its client; the client still gets an answer, if none has begun.
  #onBadBody(status: number): void {
    const events = this.#events
    this.#events = NOBODY
    events.onDisconnect()
    if (this.#responding && !this.#headSent) this.#refuse(status)
    else this.cut()
  }

  #onResponded(): void {
    this.#responding = false
    this.#events = NOBODY
    if (this.#closesBehind) return this.#close()
    if (this.#reading !== 'body') return this.#next()

    this.#reading = 'rest'
    this.#droppedBytes = 0
    this.#readTimer.arm(REST_MS)
    this.#advance()
  }

  #next(): void {
    this.#reading = 'head'
    this.#headBegun = false
    this.#readTimer.arm(this.#tools.settings.keepAliveTimeoutMs)
    this.#advance()
  }

  #upgrade(head: RequestHead): void {
    const socket = this.#socket
    const behind = this.#inbox.subarray(this.#at)
    this.#stopReading()
    if (this.#peerEnded) return void socket.destroy()
    this.upgraded = true
    this.#readTimer.cancel()
    this.#writeTimer.cancel()
    socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd)
    // What the client sends before it is answered stays in the socket.
    socket.pause()
    this.#tools.webSockets.handleUpgrade({ head, socket, behind })
  }

  // --- the end ---

  #refuse(status: number): void {
    this.#responding = false
    const parts = refusal(status, this.#tools.dispatcher.identity)
    for (const part of parts) this.#writer.write(part)
    this.#close()
  }

  /** Ends our side, and reads on for a while, so that the client gets to see what was written. */
  #close(): void {
    this.#readTimer.arm(this.#reading === 'body' ? REST_MS : LINGER_MS)
    this.#stopReading()
    this.#writer.end()
    this.#throttle()
  }

  #closeIfIdle(): void {
    const isIdle = this.#reading === 'head' && this.#at === this.#inbox.length
    if (isIdle && (this.#isLast || this.#peerEnded)) this.#closeIdle()
  }

  #closeIdle(): void {
    this.#readTimer.arm(LINGER_MS)
    this.#stopReading()
    this.#socket.destroySoon()
  }

  #stopReading(): void {
    this.#reading = 'nothing'
    this.#inbox = EMPTY
    this.#at = 0
    this.#droppedBytes = 0
  }

  #drop(count: number): void {
    this.#droppedBytes += count
    if (this.#droppedBytes > MAX_REST_BYTES) this.#socket.destroy()
  }

  #reset(): void {
    // There is no reset on a unix socket, nor under TLS, where a cut shows without it.
    if (this.#peer.client === null || this.#peer.secure) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  #throttle(): void {
    const waiting = this.#inbox.length - this.#at
    const isFull = waiting > (this.#reading === 'body' ? 0 : MAX_BEHIND_BYTES)
    if (isFull === this.#paused || this.upgraded) return
    this.#paused = isFull
    if (isFull) this.#socket.pause()
    else this.#socket.resume()
  }
}

function peerOf(
  socket: Socket,
  uds: string | null,
): Pick<RequestHead, 'client' | 'server' | 'secure'> {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket
  const server: RequestHead['server'] =
    localAddress === undefined ? null : [localAddress, localPort]
  return {
    client: remoteAddress === undefined ? null : [remoteAddress, remotePort],
    server: uds === null ? server : [uds, null],
    secure: 'encrypted' in socket,
  }
}
