// Relays the messages and the close of an open WebSocket in both directions, each at the pace of its reader.

import { deferred } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import type { RawData, WebSocket } from 'ws'
import type { ReceiveEvent, Send, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { HandshakeResult } from './websocket-handshake.ts'

/** The arguments of an event app for a WebSocket. */
export interface ForwardedSocket {
  scope: WebSocketScope
  receive: () => Promise<ReceiveEvent>
  send: Send
}

/** The target is the reason for the end of an exchange; `cause` is the error of ws or of a socket. */
export class TargetFault extends Error {
  constructor(cause: unknown) {
    super('the target broke off', { cause })
  }
}

type OpenHandshake = Extract<HandshakeResult, { type: 'open' }>

// A target that does not read: beyond these bytes the client waits.
const MAX_BUFFERED_BYTES = 256 * 1024
// RFC 6455, 7.4.1: no status, and a connection that broke. Neither is ever sent.
const NO_STATUS = 1005
const BROKEN = 1006
// The registry of close codes: a gateway got an invalid response, the 502 of WebSockets.
const BAD_GATEWAY = 1014

/** Relays one WebSocket until both sides are closed. */
export class WebSocketRelay {
  readonly #handshake: OpenHandshake
  readonly #socket: WebSocket
  readonly #exchange: ForwardedSocket
  readonly #leaving: AbortSignal
  readonly #closed: Deferred<void> = deferred()
  #sending: Promise<void> = Promise.resolve()
  #unsent = 0
  #fault: TargetFault | undefined
  #isClientGone = false

  /** @param leaving aborts when the client has left */
  constructor(opened: OpenHandshake, exchange: ForwardedSocket, leaving: AbortSignal) {
    this.#handshake = opened
    this.#socket = opened.socket
    this.#exchange = exchange
    this.#leaving = leaving
  }

  /** Accepts the client's handshake, and relays. Rejects if the target breaks off. */
  async run(): Promise<void> {
    const { subprotocol, headers } = this.#handshake
    this.#listen()
    try {
      await this.#exchange.send({ type: 'websocket.accept', subprotocol, headers })
      this.#socket.resume()
      await this.#relayClient()
      await this.#closed.promise
      await this.#sending
    } finally {
      this.#socket.terminate()
    }
    if (this.#fault !== undefined) throw this.#fault
  }

  // --- from the target ---

  #listen(): void {
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    this.#socket.on('error', (error) => (this.#fault = new TargetFault(error)))
    this.#socket.on('close', (code, reason) => this.#onClose(code, reason.toString()))
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const bytes = data as Buffer
    this.#toClient(
      isBinary
        ? { type: 'websocket.send', bytes }
        : { type: 'websocket.send', text: bytes.toString() },
    )
  }

  #onClose(code: number, reason: string): void {
    this.#closed.resolve()
    if (this.#isClientGone) return
    this.#toClient({ type: 'websocket.close', ...closeFor(code, reason) })
    if (code === BROKEN) this.#fault ??= new TargetFault(brokenError())
  }

  // The target waits for a client that does not keep up.
  #toClient(event: SendEvent): void {
    const sent = this.#exchange.send(event)
    if (sent === TAKEN) return
    this.#socket.pause()
    this.#unsent += 1
    this.#sending = sent.then(
      () => this.#sent(),
      () => this.#clientLeft(),
    )
  }

  #sent(): void {
    this.#unsent -= 1
    if (this.#unsent === 0) this.#socket.resume()
  }

  // --- from the client ---

  async #relayClient(): Promise<void> {
    for (;;) {
      const event = await this.#exchange.receive()
      if (event.type === 'websocket.disconnect') return this.#closeTarget(event)
      await this.#toTarget(event)
    }
  }

  #toTarget(event: ReceiveEvent): Promise<void> | undefined {
    const message = event.text ?? event.bytes ?? ''
    if (this.#socket.bufferedAmount <= MAX_BUFFERED_BYTES) {
      this.#socket.send(message, ignore)
      return undefined
    }
    const left = deferred()
    const leave = (): void => left.resolve()
    // The callback comes when the message has left, or when the connection is gone. A target that never reads must not keep
    // the exchange of a client that has left: then the close follows, which ws ends in finite time.
    this.#socket.send(message, leave)
    this.#leaving.addEventListener('abort', leave, { once: true })
    if (this.#leaving.aborted) leave()
    return left.promise.finally(() => this.#leaving.removeEventListener('abort', leave))
  }

  #closeTarget({ code = NO_STATUS, reason = '' }: ReceiveEvent): void {
    this.#isClientGone = true
    this.#socket.resume()
    if (code === BROKEN) this.#socket.terminate()
    else if (code === NO_STATUS) this.#socket.close()
    else this.#socket.close(code, reason)
  }

  #clientLeft(): void {
    this.#isClientGone = true
    this.#socket.terminate()
  }
}

function closeFor(code: number, reason: string): { code: number; reason: string } {
  if (code === NO_STATUS) return { code: 1000, reason: '' }
  if (code === BROKEN) return { code: BAD_GATEWAY, reason: '' }
  return { code, reason }
}

// The close event of ws has no error.
function brokenError(): Error {
  return Object.assign(new Error('the connection ended without a close'), { code: 'ECONNRESET' })
}

function ignore(): void {}
