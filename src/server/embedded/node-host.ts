// The requests and upgrades that an outer server of node:http hands to an app.

import { NO_IDENTITY } from '../../async/framing.ts'
import { processWide } from '../../bridge/process-wide.ts'
import { AppError, BodyTooLargeError, PeerError } from '../../errors.ts'
import { judgeError } from '../../http/error-verdict.ts'
import { listHasToken } from '../../http/list.ts'
import { endpointsOf } from '../endpoints.ts'
import { startApart } from '../listener-context.ts'
import { incomingHead } from '../node/incoming-head.ts'
import { isHandshake } from '../node/upgrade-head.ts'
import { plainResponse, refuse } from '../refusal.ts'
import { innerApp } from './inner-app.ts'
import { EmbeddedTransport } from './node-transport.ts'
import { hasBodyOf, holdBody, outerTarget, readBefore } from './outer-request.ts'
import { isOver, streamHead, streamOf } from './outer-stream.ts'
import { EmbeddedServer } from './server.ts'
import { StreamTransport } from './stream-transport.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { EventApp } from '../../contract/events.ts'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Next, OuterExchange } from './node-transport.ts'
import type { NodeSettings } from './options.ts'
import type { Started } from './server.ts'

/** A request of an outer server. */
interface OuterCall {
  req: IncomingMessage
  res: ServerResponse
  next: Next | undefined
}

interface HeldCall extends OuterCall {
  /** Its body flowed, and was stopped for the app. */
  isHeld: boolean
}

/** A request to upgrade, of an outer server. */
interface OuterUpgrade {
  req: IncomingMessage
  socket: Socket
  firstBytes: Buffer
  next: (() => void) | undefined
}

/** Serves one app to any number of outer servers. */
export class NodeHost {
  readonly server: EmbeddedServer
  readonly #settings: NodeSettings
  // The facts of TLS are costly: they are read once for each connection.
  readonly #ends = new WeakMap<object, Endpoints>()

  constructor(app: EventApp, settings: NodeSettings) {
    this.server = new EmbeddedServer(app, settings.server)
    this.#settings = settings
  }

  handle(call: OuterCall): void {
    if (typeof call.res !== 'object') throw new AppError(NO_HANDLER)
    const isHeld = holdBody(call.req)
    this.#whenStarted(
      ({ dispatcher }) => startApart(() => this.#serve({ ...call, isHeld }, dispatcher)),
      (error) => this.#refuse(call, error),
    )
  }

  /** Serves a WebSocket. If another handler has the socket, this one waits for its decision. */
  upgrade(upgrade: OuterUpgrade): void {
    const { req, socket, next } = upgrade
    if (next && !isHandshake(req)) return next()
    const line = lines.get(socket)
    if (line) return void line.push(() => this.#take(upgrade))
    lines.set(socket, [])
    this.#take(upgrade)
  }

  #take(upgrade: OuterUpgrade): void {
    const { socket } = upgrade
    socket.on('error', ignore)
    this.#whenStarted(
      (started) => startApart(() => this.#open(upgrade, started)),
      (error) => refuse(socket, judgeError(error).status, NO_IDENTITY),
    )
  }

  // At once if the app has started, so that a request costs no promise.
  #whenStarted(serve: (started: Started) => void, onError: (error: unknown) => void): void {
    const { started } = this.server
    if (started) serve(started)
    else this.server.start().then(serve, onError)
  }

  #serve(call: HeldCall, dispatcher: Dispatcher): void {
    const { res, next } = call
    // The client has left during the startup, or the outer server has answered.
    if (isOver(res)) return
    const { target, base } = outerTarget(call.req)
    const head = this.#headOf(call.req, target, waitsForContinue(call))
    if (head instanceof PeerError) return this.#refuse(call, head)

    const { hasBody } = head
    const { app, exchanges } = this.server
    const { fallthrough, errors } = this.#settings
    const before = hasBody ? this.#bodyBefore(call, head) : null
    const body = before instanceof Uint8Array ? before : null
    const transport = transportOf({ ...call, hasBody, body, fallthrough }, () => {
      exchanges.delete(transport)
      // The rest of a body would hold up the next request of the connection.
      if (hasBody) call.req.resume()
    })
    exchanges.add(transport)
    const inner = innerApp(app, { base, before, errors, transport })
    // The next handler may take a body that is too long for the app, so only an app that reads it gets the error.
    const request = next ? { ...head, contentLength: null } : head
    transport.events = dispatcher.http(request, transport, inner)
  }

  #bodyBefore({ req, next }: HeldCall, { contentLength }: RequestHead): Uint8Array | Error | null {
    const { maxBodyBytes } = this.#settings.server
    const isTooLong = next !== undefined && (contentLength ?? 0) > maxBodyBytes
    return isTooLong ? new BodyTooLargeError(maxBodyBytes) : readBefore(req)
  }

  #open({ req, socket, firstBytes, next }: OuterUpgrade, { webSockets }: Started): void {
    if (socket.destroyed) return
    const head = this.#headOf(req, req.url ?? '/', false)
    if (head instanceof PeerError) return refuse(socket, head.status, NO_IDENTITY)
    const { sockets } = this.server
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // The timers of HTTP end here. From now on pings find the clients that are gone.
    socket.setTimeout(0)
    const nextHandler = (): (() => void) | undefined => {
      const handler = handlerAfter(socket, next)
      if (handler) sockets.delete(socket)
      return handler
    }
    webSockets.handleUpgrade({ head, socket, firstBytes, nextHandler })
  }

  // The limits of a head are those of the outer server.
  #headOf(req: IncomingMessage, target: string, expectsContinue: boolean): RequestHead | PeerError {
    // Each stream of node:http2 has a socket object of its own.
    const socket = streamOf(req)?.session?.socket ?? req.socket
    const ends = this.#ends.get(socket) ?? endsOf(socket)
    this.#ends.set(socket, ends)
    if (req.httpVersionMajor === 2) {
      return streamHead(req, { ends, target, expectsContinue, hasBody: hasBodyOf(req) })
    }
    try {
      return incomingHead(req, { ends, target, expectsContinue, maxHeaderFields: Infinity })
    } catch (error) {
      if (error instanceof PeerError) return error
      throw error
    }
  }

  #refuse({ req, res, next }: OuterCall, error: unknown): void {
    if (isOver(res)) return
    req.resume()
    if (next && this.#settings.errors === 'pass') return next(error)
    const [{ status, headers = [] }, { body }] = plainResponse(judgeError(error).status)
    for (const [name, value] of headers) res.setHeader(name, value)
    res.statusCode = status
    res.end(body)
  }
}

// An event app has three parameters too.
const NO_HANDLER =
  'toNode() makes a handler (req, res) of node:http: pass the app itself to serve(), mount() and chain()'

// Node calls each listener for upgrades with the same socket. The handlers after the first one stand in line.
const lines = processWide('upgrades.1', () => new WeakMap<Socket, Array<() => void>>())

function handlerAfter(socket: Socket, next: (() => void) | undefined): (() => void) | undefined {
  const inLine = lines.get(socket)?.shift()
  if (inLine || !next) return inLine
  return () => {
    lines.delete(socket)
    next()
  }
}

// The socket may be one that only looks like a socket of Node, as under fromNode().
function endsOf(socket: Socket & { encrypted?: boolean }): Endpoints {
  return { ...endpointsOf(socket, null), secure: socket.encrypted === true }
}

function transportOf(outer: OuterExchange, onClose: () => void): EmbeddedTransport {
  const stream = streamOf(outer.res)
  if (stream === null) return new EmbeddedTransport(outer, onClose)
  return new StreamTransport(outer, stream, onClose)
}

function waitsForContinue({ req, res }: OuterCall): boolean {
  // node:http has no documented name for it. A second 100 would do no harm.
  const isContinued =
    (res as { _sent100?: boolean })._sent100 === true ||
    streamOf(res)?.sentInfoHeaders?.some((sent) => sent[':status'] === 100)
  return !isContinued && listHasToken(req.headers.expect, '100-continue')
}

function ignore(): void {}
