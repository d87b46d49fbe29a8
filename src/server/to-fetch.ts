// toFetch(): an app of any style as a handler of the Fetch API.

import { asEventApp } from '../bridge/as-event-app.ts'
import { FetchHost } from './embedded/fetch-host.ts'
import { fetchSettings } from './embedded/options.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { ToFetchOptions } from './embedded/options.ts'
import type { Shutdown } from './shutdown.ts'

/** An app as a handler of the Fetch API. Its functions need no `this`. */
export interface EmbeddedFetch extends AsyncDisposable {
  /**
   * Serves a request.
   *
   * @param environment the second argument of the host. Under `fromFetch()` it has the outer scope, which says the mount
   *   path and the addresses of the connection.
   * @param context the third argument of the host: `waitUntil` gets the end of the app
   */
  (request: Request, environment?: unknown, context?: unknown): Promise<Response>
  /** As that of {@link EmbeddedHandler}. */
  readonly start: () => Promise<void>
  /** As that of {@link EmbeddedHandler}. */
  readonly close: (options?: { graceMs?: number | undefined }) => Promise<Shutdown>
}

/**
 * Makes a function from `Request` to `Response` from an app of any style, for Hono, Next.js and other hosts of the Fetch
 * API. Both bodies stream, at the pace of their readers. The abort of `request.signal`, and the cancel of the response
 * body, are the departure of the client.
 *
 * The app sees no WebSocket, and no client address: a `Request` has none. An error of the app is an answer, as under
 * `serve()`, because a host answers a promise that rejects in its own way, or ends; with `errors: 'pass'` the promise
 * rejects. It also rejects if the client leaves, or the app cuts its connection, before the head of the response.
 *
 * @param app a sync, iterable or event app, a chain, the app of `threads()`, or a mount table
 * @param options see {@link ToFetchOptions}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`); {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that is
 *   no app
 * @example
 * const app = new Hono()
 * app.mount('/legacy', toFetch(legacy))
 * @see https://fetch.spec.whatwg.org/
 */
export function toFetch(app: HostedApp, options: ToFetchOptions = {}): EmbeddedFetch {
  const host = new FetchHost(asEventApp(app), fetchSettings(options))
  const handler = (request: Request, environment?: unknown, context?: unknown): Promise<Response> =>
    host.handle(request, { environment, context })
  const close: EmbeddedFetch['close'] = ({ graceMs } = {}) => host.server.close(graceMs)
  return Object.assign(handler, {
    start: async (): Promise<void> => void (await host.server.start()),
    close,
    [Symbol.asyncDispose]: async (): Promise<void> => void (await close()),
  })
}
