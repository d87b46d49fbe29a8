// One WebSocket of either engine: a socket whose handshake waits for its answer, then frames or a denial.

import { WebSocket } from 'ws'
import { SocketResponse } from '../socket-response.ts'
import { InflateGate } from './inflate-gate.ts'
import { disown, ignoreEnd, own, readOwned, watchDrains } from './owned-socket.ts'
import { messageFrame, messageHead, PING_FRAME, pongFrame } from './message-frame.ts'
import { readPlainFrames } from './plain-frames.ts'
import { corkTurn, relieve } from './turn-cork.ts'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { WebSocketEvents, WebSocketTransport } from '../engine.ts'
import type { Denial, UpgradeRequest } from './acceptor.ts'
import type { LateFailureSocket } from './late-failure.ts'
import type { Pulse } from './pings.ts'
import type { SocketOwner } from './owned-socket.ts'
import type { FrameSink } from './plain-frames.ts'
import type { TransportTools } from './transport-tools.ts'

/**
 * `handshake`: no answer, or a denial. `passed-on`: the socket belongs to the next handler of its server. `plain`: accepted,
 * and this class reads the frames itself. `ended`: so far plain, and the client has ended its side. `framed`: `ws` has the
 * socket.
 */
type Phase = 'handshake' | 'passed-on' | 'plain' | 'ended' | 'framed'

const HIGH_WATER_MARK = 64 * 1024
const FRAMED_CHARS = 16 * 1024
const PING_TIMEOUT = 'keepalive ping timeout'
const NOTHING = Buffer.alloc(0)

/**
 * The engine's side of one WebSocket; it closes the socket in every case.
 *
 * The objects of `ws` for one socket take more memory than all others of an idle WebSocket, and its reader costs more than
 * a short message. So `ws` gets a socket when it is needed: for long or fragmented messages, faults, pauses, compression
 * and the closing handshake. From then on it keeps the socket.
 */
export class SocketTransport implements WebSocketTransport, Pulse, SocketOwner, FrameSink {
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: WebSocketEvents | undefined
  readonly #socket: Socket
  readonly #tools: TransportTools
  #upgrade: UpgradeRequest | undefined
  #phase: Phase = 'handshake'
  #frames: LateFailureSocket | undefined
  #gate: InflateGate | undefined
  #denial: Denial | undefined
  /** The first bytes of a plain frame that is not whole yet. */
  #held: Uint8Array | undefined
  #isReading = false
  /** The messages of the chunk that is read now, or was read last. */
  #arrived = 0
  #isPaused = false
  #draining = false
  /** Bytes of the app wait for the socket. The socket has no copy of them. */
  #borrowing = false
  #onWritten: ((error?: Error | null) => void) | undefined
  #failure = ''

  constructor(upgrade: UpgradeRequest, tools: TransportTools) {
    this.#upgrade = upgrade
    this.#socket = upgrade.socket
    this.#tools = tools
    // The socket is paused: bytes that the client sends before the 101 stay in it.
    own(this.#socket, this)
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get backlog(): number {
    return this.#frames?.bufferedAmount ?? this.#socket.writableLength
  }

  get paused(): boolean {
    return this.#frames?.isPaused ?? (this.#phase === 'handshake' || this.#phase === 'passed-on')
  }

  accept(subprotocol: string | null, headers: HeaderPairs): boolean {
    const upgrade = this.#upgrade as UpgradeRequest
    const { acceptor, pings } = this.#tools
    const follow = (frames: LateFailureSocket): void => this.#follow(frames)
    if (!acceptor.accept(upgrade, { subprotocol, headers }, follow)) return false
    // The head of the request is not needed any more.
    this.#upgrade = undefined
    if (this.#phase === 'handshake') {
      this.#phase = 'plain'
      readOwned(this.#socket)
    }
    pings.watch(this)
    // The socket was paused until this answer.
    this.#socket.resume()
    return true
  }

  deny(part: ResponsePart): boolean {
    const next = part.head?.status === 404 ? this.#upgrade?.nextHandler?.() : undefined
    if (next) this.#passOn(next)
    if (this.#phase === 'passed-on') return true
    this.#denial ??= this.#newDenial()
    if (part.end) ignoreEnd(this.#socket)
    return this.#denial.write(part)
  }

  send(message: string | Uint8Array): boolean {
    if (!this.#isOpen) return false
    if (this.#gate !== undefined) return this.#compress(message)
    return message.length <= FRAMED_CHARS ? this.#sendFrame(message) : this.#sendParts(message)
  }

  close(code: number, reason: string): void {
    this.#tools.pings.unwatch(this)
    this.#handOver(NOTHING)
    this.#frames?.close(code, reason)
  }

  pause(): void {
    this.#isPaused = true
    // A paused socket may end before its last bytes are read: `ws` reads them then, after the frames that are read now.
    if (!this.#isReading) this.#handOver(NOTHING)
    this.#frames?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#frames?.resume()
    this.#gate?.open()
  }

  destroy(): void {
    if (this.#phase !== 'passed-on') this.#socket.destroy()
  }

  ping(): void {
    if (this.#frames !== undefined) this.#frames.ping()
    else if (this.#isOpen) this.#socket.write(PING_FRAME)
  }

  expire(): void {
    this.#failure = PING_TIMEOUT
    this.close(1011, PING_TIMEOUT)
    this.destroy()
  }

  onData(chunk: Buffer): void {
    const bytes = this.#takeHeld(chunk)
    this.#isReading = true
    this.#arrived = 0
    const at = readPlainFrames(bytes, this.#tools.maxMessageBytes, this)
    this.#isReading = false
    if (at < 0) this.#handOver(bytes.subarray(-1 - at))
    // A copy: a few bytes must not keep a chunk of 64 KiB.
    else if (at < bytes.length) this.#held = new Uint8Array(bytes.subarray(at))
  }

  onDrain(): void {
    this.events?.onDrain()
  }

  // A client that ends its side before the answer to the handshake has left: a WebSocket needs both sides.
  onEnd(): void {
    if (this.#phase !== 'plain') return this.destroy()
    this.#phase = 'ended'
    this.#socket.end()
  }

  onClosed(): void {
    this.#gone(1006, this.#failure)
  }

  onMessage(message: string | Uint8Array): boolean {
    this.#arrived += 1
    if (this.#arrived === 2) corkTurn(this.#socket)
    this.events?.onMessage(message)
    return !this.#isPaused
  }

  onPing(payload: Buffer): boolean {
    // `ws` bounds the pongs to a client that does not read them.
    if (this.#socket.writableLength > 0) return false
    this.#socket.write(pongFrame(payload))
    return true
  }

  get #isOpen(): boolean {
    if (this.#socket.destroyed) return false
    return this.#phase === 'plain' || this.#frames?.readyState === WebSocket.OPEN
  }

  #takeHeld(next: Buffer): Buffer {
    const held = this.#held
    this.#held = undefined
    return held === undefined ? next : Buffer.concat([held, next])
  }

  /** Gives a plain socket to `ws`, which reads `rest` and all later bytes. */
  #handOver(rest: Buffer): void {
    const socket = this.#socket
    if (this.#phase !== 'plain' || socket.destroyed) return
    const unread = this.#takeHeld(rest)
    // A flowing socket would lose the bytes that go back into it.
    socket.pause()
    const frames = this.#tools.acceptor.adopt(socket, unread)
    this.#follow(frames)
    if (this.#isPaused) frames.pause()
    else socket.resume()
  }

  /** `ws` has the socket, and its reports go on to the owner. */
  #follow(frames: LateFailureSocket): void {
    const socket = this.#socket
    this.#phase = 'framed'
    disown(socket)
    this.#frames = frames
    frames.delayFaults(this.#tools.closeTimeoutMs, (go) => this.events?.whenAnswered(go))
    if (frames.extensions !== '') this.#gate = new InflateGate(frames, socket)
    frames.on('message', (data: Buffer, isBinary: boolean) => {
      this.events?.onMessage(isBinary ? data : data.toString())
    })
    frames.on('error', (error) => void (this.#failure ||= error.message))
    frames.on('close', (code, reason) => this.#gone(code, reason.toString() || this.#failure))
  }

  #gone(code: number, reason: string): void {
    this.#tools.pings.unwatch(this)
    this.#tools.onGone(this)
    this.events?.onClose(code, reason)
  }

  #newDenial(): Denial {
    watchDrains(this.#socket)
    return this.#upgrade?.answer ?? new SocketResponse(this.#socket, this.#tools.closeTimeoutMs)
  }

  // The rest of the denial goes nowhere. An app that has not finished it by the next turn has lost its client.
  #passOn(next: () => void): void {
    this.#phase = 'passed-on'
    disown(this.#socket)
    process.nextTick(next)
    setImmediate(() => this.#gone(1006, ''))
  }

  // One write for header and message. `ws` takes two buffers and a cork, which costs more than the copy. The copy also
  // frees the app's bytes.
  #sendFrame(message: string | Uint8Array): boolean {
    const socket = this.#socket
    const frame = messageFrame(message)
    if (socket.writableLength + frame.length < HIGH_WATER_MARK) {
      socket.write(frame)
      relieve(socket)
      return true
    }
    // A callback costs: only a message that may have to wait gets one.
    socket.write(frame, this.#writtenCallback)
    relieve(socket)
    return this.#isFlowing(socket.writableLength, false)
  }

  #sendParts(message: string | Uint8Array): boolean {
    const socket = this.#socket
    const isText = typeof message === 'string'
    const size = isText ? Buffer.byteLength(message) : message.byteLength
    socket.cork()
    socket.write(messageHead(isText, size))
    socket.write(message, this.#writtenCallback)
    socket.uncork()
    return this.#isFlowing(socket.writableLength, !isText)
  }

  // The extension compresses after send() has returned: it gets a copy, because the app may change its bytes.
  #compress(message: string | Uint8Array): boolean {
    const frames = this.#frames as LateFailureSocket
    frames.send(typeof message === 'string' ? message : Buffer.from(message), this.#writtenCallback)
    return this.#isFlowing(frames.bufferedAmount, false)
  }

  #isFlowing(waiting: number, isBorrowed: boolean): boolean {
    this.#borrowing ||= isBorrowed && waiting > 0
    this.#draining ||= this.#borrowing || waiting >= HIGH_WATER_MARK
    return !this.#draining
  }

  get #writtenCallback(): (error?: Error | null) => void {
    return (this.#onWritten ??= this.#makeCallback())
  }

  #makeCallback(): (error?: Error | null) => void {
    return (error) => {
      if (error || !this.#isOpen || !this.#draining) return
      // When a socket dies, its waiting writes fail: that is no drain, and the close follows.
      if (this.backlog >= (this.#borrowing ? 1 : HIGH_WATER_MARK)) return
      this.#draining = false
      this.#borrowing = false
      this.events?.onDrain()
    }
  }
}
