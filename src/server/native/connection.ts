// One connection of the native engine: its requests one at a time and in order, its timers, and its end.

import { Timer } from '../../waiting/timer-wheel.ts'
import { PeerError } from '../../errors.ts'
import { listHasToken } from '../../http/headers.ts'
import { IGNORED_EVENTS } from '../engine.ts'
import { refusal } from '../refusal.ts'
import { endpointsOf, requestBetween } from './endpoints.ts'
import { RequestReader } from './request-reader.ts'
import { ResponseWriter } from './response-writer.ts'
import { SocketEnd } from './socket-end.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../scope.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'
import type { ByteSource } from './byte-source.ts'
import type { ConnectionTools } from './connection-tools.ts'
import type { Endpoints } from './endpoints.ts'
import type { ParsedHead } from './parser/request-head.ts'

/**
 * What the next bytes are: a request's `head`, its `body`, the `rest` of a body behind its response, the requests
 * that wait `behind` one whose response is under way, or `nothing` any more.
 */
type Reading = 'head' | 'body' | 'rest' | 'behind' | 'nothing'

// A client that has ended its side may still read; one that has left takes nothing.
const HALF_CLOSED_MS = 200
const STILL_TAKING_MS = 1_000

/** Owns one socket, and closes it in every case. */
export class NativeConnection implements HttpTransport {
  /** It speaks WebSocket now. */
  upgraded = false
  readonly #socket: Socket
  readonly #source: ByteSource
  readonly #tools: ConnectionTools
  readonly #reader: RequestReader
  readonly #writer: ResponseWriter
  readonly #readTimer: Timer
  readonly #ends: Endpoints
  readonly #end: SocketEnd
  #reading: Reading = 'head'
  #events: HttpEvents = IGNORED_EVENTS
  #responding = false
  #advancing = false
  #bodyWanted = false
  #headBegun = false
  #peerEnded = false
  #isLast = false

  constructor(source: ByteSource, tools: ConnectionTools) {
    const { settings, wheel } = tools
    const { socket } = source
    this.#socket = socket
    this.#source = source
    this.#tools = tools
    this.#reader = new RequestReader(source, settings)
    this.#readTimer = new Timer(wheel, () => this.#onReadTimeout())
    this.#writer = new ResponseWriter(socket, wheel, settings.writeTimeoutMs, () => this.cut())
    this.#ends = endpointsOf(socket, settings.uds)
    const canReset = this.#ends.client !== null && !this.#ends.secure
    this.#end = new SocketEnd(socket, this.#readTimer, canReset)
    this.#readTimer.arm(settings.headTimeoutMs)
    source.start(this.#onData)
    socket.on('drain', this.#onDrain).on('end', this.#onEnd)
    // Of an error the close that follows says it.
    socket.on('error', () => undefined).once('close', () => this.#onClose())
  }

  continue(): void {
    this.#writer.interim(100, [])
  }

  earlyHint(headers: HeaderPairs): void {
    this.#writer.interim(103, headers)
  }

  write(part: ResponsePart): boolean {
    this.#writer.write(part)
    const { blocked } = this.#writer
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
    if (!this.#writer.endsWithConnection) return void this.#socket.destroy()
    // Only the end of the connection ends the body: a clean end would make a torso look whole.
    this.#stopReading()
    this.#end.resetSoon()
  }

  /** Closes behind the response under way, at once if there is none. */
  closeWhenIdle(): void {
    this.#isLast = true
    this.#closeIfIdle()
  }

  /** Cuts the connection: a response under way ends in a reset, which nobody takes for its end. */
  cut(): void {
    if (this.#responding) this.#end.reset()
    else this.#socket.destroy()
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#reading === 'nothing') return this.#end.drop(bytes.length)
    this.#reader.push(bytes)
    this.#advance()
  }

  readonly #onDrain = (): void => {
    this.#writer.onDrain()
    if (this.#writer.blocked) return
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
    this.#writer.release()
    this.#reading = 'nothing'
    this.#events.onDisconnect()
  }

  #onReadTimeout(): void {
    // Who is still taking a response has time; for who takes nothing of it there is the writer's timeout.
    if (this.#writer.waiting && !this.#headBegun) return this.#readTimer.arm(STILL_TAKING_MS)
    if (this.#reading !== 'head') return this.cut()
    if (this.#headBegun) this.#refuse(408)
    else this.#closeIdle()
  }

  // Not into itself: what a step calls may come back here, and the loop goes on with what that left.
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    try {
      while (this.#step());
    } finally {
      this.#advancing = false
    }
    this.#closeIfIdle()
    this.#reader.settle(this.#reading === 'body')
  }

  #step(): boolean {
    if (this.#reading === 'head') return this.#readHead()
    const isWanted = this.#reading === 'rest' || (this.#reading === 'body' && this.#bodyWanted)
    return isWanted && this.#readBody()
  }

  #readHead(): boolean {
    // A client that does not read its responses gets no further ones.
    if (this.#reader.waiting === 0 || this.#writer.blocked) return false
    try {
      const head = this.#reader.head()
      if (head === null) return this.#awaitHead()
      this.#readTimer.disarm()
      this.#headBegun = false
      this.#serve(head)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#refuse(error.status)
    }
    return true
  }

  #awaitHead(): boolean {
    if (!this.#headBegun) this.#readTimer.arm(this.#tools.settings.headTimeoutMs)
    this.#headBegun = true
    return false
  }

  #serve(head: ParsedHead): void {
    const hasBody = head.chunked || (head.contentLength ?? 0) > 0
    const request = requestBetween(this.#ends, head, hasBody)
    if (head.upgrade !== null && listHasToken(head.upgrade, 'websocket')) {
      return this.#upgrade(request)
    }

    if (hasBody) this.#reader.startBody(head)
    this.#reading = hasBody ? 'body' : 'behind'
    this.#bodyWanted = false
    this.#responding = true
    this.#writer.begin()
    const events = this.#tools.dispatcher.http(request, request, this)
    // It may be answered already.
    if (this.#responding) this.#events = events
  }

  #readBody(): boolean {
    const before = this.#reader.waiting
    if (before === 0) {
      if (this.#peerEnded) this.#socket.destroy()
      return false
    }
    try {
      const isWhole = this.#reader.body(this.#onBody)
      if (this.#reading === 'rest') this.#end.drop(before - this.#reader.waiting)
      if (isWhole) this.#onBodyEnd()
      return true
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#onBadBody(error.status)
      return false
    }
  }

  readonly #onBody = (bytes: Uint8Array): void => {
    this.#events.onBody(this.#source.isLent ? Buffer.from(bytes) : bytes)
  }

  #onBodyEnd(): void {
    if (this.#reading === 'rest') return this.#next()
    this.#reading = 'behind'
    this.#events.onBodyEnd()
  }

  // To the app this is the loss of its client; the client still gets an answer, if none has begun.
  #onBadBody(status: number): void {
    this.#events.onDisconnect()
    if (this.#responding && !this.#writer.headSent) this.#refuse(status)
    else this.cut()
  }

  #onResponded(): void {
    this.#responding = false
    this.#events = IGNORED_EVENTS
    if (!this.#writer.keepsAlive) return this.#close()
    if (this.#reading !== 'body') return this.#next()

    this.#reading = 'rest'
    this.#end.startDropping(true)
    this.#advance()
  }

  #next(): void {
    this.#reading = 'head'
    this.#readTimer.arm(this.#tools.settings.keepAliveTimeoutMs)
    this.#advance()
  }

  #upgrade(head: RequestHead): void {
    const behind = this.#stopReading()
    if (this.#peerEnded) return void this.#socket.destroy()
    this.upgraded = true
    this.#readTimer.cancel()
    this.#writer.release()
    this.#source.stop()
    this.#socket.off('drain', this.#onDrain).off('end', this.#onEnd)
    this.#tools.webSockets.handleUpgrade({ head, socket: this.#socket, behind })
  }

  #refuse(status: number): void {
    this.#responding = false
    const { identity } = this.#tools.dispatcher
    for (const part of refusal(status, identity)) this.#writer.write(part)
    this.#close()
  }

  /** Ends our side, and reads on for a while, so that the client gets to see what was written. */
  #close(): void {
    this.#end.startDropping(this.#reading === 'body')
    this.#stopReading()
    this.#writer.end()
  }

  #closeIfIdle(): void {
    const isIdle = this.#reading === 'head' && this.#reader.waiting === 0
    if (isIdle && (this.#isLast || this.#peerEnded)) this.#closeIdle()
  }

  #closeIdle(): void {
    this.#stopReading()
    this.#end.closeSoon()
  }

  /** What comes from now on is dropped; what waited is returned. */
  #stopReading(): Buffer {
    this.#reading = 'nothing'
    return this.#reader.takeRest()
  }
}
