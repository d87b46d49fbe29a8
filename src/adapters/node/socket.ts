// The socket that a handler of node:http sees. The real one belongs to the server: this one answers the questions that
// node:http and the packages of its users ask, and refuses everything else.

import { X509Certificate } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { getDefaultHighWaterMark } from 'node:stream'
import type { HttpScope } from '../../contract/events.ts'
import type { ServerResponse } from 'node:http'

const HIGH_WATER_MARK = getDefaultHighWaterMark(false)

/** The exchange of a socket. */
export interface SocketOwner {
  readonly scope: HttpScope
  /** Bytes that the handler has written and the client has not taken. */
  readonly pendingBytes: number
  /** The handler reads the body. */
  pull(): void
  /** The last cork is gone. */
  uncorked(): void
  /** The text of an interim response. */
  interim(text: string): void
  /** The handler has destroyed the connection. */
  cut(error: Error | undefined): void
  timedOut(): void
}

interface WritableState {
  corked: number
  errored: Error | null
}

/** The `req.socket` of one exchange. */
export class ExchangeSocket extends EventEmitter {
  // node:http reads and writes these four.
  _httpMessage: ServerResponse | null = null
  readonly _writableState: WritableState = { corked: 0, errored: null }
  _paused = false
  readonly server = undefined
  readable = true
  writable = true
  destroyed = false
  readonly connecting = false
  readonly #owner: SocketOwner
  #timer: NodeJS.Timeout | undefined
  #encrypted: boolean | undefined

  constructor(owner: SocketOwner) {
    super()
    this.#owner = owner
  }

  // --- node:http ---

  get readableHighWaterMark(): number {
    return HIGH_WATER_MARK
  }

  get writableHighWaterMark(): number {
    return HIGH_WATER_MARK
  }

  get writableLength(): number {
    return this.#owner.pendingBytes
  }

  get writableCorked(): number {
    return this._writableState.corked
  }

  get writableEnded(): boolean {
    return !this.writable
  }

  get closed(): boolean {
    return this.destroyed
  }

  get errored(): Error | null {
    return this._writableState.errored
  }

  cork(): void {
    this._writableState.corked += 1
  }

  uncork(): void {
    const state = this._writableState
    if (state.corked === 0) return
    state.corked -= 1
    if (state.corked === 0) this.#owner.uncorked()
  }

  /** node:http writes interim responses to the socket itself. */
  write(data: string | Uint8Array, encoding?: unknown, callback?: () => void): boolean {
    this.#owner.interim(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'))
    const done = typeof encoding === 'function' ? (encoding as () => void) : callback
    if (done) process.nextTick(done)
    return true
  }

  end(): never {
    throw new TypeError('fromNode(): the socket belongs to the server; end the response instead')
  }

  resume(): this {
    this._paused = false
    this.#owner.pull()
    return this
  }

  pause(): this {
    return this
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this
    this.close(error)
    this.#owner.cut(error)
    return this
  }

  destroySoon(): this {
    return this.destroy()
  }

  resetAndDestroy(): this {
    return this.destroy()
  }

  /** The connection is gone, or the handler has given it up. */
  close(error?: Error): void {
    this.destroyed = true
    this.readable = false
    this.writable = false
    this._writableState.errored = error ?? null
    this.release()
    process.nextTick(emitClose, this, error)
  }

  /** Ends the timeout. */
  release(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  setTimeout(ms: number, callback?: () => void): this {
    this.release()
    if (callback) this.once('timeout', callback)
    if (ms > 0) this.#timer = setTimeout(() => this.#owner.timedOut(), ms).unref()
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  // --- packages of the users ---

  get encrypted(): boolean {
    return this.#encrypted ?? this.#owner.scope.scheme === 'https'
  }

  /** Middleware after a proxy sets it. */
  set encrypted(value: boolean) {
    this.#encrypted = value
  }

  /** The certificate of the client, in the form of node:tls; an empty object if there is none. */
  getPeerCertificate(): object {
    const [certificate] = this.#tls?.clientCertChain ?? []
    return certificate === undefined ? {} : new X509Certificate(certificate).toLegacyObject()
  }

  get authorizationError(): string | null {
    return this.#tls?.clientCertError ?? null
  }

  get #tls(): TlsFacts | undefined {
    return this.#owner.scope.extensions['tls'] as TlsFacts | undefined
  }

  get authorized(): boolean {
    const tls = this.#tls
    return tls !== undefined && tls.clientCertChain.length > 0 && tls.clientCertError === null
  }

  get remoteAddress(): string | undefined {
    return this.#owner.scope.client?.[0]
  }

  get remotePort(): number | undefined {
    return this.#owner.scope.client?.[1]
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress)
  }

  get localAddress(): string | undefined {
    const { server } = this.#owner.scope
    return server === null || server[1] === null ? undefined : server[0]
  }

  get localPort(): number | undefined {
    return this.#owner.scope.server?.[1] ?? undefined
  }

  get localFamily(): string | undefined {
    return familyOf(this.localAddress)
  }

  get readyState(): string {
    return this.destroyed ? 'closed' : 'open'
  }

  address(): { address?: string; port?: number | undefined; family?: string | undefined } {
    const { localAddress: address, localPort: port, localFamily: family } = this
    return address === undefined ? {} : { address, port, family }
  }
}

interface TlsFacts {
  clientCertChain: readonly string[]
  clientCertError: string | null
}

// node:http has a listener of its own for errors, so that an error without another one ends no process.
function emitClose(socket: ExchangeSocket, error: Error | undefined): void {
  if (error && socket.listenerCount('error') > 0) socket.emit('error', error)
  socket.emit('close', error !== undefined)
}

function familyOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  return address.includes(':') ? 'IPv6' : 'IPv4'
}
