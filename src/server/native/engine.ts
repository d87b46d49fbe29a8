// The engine on node:net: HTTP/1.1 by our own parser and writer.

import { createServer } from 'node:net'
import { deferred } from '../../waiting/deferred.ts'
import { listen, SOCKET_OPTIONS } from '../listen.ts'
import { WebSockets } from '../websocket/websockets.ts'
import { Arrivals } from './accept-gate.ts'
import { byteSource } from './byte-source.ts'
import { NativeConnection } from './connection.ts'
import { Handshakes } from './handshakes.ts'
import type { Server, Socket } from 'node:net'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { ConnectionTools } from './connection-tools.ts'

/** HTTP/1.1 of our own, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NativeEngine implements Engine {
  readonly #settings: Settings
  readonly #server: Server
  readonly #tools: ConnectionTools
  readonly #connections = new Set<NativeConnection>()
  readonly #handshakes = new Handshakes()
  readonly #arrivals = new Arrivals((socket) => this.#onConnection(socket))
  #whenEmpty: Deferred<void> | undefined

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#settings = settings
    this.#tools = {
      dispatcher,
      settings,
      webSockets: new WebSockets(dispatcher, settings),
      wheel: dispatcher.wheel,
    }
    this.#server =
      settings.tls === null
        ? createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true }, (socket) =>
            this.#arrivals.add(socket),
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
    // What was sent before stands in the system's buffers: it is read, and answered.
    await turns()
    this.#arrivals.admitAll()
    await turns()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#arrivals.admitAll()
    for (const connection of this.#connections) connection.closeWhenIdle()
    this.#handshakes.cutAll()
    await closed
    // Most are none of the listener's any more.
    this.#whenEmpty = deferred()
    if (this.#connections.size > 0) await this.#whenEmpty.promise
  }

  cutRequests(): void {
    for (const connection of this.#connections) if (!connection.upgraded) connection.cut()
  }

  closeWebSockets(): void {
    this.#tools.webSockets.closeAll()
  }

  destroy(): void {
    this.#arrivals.admitAll()
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

// The first immediate may fire in this turn of the loop. In the next one connections are accepted, in the one behind it
// they are read.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
