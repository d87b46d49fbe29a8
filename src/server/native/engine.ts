// The engine on node:net: HTTP/1.1 by our own parser and writer.

import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { deferred } from '../../waiting/deferred.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { Handshakes, tlsListenerOptions } from '../tls-handshakes.ts'
import { Http2Sessions } from '../http2/sessions.ts'
import { SOCKET_OPTIONS } from '../listen.ts'
import { Listening } from '../listening.ts'
import { passEnds } from '../proxy-protocol/told-ends.ts'
import { WebSockets } from '../websocket/websockets.ts'
import { AcceptGate } from './accept-gate.ts'
import { byteSource } from './byte-source.ts'
import { NativeConnection } from './connection.ts'
import { ListenerContext } from '../listener-context.ts'
import type { Server, Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { ConnectionTools } from './connection-tools.ts'

/** HTTP/1.1 by our own parser, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NativeEngine implements Engine {
  readonly #settings: Settings
  readonly #server: Server
  readonly #listening: Listening
  readonly #tools: ConnectionTools
  readonly #connections = new Set<NativeConnection>()
  /** The sockets of WebSockets. */
  readonly #upgraded = new Set<Socket>()
  readonly #handshakes = new Handshakes()
  readonly #gate = new AcceptGate((socket) => this.#onConnection(socket))
  readonly #http2: Http2Sessions
  #whenEmpty: Deferred<void> | undefined

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#settings = settings
    const webSockets = new WebSockets(dispatcher, settings)
    this.#http2 = new Http2Sessions(dispatcher, settings, webSockets, () => this.#onGone())
    this.#tools = {
      context: new ListenerContext(),
      dispatcher,
      settings,
      webSockets,
      onClosed: (connection) => this.#forget(this.#connections, connection as NativeConnection),
      onUpgraded: (connection, socket) => {
        this.#connections.delete(connection as NativeConnection)
        this.#upgraded.add(socket.on('close', onUpgradedClose))
      },
    }
    const onUpgradedClose = forgetter((socket) => this.#forget(this.#upgraded, socket))
    this.#server =
      settings.tls === null
        ? createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true }, (socket) =>
            this.#gate.add(socket),
          )
        : this.#createTlsServer(dispatcher)
    this.#listening = new Listening(this.#server, settings)
  }

  #createTlsServer(dispatcher: Dispatcher): TlsServer {
    const options = { ...tlsListenerOptions(this.#settings), ...SOCKET_OPTIONS }
    const server = createTlsServer(options, (socket) => this.#onConnection(socket))
    this.#handshakes.watch(server, this.#settings, dispatcher)
    return server
  }

  get connections(): number {
    return this.#connections.size + this.#upgraded.size + this.#http2.size
  }

  listen(): Promise<ServerAddress> {
    return this.#listening.open()
  }

  async drain(idleMs: number): Promise<void> {
    const { closed } = await this.#listening.stop(idleMs)
    this.#gate.admitAll()
    // A socket with a byte source of its own has left the listener, whose close does not wait for it.
    const whenEmpty = (this.#whenEmpty = deferred())
    if (this.connections === 0) whenEmpty.resolve()
    this.#drain(idleMs)
    const finished = Promise.all([closed, whenEmpty.promise])
    await settlesWithin(finished, idleMs)
    this.#handshakes.cutAll()
    this.#drain(0)
    await finished
  }

  #drain(idleMs: number): void {
    for (const connection of this.#connections) connection.drain(idleMs)
    this.#http2.drain(idleMs)
  }

  cutRequests(): void {
    this.#http2.cutRequests()
    for (const connection of this.#connections) connection.cut()
  }

  closeWebSockets(): void {
    this.#tools.webSockets.closeAll()
  }

  destroy(): void {
    this.#gate.admitAll()
    this.#http2.destroy()
    for (const connection of this.#connections) connection.cut()
    for (const socket of this.#upgraded) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    // A socket that is read already may have ended at the gate.
    if (socket.destroyed) return
    // Its end does not come a second time.
    if (socket.readableEnded) return void socket.destroy()
    this.#http2.divert(socket, () => {
      const source = byteSource(socket)
      passEnds(socket, source.socket)
      this.#connections.add(new NativeConnection(source, this.#tools))
    })
  }

  #forget<Kept>(kept: Set<Kept>, closed: Kept): void {
    kept.delete(closed)
    this.#onGone()
  }

  #onGone(): void {
    if (this.connections === 0) this.#whenEmpty?.resolve()
  }
}

/** A listener for the close of any socket: one function, because an idle WebSocket holds as little as possible. */
function forgetter(forget: (socket: Socket) => void): (this: Socket) => void {
  return function onClose() {
    forget(this)
  }
}
