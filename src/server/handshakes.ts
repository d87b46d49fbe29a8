// The TLS handshakes of a listener, the same for both engines.

import { MAX_TIMER_MS } from '../waiting/settles-within.ts'
import type { Server, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { Log } from '../contract/log.ts'
import type { Settings } from './options.ts'

/** The options of a TLS listener: those of the user, a time limit, and the protocols that are spoken (RFC 7301). */
export function tlsListenerOptions({ tls, http2, headTimeoutMs }: Settings): TlsOptions {
  const handshakeTimeout = Math.min(headTimeoutMs, MAX_TIMER_MS)
  const ALPNProtocols = http2 ? ['h2', ...HTTP_1] : HTTP_1
  return { handshakeTimeout, ...tls, ALPNProtocols }
}

const HTTP_1 = ['http/1.1', 'http/1.0']

/**
 * The sockets of one listener whose handshake is under way. A server that closes would wait for them, and none of them is a
 * connection of its engine yet.
 */
export class Handshakes {
  readonly #sockets = new Set<Socket>()

  /** Watches `server`. A handshake that fails, or takes longer than its limit, ends its socket. */
  watch(server: Server, log: Log): void {
    server.on('connection', (socket: Socket) => this.#add(socket))
    server.on('secureConnection', (secured: Socket) => this.#forget(secured))
    server.on('tlsClientError', (err: Error, socket: Socket) => {
      log.info({ err }, 'a TLS handshake failed')
      socket.destroy()
    })
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
