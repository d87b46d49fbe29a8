// The TLS handshakes of a listener, the same for both engines.

import { MAX_TIMER_MS } from '../waiting/settles-within.ts'
import { TlsFiles } from './tls/tls-files.ts'
import type { Socket } from 'node:net'
import type { Server, TLSSocket, TlsOptions } from 'node:tls'
import type { Settings } from './options.ts'

/** The options of a TLS listener: those of the user, a time limit, and the protocols that are spoken (RFC 7301). */
export function tlsListenerOptions({ tls, http2, headTimeoutMs }: Settings): TlsOptions {
  const handshakeTimeout = Math.min(headTimeoutMs, MAX_TIMER_MS)
  const given = tls instanceof TlsFiles ? tls.listenerOptions() : tls
  return { handshakeTimeout, ...given, ALPNProtocols: http2 ? ['h2', ...HTTP_1] : HTTP_1 }
}

const HTTP_1 = ['http/1.1', 'http/1.0']

/**
 * The sockets of one listener whose handshake is under way. A server that closes would wait for them, and none of them is a
 * connection of its engine yet.
 */
export class Handshakes {
  readonly #sockets = new Set<Socket>()
  #detach = (): void => undefined

  /**
   * Watches `server`. A handshake that fails, or takes longer than its limit, ends its socket. Certificates from files stay up
   * to date.
   */
  watch(server: Server, { tls, log }: Pick<Settings, 'tls' | 'log'>): void {
    server.on('connection', (socket: Socket) => this.#add(socket))
    // The engine listens already, and gets a socket that is destroyed: no byte of its client is read.
    server.prependListener('secureConnection', (secured: TLSSocket) => {
      this.#forget(secured)
      if (!(tls instanceof TlsFiles) || tls.admits(secured)) return
      log.info({ reason: secured.authorizationError }, 'a client certificate was refused')
      secured.destroy()
    })
    server.on('tlsClientError', (err: Error, socket: TLSSocket) => {
      const { authorizationError: reason } = socket
      log.info({ err, ...(reason ? { reason } : {}) }, 'a TLS handshake failed')
      socket.destroy()
    })
    if (!(tls instanceof TlsFiles)) return
    server.once('listening', () => {
      this.#detach = tls.attach(server, log)
    })
  }

  /** Cuts the sockets whose handshake is under way: no further one comes. */
  cutAll(): void {
    this.#detach()
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
