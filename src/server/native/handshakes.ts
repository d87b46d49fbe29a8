// TLS in front of the engine: accepts sockets, and knows the sockets whose handshake is under way.

import { createServer } from 'node:tls'
import { MAX_TIMER_MS } from '../../waiting/settles-within.ts'
import { SOCKET_OPTIONS } from '../listen.ts'
import type { Server, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { Settings } from '../options.ts'

/** The handshakes that are under way on one listener. A server that closes would wait for them. */
export class Handshakes {
  readonly #sockets = new Set<Socket>()

  /** A server of node:tls; `onSecure` gets each socket once its handshake is done. */
  createServer(settings: Settings, onSecure: (socket: Socket) => void): Server {
    const { tls, headTimeoutMs, log } = settings
    const handshakeTimeout = Math.min(headTimeoutMs, MAX_TIMER_MS)
    const options: TlsOptions = {
      handshakeTimeout,
      ...tls,
      ...SOCKET_OPTIONS,
      ALPNProtocols: ['http/1.1'],
    }
    const server = createServer(options, (socket) => {
      this.#forget(socket)
      onSecure(socket)
    })
    server.on('connection', (socket: Socket) => this.#add(socket))
    server.on('tlsClientError', (err, socket) => {
      log.info({ err }, 'a TLS handshake failed')
      socket.destroy()
    })
    return server
  }

  /** Cuts the sockets whose handshake is under way. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  // Node has no documented way from a secured socket to the socket below. An address is none: the client may have left
  // already, and a unix socket has no address.
  #forget(secured: Socket & { _parent?: Socket }): void {
    const { _parent: below } = secured
    if (below !== undefined) this.#sockets.delete(below)
  }
}
