// accessLog(): a line in the log for each response and for each turn of a WebSocket's life.

import { lineWriter } from './access-line.ts'
import { logHttp } from './access-log-http.ts'
import { logWebSocket } from './access-log-websocket.ts'
import type { EventApp } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'

/** Options of {@link accessLog}. */
export interface AccessLogOptions {
  /** Where to write. Default: the log of the server, at `scope['isthmus.connection']`. */
  log?: Log
}

/**
 * Logs at `info`: one line for an HTTP response (`method`, `path`, `status`, `bytes` of its body), one each
 * for a WebSocket that is accepted, denied or closed (`status` or `code`), all with `client` and `durationMs`.
 *
 * `outcome` is `complete`; `disconnected` where the client left before the response was whole, with the status
 * that it may have seen, or null; `aborted` where the app broke off or a shutdown cut it. An answer that the server
 * gives for the app is a complete one, its `bytes` null. Messages pass through untouched and unbuffered; the path is
 * logged as sent, without the query, and what could forge a line is escaped.
 *
 * @example
 * chain(accessLog())(app)
 */
export function accessLog(options: AccessLogOptions = {}): (app: EventApp) => EventApp {
  return (app) => (scope, receive, send) => {
    if (scope.type === 'lifespan') return app(scope, receive, send)
    const log = options.log ?? scope['isthmus.connection']?.log
    if (!log) return app(scope, receive, send)

    return scope.type === 'http'
      ? logHttp(app, { scope, receive, send }, lineWriter(scope, log))
      : logWebSocket(app, { scope, receive, send }, lineWriter(scope, log))
  }
}
