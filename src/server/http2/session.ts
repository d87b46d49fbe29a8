// One session of HTTP/2: its streams, its timers, and its end.

import { Timer } from '../../waiting/timer-wheel.ts'
import { endpointsOf } from '../endpoints.ts'
import { SILENCE_MS } from '../linger.ts'
import { ENHANCE_YOUR_CALM } from './error-codes.ts'
import { Http2Exchange } from './exchange.ts'
import { http2Head } from './head.ts'
import { ResetBudget } from './reset-budget.ts'
import { sessionOptions } from './session-options.ts'
import { StreamUpgrade } from './stream-upgrade.ts'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Endpoints } from '../../http/request-head.ts'
import type { SessionTools } from './session-tools.ts'

const END_STREAM = 0x1

/** Owns one socket, and closes it in every case. */
export class Http2Session {
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #tools: SessionTools
  readonly #onGone: (session: Http2Session) => void
  readonly #ends: Endpoints
  // Not a Set, whose old tables hold the exchanges that were in them.
  readonly #exchanges: Http2Exchange[] = []
  readonly #idleTimer: Timer
  readonly #stallTimer: Timer
  readonly #budget = new ResetBudget()
  #webSockets = 0
  #isUsed = false
  #heardBytes = -1
  #isAsked = false

  /**
   * @param socket its first byte is that of the preface, and the session reads it
   * @param onGone called when the socket has closed
   */
  constructor(socket: Socket, tools: SessionTools, onGone: (session: Http2Session) => void) {
    const { settings, dispatcher, http2 } = tools
    this.#socket = socket
    this.#tools = tools
    this.#onGone = onGone
    this.#ends = endpointsOf(socket, settings.uds)
    this.#idleTimer = new Timer(dispatcher.wheel, () => this.#onIdle())
    this.#stallTimer = new Timer(dispatcher.wheel, () => this.#onStallWatch())
    // The client has ended its side: HTTP/2 has no half-closed connections.
    socket.on('end', () => this.#end()).on('close', () => this.#onClosed())
    // node:http2 destroys the socket with the errors of its session, such as a fault of the peer.
    socket.on('error', ignore)
    this.#session = http2.performServerHandshake(socket, sessionOptions(settings))
    this.#session.on('stream', this.#onStream).on('error', ignore)
    // The peer's GOAWAY, or a fault of the session, closes it too.
    this.#session.on('goaway', () => this.close())
    this.#idleTimer.arm(settings.headTimeoutMs)
  }

  /** Ends the session after its streams. A session without a request yet waits `idleMs` for one. */
  drain(idleMs: number): void {
    if (this.#isUsed || idleMs === 0) this.close()
    else this.#idleTimer.arm(idleMs)
  }

  /** Takes no further request, and ends after the streams that are open (RFC 9113, 6.8). */
  close(): void {
    this.#session.close()
    if (this.#isIdle) this.#idleTimer.arm(SILENCE_MS)
  }

  /** Resets the requests under way, so that no client takes its response for complete. */
  cutRequests(): void {
    // A copy: an exchange may leave the list when it is cut.
    for (const exchange of this.#exchanges.slice()) exchange.destroy()
  }

  /** Cuts the connection. */
  destroy(): void {
    this.cutRequests()
    this.#session.destroy()
    this.#socket.destroy()
  }

  get #isIdle(): boolean {
    return this.#exchanges.length + this.#webSockets === 0
  }

  readonly #onStream = (
    stream: ServerHttp2Stream,
    _fields: unknown,
    flags: number,
    raw?: readonly string[],
  ): void => {
    // A fault of the session emits 'error' on each stream, which Node throws without a listener.
    stream.on('error', ignore)
    // The client has cancelled the request in the bytes after it: the app is not called.
    if (stream.destroyed || stream.closed) return this.#onCancelled()
    this.#isUsed = true
    if (this.#isIdle) this.#startWork()
    const hasBody = (flags & END_STREAM) === 0
    const { head, protocol } = http2Head(raw ?? [], hasBody, this.#ends, this.#tools.settings)
    if (protocol === 'websocket' && head.fault === null) return this.#upgrade(head, stream)
    const exchange = new Http2Exchange(stream, hasBody, this.#onExchangeClosed)
    exchange.slot = this.#exchanges.push(exchange) - 1
    exchange.events = this.#tools.dispatcher.http(head, exchange)
  }

  #upgrade(head: ReturnType<typeof http2Head>['head'], stream: ServerHttp2Stream): void {
    this.#webSockets += 1
    stream.on('close', () => {
      this.#webSockets -= 1
      this.#rest()
    })
    this.#tools.webSockets.handleUpgrade(new StreamUpgrade(head, stream))
  }

  readonly #onExchangeClosed = (exchange: Http2Exchange): void => {
    const last = this.#exchanges.pop() as Http2Exchange
    if (last !== exchange) {
      this.#exchanges[exchange.slot] = last
      last.slot = exchange.slot
    }
    if (exchange.isAbandoned) this.#onCancelled()
    else this.#budget.serve()
    this.#rest()
  }

  #onCancelled(): void {
    if (this.#budget.cancel() || this.#session.destroyed) return
    this.#tools.settings.log.info(
      { client: this.#ends.client },
      'a client of HTTP/2 cancels too many requests; its connection is closed',
    )
    this.#end(new Error('too many requests are cancelled'), ENHANCE_YOUR_CALM)
  }

  /** Ends the session in finite time, also if its client takes no more bytes. */
  #end(error?: Error, code?: number): void {
    this.cutRequests()
    this.#session.destroy(error, code)
    this.#idleTimer.arm(SILENCE_MS)
  }

  #startWork(): void {
    this.#idleTimer.disarm()
    if (!this.#stallTimer.armed) this.#stallTimer.arm(this.#tools.settings.writeTimeoutMs)
  }

  #rest(): void {
    if (!this.#isIdle) return
    const { keepAliveTimeoutMs } = this.#tools.settings
    this.#idleTimer.arm(this.#session.closed ? SILENCE_MS : keepAliveTimeoutMs)
  }

  #onIdle(): void {
    if (this.#session.closed || this.#session.destroyed) this.#socket.destroy()
    else this.close()
  }

  #onStallWatch(): void {
    let isQuiet = true
    for (const exchange of this.#exchanges.slice()) {
      const progress = exchange.progress()
      if (progress === 'cut') return void this.#socket.destroy()
      if (progress === 'none') exchange.destroy()
      isQuiet &&= progress === 'quiet'
    }
    if (isQuiet && !this.#isAlive()) return void this.#socket.destroy()
    if (this.#exchanges.length > 0) this.#stallTimer.arm(this.#tools.settings.writeTimeoutMs)
  }

  // After some faults of its client, nghttp2 reads no more, and tells neither the fault nor the end of the connection. A client
  // that is only silent acknowledges SETTINGS. node:http2 sends no PING in a session that ends after its streams.
  #isAlive(): boolean {
    const { bytesRead } = this.#socket
    const isHeard = bytesRead !== this.#heardBytes
    this.#heardBytes = bytesRead
    if (!isHeard && this.#isAsked) return false
    this.#isAsked = !isHeard
    if (!isHeard && !this.#session.destroyed) this.#session.settings({})
    return true
  }

  #onClosed(): void {
    this.#idleTimer.cancel()
    this.#stallTimer.cancel()
    if (!this.#session.destroyed) this.#session.destroy()
    this.#onGone(this)
  }
}

function ignore(): void {}
