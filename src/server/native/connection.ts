// One connection of the native engine: its requests one at a time and in order, its timers, and its end.

import { Timer } from '../../waiting/timer-wheel.ts'
import { PeerError } from '../../errors.ts'
import { listHasToken } from '../../http/list.ts'
import { endpointsOf } from '../endpoints.ts'
import { IGNORED_EVENTS } from '../engine.ts'
import { refusal } from '../refusal.ts'
import { RequestReader } from './request-reader.ts'
import { ResponseWriter } from './response-writer.ts'
import { SocketEnd } from './socket-end.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { ByteSource } from './byte-source.ts'

/** The parts of an engine that its connections share. */
export interface ConnectionTools {
  dispatcher: Dispatcher
  webSockets: WebSockets
  settings: Settings
}

/**
 * The meaning of the next bytes: the first byte of a request while the connection is `idle`, more of a `head`, a `body`
 * that the app reads, or a `held-body` that the app does not ask for now. After its response, the `body-rest` is dropped;
 * `pipelined` requests wait for the response under way. `nothing`: the bytes are dropped, or belong to a WebSocket.
 */
type Reading = 'idle' | 'head' | 'body' | 'held-body' | 'body-rest' | 'pipelined' | 'nothing'

/** Our side: `ready` for the next response, `responding`, `ended` after its last bytes, or `upgraded` to a WebSocket. */
type Responding = 'ready' | 'responding' | 'ended' | 'upgraded'

// A client that has ended its side may still read; a client that has left takes nothing.
const HALF_CLOSED_MS = 200
const STILL_TAKING_MS = 1_000

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
  #closesWhenIdle = false

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
    this.#readTimer.arm(settings.headTimeoutMs)
    source.start(this.#onData)
    socket.on('drain', this.#onDrain).on('end', this.#onEnd)
    // 'error' is always followed by 'close', which cleans up.
    socket.on('error', () => undefined).once('close', () => this.#onClose())
  }

  get isUpgraded(): boolean {
    return this.#responding === 'upgraded'
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
    if (this.#socket.readableEnded) this.#readTimer.arm(HALF_CLOSED_MS)
    if (part.end) this.#onResponded()
    return !blocked
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

  /** Closes after the response under way, or at once if none is under way. */
  closeWhenIdle(): void {
    this.#closesWhenIdle = true
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
    this.#advance()
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

  #onClose(): void {
    this.#readTimer.cancel()
    this.#writer.release()
    this.#reading = 'nothing'
    this.#events.onDisconnect()
  }

  #onReadTimeout(): void {
    if (this.#reading === 'head') return this.#refuse(408)
    // A client that still takes its response gets more time; the writer has a timeout for a client that takes nothing.
    if (this.#writer.waiting) this.#readTimer.arm(STILL_TAKING_MS)
    else if (this.#reading === 'idle') this.#closeIdle()
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
    const isIdle = this.#isHeadExpected() && this.#reader.waiting === 0
    if (isIdle && this.#closesWhenIdle) this.#closeIdle()
    this.#reader.settle(this.#isBodyExpected())
  }

  /** Takes one head, or the next part of a body. False: more bytes, or the app, must come first. */
  #step(): boolean {
    try {
      if (this.#isHeadExpected()) return this.#readHead()
      return (this.#reading === 'body' || this.#reading === 'body-rest') && this.#readBody()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#onBadBytes(error.status)
      return false
    }
  }

  #readHead(): boolean {
    // A client that does not read its responses gets no further ones.
    if (this.#reader.waiting === 0 || this.#writer.blocked) return false
    const head = this.#reader.head()
    if (head !== null) {
      this.#readTimer.disarm()
      this.#serve(head)
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
    if (this.#reading === 'body-rest') this.#socketEnd.drop(before - this.#reader.waiting)
    if (isWhole) this.#onBodyEnd()
    return true
  }

  readonly #onBody = (bytes: Uint8Array): void => {
    this.#events.onBody(this.#source.isLent ? Buffer.from(bytes) : bytes)
  }

  #onBodyEnd(): void {
    if (this.#reading === 'body-rest') return this.#next()
    this.#reading = 'pipelined'
    this.#events.onBodyEnd()
  }

  #onBadBytes(status: number): void {
    if (this.#isHeadExpected()) return this.#refuse(status)
    // To the app a malformed body is the loss of its client; the client still gets an answer if none has begun.
    this.#events.onDisconnect()
    if (this.#responding === 'responding' && !this.#writer.headSent) this.#refuse(status)
    else this.cut()
  }

  #onResponded(): void {
    this.#responding = 'ready'
    this.#events = IGNORED_EVENTS
    if (!this.#writer.keepsAlive) return this.#close()
    if (!this.#isBodyExpected()) return this.#next()
    this.#reading = 'body-rest'
    this.#socketEnd.startDropping(true)
    this.#advance()
  }

  #next(): void {
    this.#reading = 'idle'
    this.#readTimer.arm(this.#tools.settings.keepAliveTimeoutMs)
    this.#advance()
  }

  #upgrade(head: RequestHead): void {
    const firstBytes = this.#stopReading()
    if (this.#socket.readableEnded) return void this.#socket.destroy()
    this.#responding = 'upgraded'
    this.#readTimer.cancel()
    this.#writer.release()
    this.#source.stop()
    this.#socket.off('drain', this.#onDrain).off('end', this.#onEnd)
    this.#tools.webSockets.handleUpgrade({ head, socket: this.#socket, firstBytes })
  }

  #refuse(status: number): void {
    for (const part of refusal(status, this.#tools.dispatcher.identity)) this.#writer.write(part)
    this.#close()
  }

  /** Ends our side, and reads on for a while, so that the client can read the response. */
  #close(): void {
    this.#responding = 'ended'
    this.#socketEnd.startDropping(this.#isBodyExpected())
    this.#stopReading()
    this.#writer.end()
  }

  #closeIdle(): void {
    this.#responding = 'ended'
    this.#stopReading()
    this.#socketEnd.closeSoon()
  }

  #isHeadExpected(): boolean {
    return this.#reading === 'idle' || this.#reading === 'head'
  }

  #isBodyExpected(): boolean {
    return this.#reading === 'body' || this.#reading === 'held-body'
  }

  /** Drops the bytes that come from now on, and returns the bytes that waited. */
  #stopReading(): Buffer {
    this.#reading = 'nothing'
    return this.#reader.takeRest()
  }
}
