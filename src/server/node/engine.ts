// The engine on node:http.

import { createServer, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { PeerError } from '../../errors.ts'
import { listHasToken } from '../../http/headers.ts'
import { NodeConnection } from './connection.ts'
import { NodeHttpTransport } from './http-transport.ts'
import { requestHead } from './request-head.ts'
import { cycleRequest } from '../cycle-request.ts'
import { listen } from '../listen.ts'
import { refuse } from '../refusal.ts'
import { WebSockets } from '../websocket/websockets.ts'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { RequestHead } from '../scope.ts'
import type { Settings } from '../options.ts'

/** HTTP/1.1 by node:http, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NodeEngine implements Engine {
  readonly #dispatcher: Dispatcher
  readonly #settings: Settings
  readonly #server: Server
  readonly #webSockets: WebSockets
  readonly #connections = new Map<Duplex, NodeConnection>()

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#dispatcher = dispatcher
    this.#settings = settings
    this.#webSockets = new WebSockets(dispatcher, settings)
    const options = {
      maxHeaderSize: settings.maxHeadBytes,
      headersTimeout: settings.headTimeoutMs,
      keepAliveTimeout: settings.keepAliveTimeoutMs,
      // Uploads have a timeout of their own, between two bytes; a total would forbid large ones.
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
      insecureHTTPParser: false,
      // The scope asks for Host, and answers as everywhere else.
      requireHostHeader: false,
      noDelay: true,
    }
    this.#server = settings.tls
      ? createTlsServer({ ...settings.tls, ...options, ALPNProtocols: ['http/1.1'] })
      : createServer(options)
    // node:http drops the fields above its limit in silence; ours is answered with 431.
    this.#server.maxHeadersCount = 0
    this.#listenToServer()
  }

  get connections(): number {
    return this.#connections.size
  }

  listen(): Promise<ServerAddress> {
    return listen(this.#server, this.#settings)
  }

  drain(): Promise<void> {
    for (const connection of this.#connections.values()) connection.closeWhenIdle()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  cutRequests(): void {
    for (const connection of this.#connections.values()) if (!connection.upgraded) connection.cut()
  }

  closeWebSockets(): void {
    this.#webSockets.closeAll()
  }

  destroy(): void {
    for (const connection of this.#connections.values()) connection.cut()
  }

  #listenToServer(): void {
    const server = this.#server
    const accepted = this.#settings.tls ? 'secureConnection' : 'connection'
    server.on(accepted, (socket: Socket) => this.#onConnection(socket))
    server.on('request', (req, res) => this.#onRequest(req, res, false))
    server.on('checkContinue', (req, res) => this.#onRequest(req, res, true))
    server.on('checkExpectation', (req: IncomingMessage) => this.#onExpectation(req))
    // Not the stream that is handed over: for a request with a body it may be another than the socket.
    server.on('connect', ({ socket }: IncomingMessage) => {
      this.#takeOver(socket, () => this.#refuse(socket, 501))
    })
    server.on('upgrade', (req: IncomingMessage, _stream: Duplex, head: Buffer) => {
      this.#takeOver(req.socket, (connection) => {
        this.#answering(req.socket, () => this.#onUpgrade(req, connection, head))
      })
    })
    server.on('clientError', (error, socket) => this.#onClientError(error, socket))
  }

  #onConnection(socket: Socket): void {
    const connection = new NodeConnection(socket)
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      this.#connections.delete(socket)
      connection.drop()
    })
  }

  #onRequest(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(req.socket)
    connection?.enqueue(() => {
      this.#serve(req, res, expectsContinue, () => connection.release())
    })
  }

  #serve(
    req: IncomingMessage,
    res: ServerResponse,
    expectsContinue: boolean,
    onClose: () => void,
  ): void {
    this.#answering(req.socket, () => {
      const head = requestHead(req, this.#settings.uds)
      if (requestLineBytes(head) > this.#settings.maxRequestLineBytes) {
        return this.#refuse(req.socket, 414)
      }
      const request = cycleRequest(head, expectsContinue)
      const transport = new NodeHttpTransport(req, res, request.hasBody, onClose)
      request.keepAlive &&= res.shouldKeepAlive
      transport.events = this.#dispatcher.http(head, request, transport)
    })
  }

  #answering(socket: Socket, serve: () => void): void {
    try {
      serve()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#refuse(socket, error.status)
    }
  }

  #onExpectation({ socket }: IncomingMessage): void {
    this.#connections.get(socket)?.enqueue(() => this.#refuse(socket, 417))
  }

  // node:http has let go of the socket: a response still under way could not be finished, and none comes after.
  #takeOver(socket: Socket, serve: (connection: NodeConnection) => void): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.busy) return void socket.destroy()
    connection.enqueue(() => serve(connection))
  }

  #onUpgrade(req: IncomingMessage, connection: NodeConnection, head: Buffer): void {
    const { socket } = connection
    if (listHasToken(req.headers.upgrade, 'websocket')) {
      connection.upgraded = true
      // The timers of HTTP end here; from now on pings tell the living from the dead.
      socket.setTimeout(0)
      const request = requestHead(req, this.#settings.uds)
      return this.#webSockets.handleUpgrade({ head: request, socket, behind: head })
    }

    // RFC 9110, 7.8: an upgrade that nobody wants is ignored. The body, if any, was not parsed.
    if (cycleRequest(requestHead(req, this.#settings.uds), false).hasBody)
      return this.#refuse(socket, 400)
    const res = new ServerResponse(req)
    res.assignSocket(socket)
    res.shouldKeepAlive = false
    socket.on('drain', () => res.emit('drain'))
    res.once('finish', () => socket.destroySoon())
    this.#serve(req, res, false, () => undefined)
  }

  // What comes behind a malformed request is malformed too: it is answered once.
  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.refused) return
    // RFC 9112, 9.6: what follows the request that ends the connection is nobody's.
    if (error.code === 'HPE_CLOSED_CONNECTION' && connection.busy) return
    const isLost = error.code === 'ECONNRESET' || connection.busy || !socket.writable
    if (isLost) return void socket.destroy()
    connection.refused = true
    this.#refuse(connection.socket, STATUS_OF_ERROR[error.code ?? ''] ?? 400)
  }

  #refuse(socket: Socket, status: number): void {
    refuse(socket, status, this.#dispatcher.identity)
  }
}

// RFC 9112, 3: two spaces and the version stand with method and target.
function requestLineBytes({ method, target }: RequestHead): number {
  return method.length + target.length + ' HTTP/1.1'.length + 1
}

const STATUS_OF_ERROR: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_INVALID_VERSION: 505,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}
