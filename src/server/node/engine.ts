// The engine on node:http.

import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { deferred } from '../../waiting/deferred.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { PeerError } from '../../errors.ts'
import { listMembers } from '../../http/list.ts'
import { NodeConnection } from './connection.ts'
import { NodeHttpTransport } from './http-transport.ts'
import { headWithoutUpgrade, isHandshake } from './upgrade-head.ts'
import { incomingHead } from './incoming-head.ts'
import { onMalformed } from './malformed.ts'
import { endpointsOf } from '../endpoints.ts'
import { Handshakes, tlsListenerOptions } from '../tls-handshakes.ts'
import { Http2Sessions } from '../http2/sessions.ts'
import { Listening } from '../listening.ts'
import { ListenerContext } from '../listener-context.ts'
import { refuse } from '../refusal.ts'
import { WebSockets } from '../websocket/websockets.ts'
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Deferred } from '../../waiting/deferred.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine, ServerAddress } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { RefusalReason } from '../refused-line.ts'

/** HTTP/1.1 by node:http, WebSockets by ws. Owns the listener and every socket, upgraded ones included. */
export class NodeEngine implements Engine {
  readonly #dispatcher: Dispatcher
  readonly #settings: Settings
  readonly #server: Server
  readonly #listening: Listening
  readonly #webSockets: WebSockets
  readonly #handshakes = new Handshakes()
  readonly #http2: Http2Sessions
  readonly #context = new ListenerContext()
  readonly #connections = new Map<Duplex, NodeConnection>()
  #whenEmpty: Deferred<void> | undefined

  constructor(dispatcher: Dispatcher, settings: Settings) {
    this.#dispatcher = dispatcher
    this.#settings = settings
    this.#webSockets = new WebSockets(dispatcher, settings)
    this.#http2 = new Http2Sessions(dispatcher, settings, this.#webSockets, () => this.#onGone())
    const options = {
      maxHeaderSize: settings.maxHeadBytes,
      headersTimeout: settings.headTimeoutMs,
      keepAliveTimeout: settings.keepAliveTimeoutMs,
      // Uploads have a timeout between two bytes; a timeout for the whole request would forbid large uploads.
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
      insecureHTTPParser: false,
      // Our own check of the head answers a missing Host, the same on both engines.
      requireHostHeader: false,
      noDelay: true,
    }
    this.#server = settings.tls ? this.#createTlsServer(options) : createServer(options)
    if (settings.http2) this.#divertHttp2()
    // It is not in the documentation of node:http: otherwise the end of the client's side ends the connection.
    Object.assign(this.#server, { httpAllowHalfOpen: true })
    // node:http drops the fields above its limit in silence; our own check answers with 431.
    this.#server.maxHeadersCount = 0
    this.#listening = new Listening(this.#server, settings)
    // node:http does not read a socket that was paused before.
    if (settings.listener) this.#server.on('connection', (socket: Socket) => socket.resume())
    this.#listenToServer()
  }

  #createTlsServer(options: ServerOptions): Server {
    const tls = { ...options, ...tlsListenerOptions(this.#settings), allowHalfOpen: true }
    const server = createTlsServer(tls)
    this.#handshakes.watch(server, this.#settings, this.#dispatcher)
    return server
  }

  get connections(): number {
    return this.#connections.size + this.#http2.size
  }

  listen(): Promise<ServerAddress> {
    return this.#listening.open()
  }

  async drain(idleMs: number): Promise<void> {
    const { closed } = await this.#listening.stop(idleMs)
    // The last sockets report their end after the server has reported its own.
    const whenEmpty = (this.#whenEmpty = deferred())
    if (this.connections === 0) whenEmpty.resolve()
    this.#http2.drain(idleMs)
    const finished = Promise.all([closed, whenEmpty.promise])
    await settlesWithin(finished, idleMs)
    this.#handshakes.cutAll()
    this.#http2.drain(0)
    for (const connection of this.#connections.values()) connection.closeWhenIdle()
    await finished
    // It ends the timeouts, which keep the process alive.
    this.#server.close()
  }

  cutRequests(): void {
    this.#http2.cutRequests()
    for (const connection of this.#connections.values())
      if (!connection.isUpgraded) connection.cut()
  }

  closeWebSockets(): void {
    this.#webSockets.closeAll()
  }

  destroy(): void {
    this.#http2.destroy()
    for (const connection of this.#connections.values()) connection.cut()
  }

  get #socketEvent(): string {
    return this.#settings.tls ? 'secureConnection' : 'connection'
  }

  // node:http gets a socket when its protocol is known.
  #divertHttp2(): void {
    const server = this.#server
    const readers = server.listeners(this.#socketEvent)
    server.removeAllListeners(this.#socketEvent)
    server.on(this.#socketEvent, (socket: Socket) => {
      const serve = (): void => {
        for (const read of readers) Reflect.apply(read, server, [socket])
        this.#onConnection(socket)
        socket.resume()
      }
      // A connection comes a second time if its upgrade is ignored.
      if (this.#connections.has(socket)) serve()
      else this.#http2.divert(socket, serve)
    })
  }

  #listenToServer(): void {
    const server = this.#server
    if (!this.#settings.http2) {
      server.on(this.#socketEvent, (socket: Socket) => this.#onConnection(socket))
    }
    server.on('request', (req, res) => this.#onRequest(req, res, false))
    server.on('checkContinue', (req, res) => this.#onExpectation(req, res))
    server.on('checkExpectation', (req, res) => this.#onExpectation(req, res))
    // The stream that node:http hands over is not used: for a request with a body it may differ from the socket.
    server.on('connect', ({ socket }: IncomingMessage) => {
      this.#takeOver(socket, () =>
        this.#refuse(socket, { status: 501, message: 'CONNECT is not served' }),
      )
    })
    server.on('upgrade', (req: IncomingMessage, _stream: Duplex, firstBytes: Buffer) => {
      this.#takeOver(req.socket, (connection) => {
        if (!isHandshake(req)) return this.#ignoreUpgrade(req, connection, firstBytes)
        this.#answering(req.socket, () => this.#onUpgrade(req, connection, firstBytes))
      })
    })
    server.on('clientError', (error, socket) => this.#onClientError(error, socket))
  }

  #onConnection(socket: Socket): void {
    if (this.#connections.has(socket)) return
    const connection = new NodeConnection(
      socket,
      endpointsOf(socket, this.#settings.uds),
      this.#context,
    )
    this.#connections.set(socket, connection)
    socket.once('end', () => connection.onEnd(this.#dispatcher.wheel))
    socket.once('close', () => {
      this.#connections.delete(socket)
      connection.drop()
      this.#onGone()
    })
  }

  #onGone(): void {
    if (this.connections === 0) this.#whenEmpty?.resolve()
  }

  #onRequest(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(req.socket)
    if (connection?.ignoredUpgrade) {
      req.rawHeaders = connection.ignoredUpgrade
      connection.ignoredUpgrade = undefined
    }
    connection?.enqueue(() => {
      this.#answering(req.socket, () => {
        const head = this.#headOf(req, connection, expectsContinue)
        this.#serve(head, req, res, connection)
      })
    }, res)
  }

  #headOf(req: IncomingMessage, { ends }: NodeConnection, expectsContinue: boolean): RequestHead {
    const { maxHeaderFields } = this.#settings
    const target = req.url ?? '/'
    return incomingHead(req, { ends, target, expectsContinue, maxHeaderFields })
  }

  #serve(
    head: RequestHead,
    req: IncomingMessage,
    res: ServerResponse,
    connection: NodeConnection,
  ): void {
    if (requestLineBytes(head) > this.#settings.maxRequestLineBytes) {
      return this.#refuse(req.socket, LONG_LINE)
    }
    connection.response = res
    const transport = new NodeHttpTransport(req, res, head.hasBody, () => connection.release())
    head.keepAlive &&= res.shouldKeepAlive
    transport.events = connection.events = this.#dispatcher.http(head, transport)
  }

  #answering(socket: Socket, serve: () => void): void {
    try {
      serve()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#refuse(socket, error)
    }
  }

  // node:http does not read Expect as a list (RFC 9110, 10.1.1).
  #onExpectation(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req
    const expectations = listMembers(req.headers.expect ?? '').filter((member) => member !== '')
    if (expectations.every((member) => member.toLowerCase() === '100-continue')) {
      return this.#onRequest(req, res, expectations.length > 0)
    }
    this.#connections.get(socket)?.enqueue(() => this.#refuse(socket, UNKNOWN_EXPECTATION), res)
  }

  // node:http has released the socket: it passes the drain of the socket to no response any more.
  #takeOver(socket: Socket, serve: (connection: NodeConnection) => void): void {
    const connection = this.#connections.get(socket)
    if (!connection) return void socket.destroy()
    const onDrain = (): void => void connection.response?.emit('drain')
    socket.on('drain', onDrain).on('error', ignore)
    connection.enqueue(() => {
      socket.off('drain', onDrain)
      serve(connection)
    })
  }

  // RFC 9110, 7.8: a server ignores an upgrade that it does not want. node:http has given up the socket together with the
  // body, and with the requests after it, so it gets them again, without the field that asks for the upgrade.
  #ignoreUpgrade(req: IncomingMessage, connection: NodeConnection, firstBytes: Buffer): void {
    const { socket } = connection
    connection.ignoredUpgrade = req.rawHeaders
    this.#server.emit(this.#socketEvent, socket)
    socket.emit('data', Buffer.concat([headWithoutUpgrade(req), firstBytes]))
    connection.ignoredUpgrade = undefined
    connection.release()
  }

  #onUpgrade(req: IncomingMessage, connection: NodeConnection, firstBytes: Buffer): void {
    const { socket } = connection
    const head = this.#headOf(req, connection, false)
    connection.isUpgraded = true
    // The timers of HTTP end here. From now on pings find the clients that are gone.
    socket.setTimeout(0)
    this.#webSockets.handleUpgrade({ head, socket, firstBytes })
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (connection) onMalformed(connection, error, this.#dispatcher)
    else socket.destroy()
  }

  #refuse(socket: Socket, reason: RefusalReason): void {
    const { identity } = this.#dispatcher
    refuse(socket, reason.status, identity, this.#dispatcher.refusal(reason, socket))
  }
}

const LONG_LINE = { status: 414, message: 'the request line is too long' }
const UNKNOWN_EXPECTATION = { status: 417, message: 'the request expects more than 100-continue' }

// RFC 9112, 3: the line has two spaces and the version besides method and target.
function requestLineBytes({ method, target }: RequestHead): number {
  return method.length + target.length + ' HTTP/1.1'.length + 1
}

function ignore(): void {}
