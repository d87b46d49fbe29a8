// An async-iterable app on the event loop.

import { rejected } from '../../waiting/deferred.ts'
import { AsyncInput } from './async-input.ts'
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
  return function iterableApp(scope, receive, send) {
    if (scope.type !== 'http') return refuseScope(scope, receive, send)
    try {
      return pump(new IterableRun(app, scope, new AsyncInput(receive)), send)
    } catch (error) {
      return rejected(error)
    }
  }
}
