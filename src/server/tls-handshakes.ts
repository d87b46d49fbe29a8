// The TLS handshakes of a listener, the same for both engines.

import { MAX_TIMER_MS } from '../waiting/settles-within.ts'
import { refuse } from './refusal.ts'
import { TlsFiles } from './tls/tls-files.ts'
import type { Socket } from 'node:net'
import type { Server, TLSSocket, TlsOptions } from 'node:tls'
import type { Dispatcher } from './dispatcher.ts'
import type { Settings } from './options.ts'
import type { RefusalReason } from './refused-line.ts'

/** The options of a TLS listener: those of the user, a time limit, and the protocols that are spoken (RFC 7301). */
export function tlsListenerOptions({ tls, http2, headTimeoutMs }: Settings): TlsOptions {
  const handshakeTimeout = Math.min(headTimeoutMs, MAX_TIMER_MS)
  const given = tls instanceof TlsFiles ? tls.listenerOptions() : tls
  return { handshakeTimeout, ...given, ALPNProtocols: http2 ? ['h2', ...HTTP_1] : HTTP_1 }
}

const HTTP_1 = ['http/1.1', 'http/1.0']

const PLAIN_TEXT: RefusalReason = {
  status: 400,
  message: 'plain HTTP was sent to a port that speaks HTTPS',
  text: 'Plain HTTP was sent to a port that speaks HTTPS. Use https:// in the address.',
}

// OpenSSL knows the most frequent methods; to all other text it says that the version is wrong.
const PLAIN_TEXT_CODES: readonly unknown[] = [
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]

/** An error of a handshake. OpenSSL gives a code and a reason in words. */
interface HandshakeError extends Error {
  readonly code?: string
  readonly reason?: string
}

/**
 * The sockets of one listener whose handshake is under way. A server that closes would wait for them, and none of them is a
 * connection of its engine yet.
 */
export class Handshakes {
  readonly #sockets = new Set<Socket>()
  #detach = (): void => undefined

  /**
   * Watches `server`. A handshake that fails, or takes longer than its limit, ends its socket; plain HTTP gets 400 before.
   * Certificates from files stay up to date.
   */
  watch(server: Server, { tls, log }: Pick<Settings, 'tls' | 'log'>, dispatcher: Dispatcher): void {
    server.on('connection', (socket: Socket) => this.#add(socket))
    // The engine listens already, and gets a socket that is destroyed: no byte of its client is read.
    server.prependListener('secureConnection', (secured: TLSSocket) => {
      this.#forget(secured)
      if (!(tls instanceof TlsFiles) || tls.admits(secured)) return
      log.info({ reason: secured.authorizationError }, 'a client certificate was refused')
      secured.destroy()
    })
    server.on('tlsClientError', (error: HandshakeError, socket: TLSSocket) => {
      const below = socketBelow(socket)
      if (below !== undefined && isPlainText(error, below)) {
        const answer = dispatcher.refusal(PLAIN_TEXT, below)
        return refuse(below, PLAIN_TEXT.status, dispatcher.identity, answer)
      }
      const reason = socket.authorizationError ?? error.reason ?? error.message
      log.info({ reason, code: error.code }, `a TLS handshake failed: ${String(reason)}`)
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

  // An address does not find the socket: the client may have left already, and a unix socket has no address.
  #forget(secured: TLSSocket): void {
    const below = socketBelow(secured)
    if (below !== undefined) this.#sockets.delete(below)
  }
}

// Node has no documented way from a secured socket to the socket below.
function socketBelow(secured: TLSSocket & { _parent?: Socket }): Socket | undefined {
  return secured._parent
}

// A client that speaks another version of TLS has got an alert; text after it would be noise.
function isPlainText({ code }: HandshakeError, below: Socket): boolean {
  return PLAIN_TEXT_CODES.includes(code) && below.writable && below.bytesWritten === 0
}
