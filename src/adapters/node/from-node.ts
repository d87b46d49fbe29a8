// fromNode(): a handler of node:http as an event app.

import { IncomingMessage, ServerResponse } from 'node:http'
import { events } from '../../bridge/style.ts'
import { AppError, UnsupportedScopeError } from '../../errors.ts'
import { NodeExchange } from './exchange.ts'
import { requestMaker } from './request.ts'
import { responseMaker } from './response.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Makers } from './exchange.ts'

/** A function that the server of node:http calls: an Express or Connect app, Koa's `callback()`, a plain handler. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => unknown

/** The options of {@link fromNode}. */
export interface FromNodeOptions {
  /**
   * An Express app that `handler` calls. Its requests and responses are made with the prototypes that Express would set
   * later, which makes Express several times faster. Default: `handler`.
   */
  like?: object | undefined
}

/**
 * Makes an {@link EventApp} from `handler`, which runs unchanged: it gets a real `IncomingMessage` and a real
 * `ServerResponse`. Their socket answers questions about addresses and TLS, but it carries no bytes: the connection
 * belongs to the server.
 *
 * If `handler` throws, or returns a promise that rejects, the client gets 500. If it destroys its request or response,
 * the connection is cut.
 *
 * @param handler an Express 4 or 5 app, a Connect app, `app.callback()` of Koa, `app.routing` of Fastify, or a function
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a `handler` that is no function
 * @throws {@link UnsupportedScopeError} (`ISTHMUS_UNSUPPORTED_SCOPE`) by the returned app, for a WebSocket
 * @example
 * const app = express()
 * app.get('/', (req, res) => res.send('hello'))
 * await serve(fromNode(app), { port: 8000 })
 * @see https://nodejs.org/api/http.html#event-request
 */
export function fromNode(handler: NodeHandler, options: FromNodeOptions = {}): EventApp {
  if (typeof handler !== 'function') throw new AppError(notAHandler(handler))
  const makers = makersFor(options.like ?? handler)
  return events((scope, receive, send) => {
    if (scope.type !== 'http') return Promise.reject(new UnsupportedScopeError(scope.type))
    return new NodeExchange(makers, scope, [receive, send]).run(handler)
  })
}

/** The makers for `like`. Express sets `app.request` and `app.response` as prototypes; an object that has them already stays as it is. */
export function makersFor(like: object): Makers {
  const { request, response } = like as { request?: unknown; response?: unknown }
  return {
    makeRequest: requestMaker(request instanceof IncomingMessage ? request : undefined),
    makeResponse: responseMaker(response instanceof ServerResponse ? response : undefined),
  }
}

function notAHandler(handler: unknown): string {
  const { callback, fetch } = (handler ?? {}) as { callback?: unknown; fetch?: unknown }
  if (typeof callback === 'function')
    return 'fromNode() takes a function: for Koa, fromNode(app.callback())'
  if (typeof fetch === 'function')
    return 'fromNode() takes a function of node:http: for this app, fromFetch(app)'
  return `fromNode() takes a function (req, res), got ${typeof handler}`
}
