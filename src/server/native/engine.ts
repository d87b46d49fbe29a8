// The engine on node:net: HTTP/1.1 by our own parser and writer.

import { createServer } from 'node:net'
import { deferred } from '../../waiting/deferred.ts'
import { listen, SOCKET_OPTIONS } from '../listen.ts'
import { WebSockets } from '../websocket/websockets.ts'
import { AcceptGate } from './accept-gate.ts'
import { byteSource } from './byte-source.ts'
import { NativeConnection } from './connection.ts'
import { Handshakes } from './handshakes.ts'
import { ListenerContext } from './listener-context.ts'
import type { Server, Socket } from 'node:net'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { ConnectionTools } from './connection-tools.ts'

const DRAIN_IDLE_MS = 0

/** HTTP/1.1 by our own parser, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NativeEngine implements Engine {
  readonly #settings: Settings
  readonly #server: Server
  readonly #tools: ConnectionTools
  readonly #connections = new Set<NativeConnection>()
  readonly #handshakes = new Handshakes()
  readonly #gate = new AcceptGate((socket) => this.#onConnection(socket))
  #whenEmpty: Deferred<void> | undefined

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#settings = settings
    this.#tools = {
      context: new ListenerContext(),
      dispatcher,
      settings,
      webSockets: new WebSockets(dispatcher, settings),
    }
    this.#server =
      settings.tls === null
        ? createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true }, (socket) =>
            this.#gate.add(socket),
          )
        : this.#handshakes.createServer(settings, (socket) => this.#onConnection(socket))
  }

  get connections(): number {
    return this.#connections.size
  }

  listen(): Promise<ServerAddress> {
    return listen(this.#server, this.#settings)
  }

  async drain(): Promise<void> {
    // Requests that were sent before are still in the buffers of the system: they are read and answered.
    await turns()
    this.#gate.admitAll()
    await turns()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#gate.admitAll()
    for (const connection of this.#connections) connection.lameDuck(DRAIN_IDLE_MS)
    this.#handshakes.cutAll()
    await closed
    // A socket with a byte source of its own has left the listener, whose close does not wait for it.
    this.#whenEmpty = deferred()
    if (this.#connections.size > 0) await this.#whenEmpty.promise
  }

  cutRequests(): void {
    for (const connection of this.#connections) if (!connection.isUpgraded) connection.cut()
  }

  closeWebSockets(): void {
    this.#tools.webSockets.closeAll()
  }

  destroy(): void {
    this.#gate.admitAll()
    for (const connection of this.#connections) connection.cut()
  }

  #onConnection(socket: Socket): void {
    const source = byteSource(socket)
    const connection = new NativeConnection(source, this.#tools)
    this.#connections.add(connection)
    source.socket.once('close', () => {
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#whenEmpty?.resolve()
    })
  }
}

// The first immediate may fire in this turn of the event loop. Connections are accepted in the next turn, and read in the
// turn after it.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
