// The engine of the gateway protocols: connections of web servers, whose protocol is a parameter.

import { createServer } from 'node:net'
import { deferred } from '../../waiting/deferred.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { SOCKET_OPTIONS } from '../listen.ts'
import { ListenerContext } from '../listener-context.ts'
import { Listening } from '../listening.ts'
import { CgiConnection } from './cgi-connection.ts'
import type { Socket } from 'node:net'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { ConnectionTools } from './connection-tools.ts'
import type { GatewayProtocol } from './protocol.ts'

/** Serves the requests that a web server passes on. There are no WebSockets. Owns the listener and every socket. */
export class CgiEngine implements Engine {
  readonly #listening: Listening
  readonly #connections = new Set<CgiConnection>()
  readonly #tools: ConnectionTools
  #whenEmpty: Deferred<void> | undefined

  constructor(dispatcher: Dispatcher, settings: Settings, protocol: GatewayProtocol) {
    this.#tools = {
      context: new ListenerContext(),
      dispatcher,
      protocol,
      settings,
      onClosed: (connection) => this.#forget(connection as CgiConnection),
    }
    const server = createServer(SOCKET_OPTIONS, (socket) => this.#onConnection(socket))
    this.#listening = new Listening(server, settings)
  }

  get connections(): number {
    return this.#connections.size
  }

  listen(): Promise<ServerAddress> {
    return this.#listening.open()
  }

  async drain(idleMs: number): Promise<void> {
    const { closed } = await this.#listening.stop(idleMs)
    const whenEmpty = (this.#whenEmpty = deferred())
    if (this.connections === 0) whenEmpty.resolve()
    for (const connection of this.#connections) connection.drain(idleMs)
    const finished = Promise.all([closed, whenEmpty.promise])
    await settlesWithin(finished, idleMs)
    for (const connection of this.#connections) connection.drain(0)
    await finished
  }

  cutRequests(): void {
    for (const connection of this.#connections) connection.cut()
  }

  closeWebSockets(): void {}

  destroy(): void {
    this.cutRequests()
  }

  #onConnection(socket: Socket): void {
    this.#connections.add(new CgiConnection(socket, this.#tools))
  }

  #forget(connection: CgiConnection): void {
    this.#connections.delete(connection)
    if (this.connections === 0) this.#whenEmpty?.resolve()
  }
}
