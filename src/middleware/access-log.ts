// accessLog(): a line in the log for each response and for each turn of a WebSocket's life.

import { lineWriter } from './access-line.ts'
import { middleware } from './middleware.ts'
import type { Log } from '../contract/log.ts'
import type { Wrap } from './wrap.ts'

/** Options of {@link accessLog}. */
export interface AccessLogOptions {
  /** Where to write. Default: the log of the server. */
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
export function accessLog(options: AccessLogOptions = {}): Wrap {
  return middleware('access-log', function* (request, next) {
    const log = options.log ?? request.log
    if (!log) return yield* next(request)

    const writeLine = lineWriter(request, log)
    request.onAccept(() => writeLine('101 accepted', { status: 101, outcome: 'accepted' }))
    request.onFinish(({ outcome, status, bytes, code }) => {
      if (outcome === 'closed') return writeLine(`closed ${code}`, { code, outcome })
      const says = outcome === 'complete' ? `${status}` : `${status ?? '-'} ${outcome}`
      if (request.kind === 'http') writeLine(says, { status, bytes, outcome })
      else writeLine(says, { status, outcome })
    })
    return yield* next(request)
  })
}
