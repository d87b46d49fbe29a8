// fromFetch(): a handler of fetch as an event app.

import { events } from '../../bridge/style.ts'
import { AppError, UnsupportedScopeError } from '../../errors.ts'
import { isStop } from '../../http/stop-reason.ts'
import { replaceGlobals } from './fetch-globals.ts'
import { ScopeRequest } from './request.ts'
import { isResponse, respond } from './respond.ts'
import type { EventApp, HttpScope } from '../../contract/events.ts'

/** The second argument of a handler: in Hono, `c.env`. */
export interface FetchEnvironment {
  scope: HttpScope
  /** The address of the client, at the place where `getConnInfo()` of `@hono/node-server/conninfo` looks for it. */
  readonly incoming: { socket: FetchSocket }
}

/** The address of a client; undefined on a unix socket. */
export interface FetchSocket {
  remoteAddress: string | undefined
  remotePort: number | undefined
  remoteFamily: string | undefined
}

/** The third argument of a handler: in Hono, `c.executionCtx`. */
export interface FetchContext {
  /** The exchange ends, and a shutdown waits, until `work` has settled. */
  waitUntil(work: Promise<unknown>): void
  /** Does nothing: it is there for handlers that are written for edge workers. */
  passThroughOnException(): void
  /** Empty; edge workers have values here. */
  props: Record<string, unknown>
}

/** A function from a `Request` to a `Response`. */
export type FetchHandler = (
  request: Request,
  environment: FetchEnvironment,
  context: FetchContext,
) => Response | Promise<Response>

/** The options of {@link fromFetch}. */
export interface FromFetchOptions {
  /**
   * Whether `globalThis.Request`, `Response` and `fetch` are replaced, once for the process, by functions that take and
   * make light objects too. With false the handler gets real requests, which cost several times more. Default true.
   */
  replaceGlobals?: boolean | undefined
}

/**
 * Makes an {@link EventApp} from a handler of the Fetch API: a Hono or h3 app, the default export `{ fetch }` of an edge
 * worker, or a plain function.
 *
 * The request is a light object: a `Request` for `instanceof`, and for every property and method, which makes a real
 * `Request` of Node at the first use of a part that needs one. Node's own `new Request(request)` and `fetch(request)` do
 * not take such an object, so both are replaced by functions that do, and `Response` by a light class; see
 * {@link FromFetchOptions.replaceGlobals}.
 *
 * If `handler` throws, or returns a promise that rejects, the client gets 500. If the body of its response fails, the
 * connection is cut.
 *
 * @param handler a function, or an object with the method `fetch`
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for another value; by the returned app if `handler` returns no `Response`
 * @throws {@link UnsupportedScopeError} (`ISTHMUS_UNSUPPORTED_SCOPE`) by the returned app, for a WebSocket
 * @example
 * const app = new Hono()
 * app.get('/', (c) => c.text('hello'))
 * await serve(fromFetch(app), { port: 8000 })
 * @see https://fetch.spec.whatwg.org/
 */
export function fromFetch(
  handler: FetchHandler | { fetch: FetchHandler },
  options: FromFetchOptions = {},
): EventApp {
  const fetch = fetchOf(handler)
  const isLight = options.replaceGlobals ?? true
  if (isLight) replaceGlobals()
  return events(async (scope, receive, send) => {
    if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
    const context = new ExchangeWork(scope)
    const light = new ScopeRequest(scope, receive)
    const request = isLight ? (light as unknown as Request) : light.native()
    const response = await fetch(request, new ExchangeEnvironment(scope), context)
    if (!isResponse(response)) throw new AppError(noResponse(response))
    await respond(response, scope, send)
    await context.settled()
  })
}

class ExchangeEnvironment implements FetchEnvironment {
  readonly scope: HttpScope

  constructor(scope: HttpScope) {
    this.scope = scope
  }

  get incoming(): { socket: FetchSocket } {
    const [remoteAddress, remotePort] = this.scope.client ?? []
    const remoteFamily = remoteAddress?.includes(':') ? 'IPv6' : 'IPv4'
    return {
      socket: { remoteAddress, remotePort, remoteFamily: remoteAddress && remoteFamily },
    }
  }
}

/** The work that goes on after the response. */
class ExchangeWork implements FetchContext {
  readonly props = {}
  readonly #scope: HttpScope
  #work: Array<Promise<unknown>> | undefined

  constructor(scope: HttpScope) {
    this.#scope = scope
  }

  waitUntil(work: Promise<unknown>): void {
    this.#work ??= []
    // At once: the work may fail while the response still streams.
    this.#work.push(work.catch((error: unknown) => this.#failed(error)))
  }

  passThroughOnException(): void {}

  async settled(): Promise<void> {
    if (this.#work) await Promise.all(this.#work)
  }

  #failed(error: unknown): void {
    const log = this.#scope['isthmus.exchange']?.log
    // The signal of a request is aborted when the client leaves, and the work may have got it.
    const level = isStop(error) ? 'debug' : 'error'
    log?.[level]({ err: error }, 'the work of waitUntil() failed')
  }
}

function fetchOf(handler: FetchHandler | { fetch: FetchHandler }): FetchHandler {
  if (typeof handler === 'function') return handler
  if (typeof handler?.fetch === 'function') {
    return (request, environment, context) => handler.fetch(request, environment, context)
  }
  throw new AppError(
    `fromFetch() takes a function (request) => Response, or an object with fetch, got ${typeof handler}`,
  )
}

function noResponse(value: unknown): string {
  return `a fetch handler returns a Response, got ${typeof value}; return new Response(…), or Response.json(data)`
}
