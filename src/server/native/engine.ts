// The engine on node:net: HTTP/1.1 by our own parser and writer.

import { createServer } from 'node:net'
import { listen } from '../listen.ts'
import { WebSockets } from '../websocket/websockets.ts'
import { NativeConnection } from './connection.ts'
import { TimerWheel } from './timer-wheel.ts'
import type { Server, Socket } from 'node:net'
import type { Dispatcher } from '../dispatcher.ts'
import type { Address, Engine } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { ConnectionTools } from './connection-tools.ts'

/** HTTP/1.1 of our own, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NativeEngine implements Engine {
  readonly #settings: Settings
  readonly #server: Server
  readonly #tools: ConnectionTools
  readonly #connections = new Set<NativeConnection>()

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#settings = settings
    this.#tools = {
      dispatcher,
      settings,
      webSockets: new WebSockets(dispatcher, settings),
      wheel: new TimerWheel(),
    }
    const options = { allowHalfOpen: true, noDelay: true }
    this.#server = createServer(options, (socket) => this.#onConnection(socket))
  }

  listen(): Promise<Address> {
    return listen(this.#server, this.#settings)
  }

  async drain(): Promise<void> {
    // What was sent before stands in the system's buffers: one turn of the loop reads it, and it is answered.
    await turn()
    for (const connection of this.#connections) connection.closeWhenIdle()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  cutRequests(): void {
    for (const connection of this.#connections) if (!connection.upgraded) connection.cut()
  }

  closeWebSockets(): void {
    this.#tools.webSockets.closeAll()
  }

  destroy(): void {
    for (const connection of this.#connections) connection.cut()
  }

  #onConnection(socket: Socket): void {
    const connection = new NativeConnection(socket, this.#tools)
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }
}

// The first may fire in this turn of the loop, the second stands behind a whole one.
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
}
