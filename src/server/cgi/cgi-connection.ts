// One connection of a web server: its requests one at a time, its timers, and its end.

import { Timer } from '../../waiting/timer-wheel.ts'
import { PeerError } from '../../errors.ts'
import { endpointsOf } from '../endpoints.ts'
import { IGNORED_EVENTS } from '../engine.ts'
import { HALF_CLOSED_MS, STILL_TAKING_MS } from '../linger.ts'
import { LATE_HEAD } from '../native/reading.ts'
import { SocketEnd } from '../native/socket-end.ts'
import { refusal } from '../refusal.ts'
import { cgiHead } from './cgi-head.ts'
import { CgiWriter } from './cgi-writer.ts'
import { dropArrived } from './unread-body.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { Endpoints } from '../../http/request-head.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'
import type { ConnectionTools } from './connection-tools.ts'
import type { CgiReader, OutputFraming, RequestStep, Step } from './protocol.ts'

/**
 * The meaning of the next bytes: a request (`head`), a `body` that the app reads, or a `held-body` that the app does not ask
 * for now. After a `whole` request, only an abort can come. `nothing`: the bytes are dropped.
 */
type Reading = 'head' | 'body' | 'held-body' | 'whole' | 'nothing'

// Above it, a socket is paused while the app does not take its bytes. A paused socket hears nothing of the web server.
const MAX_AHEAD_BYTES = 64 * 1024
// For one request. A web server asks a few times, or tries a few requests beside the one under way.
const MAX_REPLIES = 1_000

/** Owns one socket, and closes it in every case. */
export class CgiConnection implements HttpTransport {
  readonly #socket: Socket
  readonly #tools: ConnectionTools
  readonly #ends: Endpoints
  readonly #reader: CgiReader
  readonly #framing: OutputFraming
  readonly #writer: CgiWriter
  readonly #readTimer: Timer
  readonly #socketEnd: SocketEnd
  #reading: Reading = 'head'
  #isResponding = false
  /** The response was cut: the web server must not take it for whole. */
  #isBroken = false
  #events: HttpEvents = IGNORED_EVENTS
  #isHeadLate = false
  #isAdvancing = false
  #wantsMore = true
  #replies = 0
  #closesWhenIdle = false
  #idleMs: number

  constructor(socket: Socket, tools: ConnectionTools) {
    const { settings, dispatcher, protocol } = tools
    const { wheel } = dispatcher
    const { reader, framing } = protocol(settings)
    this.#socket = socket
    this.#tools = tools
    this.#ends = endpointsOf(socket, settings.uds)
    this.#reader = reader
    this.#framing = framing
    const { writeTimeoutMs: timeoutMs } = settings
    this.#writer = new CgiWriter({ socket, framing, wheel, timeoutMs }, () => this.cut())
    this.#readTimer = new Timer(wheel, () => this.#onReadTimeout())
    this.#socketEnd = new SocketEnd(socket, this.#readTimer, this.#ends)
    this.#idleMs = settings.keepAliveTimeoutMs
    this.#readTimer.arm(settings.headTimeoutMs)
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd)
    socket.on('error', this.#onError).on('close', this.#onClose).resume()
  }

  // A gateway protocol has no interim responses.
  continue(): void {}
  earlyHint(): void {}

  write(part: ResponsePart): boolean {
    this.#writer.write(part)
    const isBlocked = this.#writer.blocked
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
    this.#breakOff()
    // A unix socket has no reset: the mark has to leave.
    if (this.#ends.client === null) this.#socketEnd.closeSoon()
    else this.#socketEnd.resetSoon()
  }

  /** Serves the requests that still come, and closes a connection that is idle for `idleMs`. */
  drain(idleMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs)
    if (idleMs === 0) this.#closesWhenIdle = true
    if (this.#reading === 'nothing') this.#socketEnd.hurry(idleMs)
    else if (this.#reading === 'head') this.#readTimer.arm(this.#idleMs)
    this.#advance()
  }

  /** Cuts the connection. A response under way ends in a reset, so that the web server does not take it for complete. */
  cut(): void {
    if (this.#isResponding) this.#breakOff()
    if (this.#isBroken) this.#socketEnd.reset()
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
    if (this.#isResponding) this.#readTimer.arm(HALF_CLOSED_MS)
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
    if (this.#reading === 'head' && this.#reader.isOpen) return this.#refuse(LATE_HEAD)
    if (this.#writer.waiting) this.#readTimer.arm(STILL_TAKING_MS)
    else if (this.#reading === 'head') this.#closeIdle()
    else this.cut()
  }

  // A step may call the app, which may call back into this method: the nested call returns, and the loop that is already
  // running continues from the state that the call has left.
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    try {
      while (this.#step());
    } finally {
      this.#isAdvancing = false
    }
    if (this.#reading === 'nothing') return
    this.#reader.settle()
    const { waiting } = this.#reader
    const isIdle = this.#reading === 'head' && waiting === 0 && !this.#writer.blocked
    if (isIdle && this.#closesWhenIdle) return this.#closeIdle()
    if (this.#reading === 'head' && (waiting > 0 || this.#reader.isOpen)) this.#awaitHead()
    const isCutOff = this.#wantsMore && this.#socket.readableEnded && this.#reading !== 'whole'
    if (isCutOff) return void this.#socket.destroy()
    if (waiting > MAX_AHEAD_BYTES && !this.#wantsMore) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  // Once for each head: its bytes must not come one by one for ever.
  #awaitHead(): void {
    if (this.#isHeadLate) return
    this.#isHeadLate = true
    this.#readTimer.arm(this.#tools.settings.headTimeoutMs)
  }

  /** Takes the next step. False: more bytes, or the app, must come first. */
  #step(): boolean {
    const isHeld = this.#reading === 'held-body' || this.#reading === 'nothing'
    // A web server that does not read its response gets no further one.
    if (isHeld || (this.#reading === 'head' && this.#writer.blocked)) {
      this.#wantsMore = false
      return false
    }
    try {
      const step = this.#reader.next()
      this.#wantsMore = step === null
      if (step !== null) this.#take(step)
      return step !== null
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#onBadBytes(error)
      return false
    }
  }

  #take(step: Step): void {
    switch (step.type) {
      case 'request':
        return this.#serve(step)
      case 'body':
        return this.#events.onBody(step.bytes)
      case 'body-end':
        this.#reading = 'whole'
        return this.#events.onBodyEnd()
      case 'abort':
        return this.#abort()
      case 'reply':
        this.#writer.reply(step.bytes)
        if (step.isLast) this.#close(false)
        else if (++this.#replies > MAX_REPLIES) this.cut()
    }
  }

  #serve(step: RequestStep): void {
    const { settings, context, dispatcher } = this.#tools
    const { bodyLength } = step
    const head = cgiHead(step.variables, { ...settings, bodyLength, ends: this.#ends })
    this.#readTimer.disarm()
    this.#replies = 0
    this.#reading = head.hasBody ? 'held-body' : 'whole'
    this.#isResponding = true
    this.#writer.begin()
    context.run(() => {
      const events = dispatcher.http(head, this)
      // The response may be complete already.
      if (this.#isResponding) this.#events = events
    })
  }

  #onResponded(): void {
    this.#isResponding = false
    this.#events = IGNORED_EVENTS
    const isWhole = this.#reading === 'whole' || dropArrived(this.#reader, this.#writer)
    this.#next(isWhole)
  }

  #next(isInputWhole: boolean): void {
    const { keepsConnection } = this.#reader
    this.#reader.closeRequest()
    if (!keepsConnection || !isInputWhole) return this.#close(!isInputWhole)
    this.#reading = 'head'
    this.#isHeadLate = false
    this.#readTimer.arm(this.#idleMs)
    this.#advance()
  }

  // The client of the web server has left. The web server may go on with the connection.
  #abort(): void {
    const events = this.#events
    const isWhole = this.#reading !== 'body'
    this.#events = IGNORED_EVENTS
    this.#isResponding = false
    events.onDisconnect()
    this.#writer.giveUp()
    this.#writer.reply(this.#framing.after(false))
    this.#next(isWhole)
  }

  #onBadBytes(fault: PeerError): void {
    if (this.#reading === 'head') return this.#refuse(fault)
    // To the app a malformed body is the loss of its client; the client still gets an answer if none has begun.
    const isOpen = this.#isResponding && !this.#writer.headSent
    const answer = isOpen ? refusal(fault.status, this.#tools.dispatcher.identity) : undefined
    this.#events.onDisconnect(answer)
    return answer ? this.#refuse(fault, answer) : this.cut()
  }

  #refuse(fault: PeerError, answer = this.#tools.dispatcher.refusal(fault, this.#socket)): void {
    if (this.#reader.isOpen) for (const part of answer) this.#writer.write(part)
    this.#close(true)
  }

  /** Ends our side, and reads on for a while, so that the web server can read the response. */
  #close(isUpload: boolean): void {
    this.#isResponding = false
    this.#reading = 'nothing'
    this.#socketEnd.linger(isUpload)
    this.#socket.resume()
    this.#writer.end()
  }

  #closeIdle(): void {
    this.#reading = 'nothing'
    this.#socketEnd.closeSoon()
  }

  #breakOff(): void {
    this.#isBroken = true
    this.#isResponding = false
    this.#reading = 'nothing'
    const mark = this.#framing.broken()
    if (mark.length > 0) this.#writer.reply(mark)
  }
}
