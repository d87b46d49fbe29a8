// The arrival of connections at an engine: from a listening socket of its own, or from a listener of the program.

import { createServer, Server } from 'node:net'
import { deferred } from '../waiting/deferred.ts'
import { acceptWaiting } from './accept-waiting.ts'
import { listen, SOCKET_OPTIONS } from './listen.ts'
import { ProxyHeaders } from './proxy-protocol/proxy-headers.ts'
import type { Socket } from 'node:net'
import type { Deferred } from '../waiting/deferred.ts'
import type { ServerAddress } from './engine.ts'
import type { Settings } from './options.ts'

/** Opens and closes the way of connections to one server of node:net, node:tls or node:http. */
export class Listening {
  readonly #server: Server
  readonly #settings: Settings
  /** The server that accepts: another one, if the first bytes of a connection are not for the engine. */
  readonly #door: Server
  readonly #headers: ProxyHeaders | null
  // The connections that the listener has given, before their TLS too.
  readonly #given = new Set<Socket>()
  #accepted = 0
  #whenClosed: Deferred<void> | undefined

  constructor(server: Server, settings: Settings) {
    this.#server = server
    this.#settings = settings
    this.#headers = settings.proxyProtocol === 'off' ? null : new ProxyHeaders(settings)
    this.#door = this.#headers === null ? server : this.#createDoor()
    this.#door.on('connection', () => {
      this.#accepted += 1
    })
  }

  /** Begins. Rejects with the system's own error (`EADDRINUSE` …). */
  async open(): Promise<ServerAddress> {
    const { listener } = this.#settings
    // node:http begins to watch the timeouts of its connections when it listens.
    if (listener !== null || this.#door !== this.#server) this.#server.emit('listening')
    if (listener === null) return listen(this.#door, this.#settings)
    await listener.open((socket) => this.#give(socket))
    return listener.address
  }

  /**
   * Takes the connections that wait, and ends. The promise `closed` of the result resolves when the last connection is
   * closed. Connections whose first bytes have not come after `idleMs` are cut.
   */
  async stop(idleMs: number): Promise<{ closed: Promise<unknown> }> {
    const { listener } = this.#settings
    if (this.#headers !== null) setTimeout(() => this.#headers?.cutAll(), idleMs).unref()
    if (listener === null) {
      await acceptWaiting(() => this.#accepted)
      // At once: a connection that comes between the last look and the close is reset. close() of node:http would close the
      // idle connections at once, and end the timeouts of the others.
      return {
        closed: new Promise((resolve) => Server.prototype.close.call(this.#door, resolve)),
      }
    }
    await listener.close()
    this.#whenClosed = deferred()
    if (this.#given.size === 0) this.#whenClosed.resolve()
    return { closed: this.#whenClosed.promise }
  }

  #give(socket: Socket): void {
    this.#given.add(socket)
    // The socket is read already, and may fail while it waits for its engine. The listener stays: the engine has its own.
    socket.on('error', ignore)
    socket.once('close', () => {
      this.#given.delete(socket)
      if (this.#given.size === 0) this.#whenClosed?.resolve()
    })
    Object.assign(socket, { allowHalfOpen: true })
    socket.setNoDelay()
    if (this.#headers === null) this.#admit(socket)
    else this.#headers.read(socket, this.#admit)
  }

  readonly #admit = (socket: Socket): void => {
    this.#server.emit('connection', socket)
  }

  #createDoor(): Server {
    return createServer(SOCKET_OPTIONS, (socket) => this.#headers?.read(socket, this.#admit))
  }
}

function ignore(): void {}
