// An async-iterable app on the event loop.

import { SILENT_LOG } from '../../silent-log.ts'
import { AsyncInput } from './async-input.ts'
import { scopeToEnviron } from '../scope-to-environ.ts'
import { ClientGuard } from './client-guard.ts'
import { IterableRun } from './iterable-run.ts'
import { pump } from '../pump.ts'
import { refuseScope } from '../refuse-scope.ts'
import type { IterableApp } from '../../contract/environ.ts'
import type { EventApp } from '../../contract/events.ts'

/**
 * `app` as an event app. The body streams both ways: the app reads the request on demand, and the next chunk is pulled
 * when the client has taken the previous one.
 */
export function iterableToEvents(app: IterableApp): EventApp {
  return async function iterableApp(scope, receive, send) {
    if (scope.type !== 'http') return refuseScope(scope, receive, send)

    const exchange = scope['isthmus.exchange']
    const log = exchange?.log ?? SILENT_LOG
    const { method, path } = scope
    const environ = scopeToEnviron(scope, new AsyncInput(receive))
    const run = new IterableRun(app, environ, new ClientGuard(exchange), {
      warn: (message, cause) => log.warn({ method, path, err: cause }, message),
    })

    await pump(run, send)
  }
}
