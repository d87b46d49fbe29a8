// The validator of the event interface; wsgiref.validate is its model. It is between a server and an app, checks both,
// and passes all events on unchanged.

import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { LintedCall } from './linted-call.ts'
import { checkScope } from './scope.ts'
import type { EventApp } from '../../contract/events.ts'

/**
 * Wraps `app` so that every breach of the event interface, by the app or by the server, is a {@link LintError}
 * (`ISTHMUS_LINT`): `<party> broke <rule>: <fact>; <remedy>`. The `send()` or `receive()` with the breach rejects,
 * and so does the call of the app when it ends, even if the app has caught the first rejection.
 *
 * Lint checks the call, the keys and types of the scope, the shape and values of every event, the legal order of http, websocket
 * and lifespan events, and the status and header names by strict rules. It also finds the use of extensions that the
 * scope does not have, a scope that the app changed in place, a `send()` that the app did not await, a missing or
 * incomplete response, and a returned value.
 *
 * @example
 * await using client = await testClient(lintEvents(app))
 * @see ASGI 3.0; HTTP & WebSocket 2.5; Lifespan 2.0
 */
export function lintEvents(app: EventApp): EventApp {
  return async function linted(scope, receive, send) {
    checkCall(arguments.length, receive, send)
    checkScope(scope)
    const call = new LintedCall(scope)
    const result: unknown = await call.guard(() =>
      app(scope, call.receiveFrom(receive), call.sendTo(send)),
    )
    call.returned(result)
  }
}

function checkCall(count: number, receive: unknown, send: unknown): void {
  const remedy = 'call it with scope, receive and send'
  if (count !== 3) {
    throw breach('server', 'the call', `the app was called with ${count} arguments`, remedy)
  }
  if (typeof receive === 'function' && typeof send === 'function') return
  const fact = `receive is ${nameOf(receive)} and send is ${nameOf(send)}`
  throw breach('server', 'the call', fact, 'pass two functions')
}
