// toNode(): an app of any style as a handler of node:http, for servers and frameworks that exist.

import { asEventApp } from '../bridge/as-event-app.ts'
import { NodeHost } from './embedded/node-host.ts'
import { nodeSettings } from './embedded/options.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { ToNodeOptions } from './embedded/options.ts'
import type { Shutdown } from './shutdown.ts'

/** An app as a handler of `node:http` and of the compatibility API of `node:http2`. Its functions need no `this`. */
export interface EmbeddedHandler extends AsyncDisposable {
  /** Serves a request. `next` takes the requests that the app does not serve; see {@link ToNodeOptions}. */
  (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
    next?: (error?: unknown) => void,
  ): void
  /**
   * Serves a WebSocket: `server.on('upgrade', handler.upgrade)`. The socket is closed in every case, unless there is a
   * `next`: it takes the socket of a request for another protocol, and of a handshake that the app denies with 404.
   */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void) => void
  /**
   * Runs the startup of the app. The first request does so too. A startup that has failed is tried again by the next call
   * or request.
   *
   * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) if the startup fails, {@link UnavailableError}
   *   (`ISTHMUS_UNAVAILABLE`) after {@link close}
   */
  readonly start: () => Promise<void>
  /**
   * Answers further requests with 503, tells the app, and waits for the requests and WebSockets under way; a WebSocket
   * whose app has not asked for a signal is closed with 1001 at once. After `graceMs` (default: the option `graceMs`) it
   * closes the other WebSockets with 1001, and cuts the requests. Then it runs the shutdown of the app. Further calls
   * return the same promise. The listener of the outer server stays open.
   */
  readonly close: (options?: { graceMs?: number | undefined }) => Promise<Shutdown>
}

/**
 * Makes a handler `(req, res, next)` from an app of any style, for `node:http`, Express, Connect, Fastify and others.
 * Fields that earlier handlers have set stay: `Set-Cookie`, `Link` and `Vary` add up, of other fields those of the app
 * count. `Date`, `Server` and `Connection` are those of the outer server. Below a mount of Express or Connect, the app gets
 * the mount path as `rootPath`. Over HTTP/2, as in `http2.createSecureServer({ allowHTTP1: true, … }, handler)`, the scope has
 * `httpVersion` `'2'`; WebSockets are served over HTTP/1.1 only.
 *
 * @param app a sync, iterable or event app, a chain, the app of `threads()`, or a mount table
 * @param options see {@link ToNodeOptions}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`); {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is
 *   no app
 * @example
 * const live = toNode({ '/live': realtime }, { fallthrough: true })
 * express().use(live).listen(8000).on('upgrade', live.upgrade)
 */
export function toNode(app: HostedApp, options: ToNodeOptions = {}): EmbeddedHandler {
  const host = new NodeHost(asEventApp(app), nodeSettings(options))
  const handler: OmitThisParameter<(...call: Parameters<EmbeddedHandler>) => void> = (
    req,
    res,
    next,
  ) =>
    // The objects of node:http2 have the members that the host uses.
    host.handle({ req: req as IncomingMessage, res: res as ServerResponse, next })
  const close: EmbeddedHandler['close'] = ({ graceMs } = {}) => host.server.close(graceMs)
  return Object.assign(handler, {
    // node:http hands a socket over, in the type of a stream.
    upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer, next?: () => void): void =>
      host.upgrade({ req, socket: socket as Socket, firstBytes, next }),
    start: async (): Promise<void> => void (await host.server.start()),
    close,
    [Symbol.asyncDispose]: async (): Promise<void> => void (await close()),
  })
}
