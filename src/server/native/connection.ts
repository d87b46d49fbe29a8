// One connection of the native engine: its requests one at a time and in order, its timers, and its end.

import { Timer } from '../../waiting/timer-wheel.ts'
import { PeerError } from '../../errors.ts'
import { listHasToken } from '../../http/list.ts'
import { endpointsOf } from '../endpoints.ts'
import { IGNORED_EVENTS } from '../engine.ts'
import { startApart } from '../listener-context.ts'
import { refusal } from '../refusal.ts'
import { HALF_CLOSED_MS, STILL_TAKING_MS } from '../linger.ts'
import { expectsBody, expectsHead, LATE_HEAD } from './reading.ts'
import { RequestReader } from './request-reader.ts'
import { ResponseWriter } from './response-writer.ts'
import { SocketEnd } from './socket-end.ts'
import { judgeRest } from './unread-rest.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'
import type { ByteSource } from './byte-source.ts'
import type { ConnectionTools } from './connection-tools.ts'
import type { Reading } from './reading.ts'

/** Our side: `ready` for the next response, `responding`, or `ended` after its last bytes. */
type Responding = 'ready' | 'responding' | 'ended'

/** Owns one socket, and closes it in every case. */
export class NativeConnection implements HttpTransport {
  readonly #socket: Socket
  readonly #source: ByteSource
  readonly #tools: ConnectionTools
  readonly #reader: RequestReader
  readonly #writer: ResponseWriter
  readonly #readTimer: Timer
  readonly #socketEnd: SocketEnd
  #reading: Reading = 'idle'
  #responding: Responding = 'ready'
  #events: HttpEvents = IGNORED_EVENTS
  #isAdvancing = false
  // The running code is a read of the socket, whose async context is that of the connection.
  #isInRead = false
  #closesWhenIdle = false
  #isLame = false
  #idleMs: number

  constructor(source: ByteSource, tools: ConnectionTools) {
    const { settings, dispatcher } = tools
    const { socket } = source
    const { wheel } = dispatcher
    const ends = endpointsOf(socket, settings.uds)
    this.#socket = socket
    this.#source = source
    this.#tools = tools
    this.#reader = new RequestReader(source, settings, ends)
    this.#readTimer = new Timer(wheel, () => this.#onReadTimeout())
    this.#writer = new ResponseWriter(socket, wheel, settings.writeTimeoutMs, () => this.cut())
    this.#socketEnd = new SocketEnd(socket, this.#readTimer, ends)
    this.#idleMs = settings.keepAliveTimeoutMs
    this.#readTimer.arm(settings.headTimeoutMs)
    source.start(this.#onData)
    socket.on('drain', this.#onDrain).on('end', this.#onEnd)
    // TLS reports a client that renegotiates too often, and does not close by itself.
    socket.on('error', this.#onError).on('close', this.#onClose)
  }

  continue(): void {
    this.#writer.interim(100, [])
  }

  earlyHint(headers: HeaderPairs): void {
    this.#writer.interim(103, headers)
  }

  write(part: ResponsePart): boolean {
    if (expectsBody(this.#reading) && judgeRest(this.#reader, this.#writer, part)) {
      this.#reading = 'pipelined'
    }
    this.#writer.write(part)
    const isBlocked = this.#writer.blocked
    if (this.#socket.readableEnded) this.#readTimer.arm(HALF_CLOSED_MS)
    if (part.end) this.#onResponded()
    return !isBlocked
  }

  resume(): void {
    if (this.#reading === 'held-body') this.#reading = 'body'
    this.#advance()
  }

  pause(): void {
    if (this.#reading === 'body') this.#reading = 'held-body'
  }

  destroy(): void {
    if (!this.#writer.endsWithConnection) return void this.#socket.destroy()
    // Only the end of the connection ends the body, so a clean end would make a cut response look complete.
    this.#stopReading()
    this.#socketEnd.resetSoon()
  }

  /** Serves the requests that still come, and closes a connection that is idle for `idleMs`. */
  drain(idleMs: number): void {
    this.#isLame = true
    this.#idleMs = Math.min(this.#idleMs, idleMs)
    if (idleMs === 0) this.#closesWhenIdle = true
    if (this.#responding === 'ended') this.#socketEnd.hurry(idleMs)
    else if (expectsHead(this.#reading)) this.#readTimer.arm(idleMs)
    this.#advance()
  }

  /** Cuts the connection. A response under way ends in a reset, so that the client does not take it for complete. */
  cut(): void {
    if (this.#responding === 'responding') this.#socketEnd.reset()
    else this.#socket.destroy()
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#reading === 'nothing') return this.#socketEnd.drop(bytes.length)
    this.#reader.push(bytes)
    this.#isInRead = this.#source.isLent
    this.#advance()
    this.#isInRead = false
  }

  readonly #onDrain = (): void => {
    this.#writer.onDrain()
    if (this.#writer.blocked) return
    this.#events.onDrain()
    this.#advance()
  }

  readonly #onEnd = (): void => {
    this.#closesWhenIdle = true
    if (this.#responding === 'responding') this.#readTimer.arm(HALF_CLOSED_MS)
    this.#advance()
  }

  readonly #onError = (): void => void this.#socket.destroy()
  readonly #onClose = (): void => {
    this.#readTimer.cancel()
    this.#writer.release()
    this.#reading = 'nothing'
    this.#events.onDisconnect()
    this.#tools.onClosed(this)
  }

  #onReadTimeout(): void {
    if (this.#reading === 'body-rest') return this.#close(true)
    if (this.#reading === 'head' && !this.#isLame) return this.#refuse(LATE_HEAD)
    // A client that still takes its response gets more time; the writer has a timeout for a client that takes nothing.
    if (this.#writer.waiting) this.#readTimer.arm(STILL_TAKING_MS)
    else if (expectsHead(this.#reading)) this.#closeIdle()
    else this.cut()
  }

  // A step may call the app, which may call back into this method: it answers at once, or asks for the body. The nested
  // call returns, and the loop that is already running continues from the state that the call has left.
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    try {
      while (this.#step());
    } finally {
      this.#isAdvancing = false
    }
    const isIdle = expectsHead(this.#reading) && this.#reader.waiting === 0 && !this.#writer.blocked
    if (isIdle && this.#closesWhenIdle) this.#closeIdle()
    this.#reader.settle()
  }

  /** Takes one head, or the next part of a body. False: more bytes, or the app, must come first. */
  #step(): boolean {
    try {
      if (expectsHead(this.#reading)) return this.#readHead()
      return (this.#reading === 'body' || this.#reading === 'body-rest') && this.#readBody()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#onBadBytes(error)
      return false
    }
  }

  #readHead(): boolean {
    // A client that does not read its responses gets no further ones.
    if (this.#reader.waiting === 0 || this.#writer.blocked) return false
    const head = this.#reader.head()
    if (head !== null) {
      this.#readTimer.disarm()
      // An app whose response has ended may be on the stack.
      const serve = (): void => this.#serve(head)
      if (this.#isInRead) startApart(serve)
      else this.#tools.context.run(serve)
      this.#isInRead = false
      return true
    }
    if (this.#reading === 'idle') this.#readTimer.arm(this.#tools.settings.headTimeoutMs)
    this.#reading = 'head'
    return false
  }

  #serve(head: RequestHead): void {
    const { upgrade } = this.#reader.framing
    if (upgrade !== null && listHasToken(upgrade, 'websocket')) return this.#upgrade(head)

    if (head.hasBody) this.#reader.startBody()
    this.#reading = head.hasBody ? 'held-body' : 'pipelined'
    this.#responding = 'responding'
    this.#writer.begin()
    const events = this.#tools.dispatcher.http(head, this)
    // The response may be complete already.
    if (this.#responding === 'responding') this.#events = events
  }

  #readBody(): boolean {
    const before = this.#reader.waiting
    if (before === 0 && this.#socket.readableEnded) this.#socket.destroy()
    if (before === 0) return false
    const isWhole = this.#reader.body(this.#onBody)
    const isRest = this.#reading === 'body-rest'
    const isInBounds = !isRest || this.#socketEnd.dropRest(before - this.#reader.waiting)
    if (isWhole) this.#onBodyEnd()
    else if (!isInBounds) this.#close(true)
    return true
  }

  readonly #onBody = (bytes: Uint8Array): void => {
    this.#events.onBody(this.#reader.isLent ? Buffer.from(bytes) : bytes)
  }

  #onBodyEnd(): void {
    if (this.#reading === 'body-rest') return this.#next()
    this.#reading = 'pipelined'
    this.#events.onBodyEnd()
  }

  #onBadBytes(fault: PeerError): void {
    if (expectsHead(this.#reading)) return this.#refuse(fault)
    // To the app a malformed body is the loss of its client; the client still gets an answer if none has begun.
    const isOpen = this.#responding === 'responding' && !this.#writer.headSent
    const answer = isOpen ? refusal(fault.status, this.#tools.dispatcher.identity) : undefined
    this.#events.onDisconnect(answer)
    return answer ? this.#refuse(fault, answer) : this.cut()
  }

  #onResponded(): void {
    this.#responding = 'ready'
    this.#events = IGNORED_EVENTS
    if (!this.#writer.keepsAlive) return this.#close(expectsBody(this.#reading))
    if (!expectsBody(this.#reading)) return this.#next()
    this.#reading = 'body-rest'
    this.#socketEnd.startRest()
    this.#advance()
  }

  #next(): void {
    this.#reading = 'idle'
    this.#readTimer.arm(this.#idleMs)
    this.#advance()
  }

  #upgrade(head: RequestHead): void {
    const firstBytes = this.#stopReading()
    if (this.#socket.readableEnded) return void this.#socket.destroy()
    this.#readTimer.cancel()
    this.#writer.release()
    this.#source.stop()
    // A WebSocket may live for days: it must not keep the parser, the writer and the timers.
    const socket = this.#socket.off('error', this.#onError).off('close', this.#onClose)
    socket.off('drain', this.#onDrain).off('end', this.#onEnd)
    this.#tools.onUpgraded(this, socket)
    this.#tools.webSockets.handleUpgrade({ head, socket, firstBytes })
  }

  #refuse(fault: PeerError, answer = this.#tools.dispatcher.refusal(fault, this.#socket)): void {
    const isUpload = expectsBody(this.#reading)
    for (const part of answer) this.#writer.write(part)
    this.#close(isUpload)
  }

  /** Ends our side, and reads on for a while, so that the client can read the response. */
  #close(isUpload: boolean): void {
    this.#responding = 'ended'
    this.#socketEnd.linger(isUpload)
    this.#stopReading()
    this.#writer.end()
  }

  #closeIdle(): void {
    this.#responding = 'ended'
    this.#stopReading()
    this.#socketEnd.closeSoon()
  }

  /** Drops the bytes that come from now on, and returns the bytes that waited. */
  #stopReading(): Buffer {
    this.#reading = 'nothing'
    return this.#reader.takeRest()
  }
}
