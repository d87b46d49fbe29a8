// One WebSocket of either engine: a socket whose handshake waits for its answer, then frames or a denial.

import { WebSocket } from 'ws'
import { SocketResponse } from '../socket-response.ts'
import { InflateGate } from './inflate-gate.ts'
import { messageFrame } from './message-frame.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { WebSocketEvents, WebSocketTransport } from '../engine.ts'
import type { Acceptor, UpgradeRequest } from './acceptor.ts'
import type { LateFailureSocket } from './late-failure.ts'
import type { Pings, Pulse } from './pings.ts'

/** The parts that all transports of a server share. */
export interface TransportTools {
  accept: Acceptor
  pings: Pings
  closeTimeoutMs: number
}

const HIGH_WATER_MARK = 64 * 1024
const FRAMED_CHARS = 16 * 1024
const PING_TIMEOUT = 'keepalive ping timeout'

/** The engine's side of one WebSocket; it closes the socket in every case. */
export class SocketTransport implements WebSocketTransport, Pulse {
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: WebSocketEvents | undefined
  readonly #upgrade: UpgradeRequest
  readonly #tools: TransportTools
  #frames: LateFailureSocket | undefined
  #gate: InflateGate | undefined
  #denial: SocketResponse | undefined
  /** The socket belongs to the next handler of its server. */
  #isPassedOn = false
  #draining = false
  /** Bytes of the app wait for the socket. The socket has no copy of them. */
  #borrowing = false
  #failure = ''

  constructor(upgrade: UpgradeRequest, tools: TransportTools) {
    this.#upgrade = upgrade
    this.#tools = tools
    // The socket is paused: bytes that the client sends before the 101 stay in it.
    upgrade.socket.on('drain', this.#onDrain)
    upgrade.socket.on('close', this.#onGone)
    upgrade.socket.on('end', this.#onGone)
  }

  get bytesRead(): number {
    return this.#upgrade.socket.bytesRead
  }

  get backlog(): number {
    return this.#frames?.bufferedAmount ?? 0
  }

  get paused(): boolean {
    return this.#frames?.isPaused ?? true
  }

  accept(subprotocol: string | null, headers: HeaderPairs): boolean {
    this.#tools.accept(this.#upgrade, { subprotocol, headers }, (frames) => this.#open(frames))
    return this.#frames !== undefined
  }

  deny(part: ResponsePart): boolean {
    const { socket, nextHandler } = this.#upgrade
    const next = part.head?.status === 404 ? nextHandler?.() : undefined
    if (next) this.#passOn(next)
    if (this.#isPassedOn) return true
    this.#denial ??= new SocketResponse(socket, this.#tools.closeTimeoutMs)
    if (part.end) socket.off('end', this.#onGone)
    return this.#denial.write(part)
  }

  send(message: string | Uint8Array): boolean {
    const frames = this.#frames
    if (frames?.readyState !== WebSocket.OPEN || this.#upgrade.socket.destroyed) return false
    const isSmall = message.length <= FRAMED_CHARS && this.#gate === undefined
    return isSmall ? this.#sendFrame(message) : this.#sendThrough(frames, message)
  }

  close(code: number, reason: string): void {
    this.#tools.pings.unwatch(this)
    this.#frames?.close(code, reason)
  }

  pause(): void {
    this.#frames?.pause()
  }

  resume(): void {
    this.#frames?.resume()
    this.#gate?.open()
  }

  destroy(): void {
    if (!this.#isPassedOn) this.#upgrade.socket.destroy()
  }

  ping(): void {
    this.#frames?.ping()
  }

  expire(): void {
    this.#failure = PING_TIMEOUT
    this.close(1011, PING_TIMEOUT)
    this.destroy()
  }

  #open(frames: LateFailureSocket): void {
    const { socket } = this.#upgrade
    this.#letGo()
    this.#frames = frames
    frames.onFault = (fail) => this.#failAnswered(fail)
    if (frames.extensions !== '') this.#gate = new InflateGate(frames, socket)
    frames.on('message', (data: Buffer, isBinary: boolean) => {
      this.events?.onMessage(isBinary ? data : data.toString())
    })
    frames.on('error', (error) => {
      this.#failure ||= error.message
    })
    frames.on('close', (code, reason) => {
      this.#tools.pings.unwatch(this)
      this.events?.onClose(code, reason.toString() || this.#failure)
    })
    this.#tools.pings.watch(this)
  }

  #letGo(): void {
    const { socket } = this.#upgrade
    socket.off('drain', this.#onDrain)
    socket.off('close', this.#onGone)
    socket.off('end', this.#onGone)
  }

  // The rest of the denial goes nowhere. An app that has not finished it by the next turn has lost its client.
  #passOn(next: () => void): void {
    this.#isPassedOn = true
    this.#letGo()
    process.nextTick(next)
    setImmediate(() => this.events?.onClose(1006, ''))
  }

  // One write for header and message. `ws` takes two buffers and a cork, which costs more than the copy. The copy also
  // frees the app's bytes.
  #sendFrame(message: string | Uint8Array): boolean {
    const { socket } = this.#upgrade
    const frame = messageFrame(message)
    if (socket.writableLength + frame.length < HIGH_WATER_MARK) {
      socket.write(frame)
      return true
    }
    // A callback costs: only a message that may have to wait gets one.
    socket.write(frame, this.#onWritten)
    return this.#isFlowing(socket.writableLength, false)
  }

  #sendThrough(frames: LateFailureSocket, message: string | Uint8Array): boolean {
    // The extension compresses after send() has returned: it gets a copy, because the app may change its bytes.
    const isBytes = typeof message !== 'string'
    const isBorrowed = isBytes && this.#gate === undefined
    frames.send(isBytes && !isBorrowed ? Buffer.from(message) : message, this.#onWritten)
    return this.#isFlowing(frames.bufferedAmount, isBorrowed)
  }

  #isFlowing(waiting: number, isBorrowed: boolean): boolean {
    this.#borrowing ||= isBorrowed && waiting > 0
    this.#draining ||= this.#borrowing || waiting >= HIGH_WATER_MARK
    return !this.#draining
  }

  // The app answers the messages before the fault first, within the time of a closing handshake.
  #failAnswered(fail: () => void): void {
    const timer = setTimeout(fail, this.#tools.closeTimeoutMs)
    this.#frames?.once('close', () => clearTimeout(timer))
    this.events?.whenAnswered(() => {
      clearTimeout(timer)
      fail()
    })
  }

  // When a socket dies, its waiting writes fail: that is no drain, and the close follows.
  readonly #onWritten = (error?: Error | null): void => {
    if (this.#frames?.readyState !== WebSocket.OPEN) return
    if (error || !this.#draining || this.backlog >= (this.#borrowing ? 1 : HIGH_WATER_MARK)) return
    this.#draining = false
    this.#borrowing = false
    this.events?.onDrain()
  }

  readonly #onDrain = (): void => {
    this.events?.onDrain()
  }

  // A client that ends its side before the answer to the handshake has left: a WebSocket needs both sides.
  readonly #onGone = (): void => {
    this.destroy()
    this.events?.onClose(1006, '')
  }
}
