// The validator of the event interface, as wsgiref.validate is one for PEP 3333: it stands between a
// server and an app, holds both to the contract, and changes nothing of what passes.

import { LintedCall } from './call.ts'
import { checkScope } from './scope.ts'
import type { EventApp } from '../../contract/events.ts'

/**
 * Wraps `app` so that every breach of the event interface, by the app or by the server under it, is a
 * {@link LintError}: `<who> broke <rule>: <what>; <remedy>`. It is thrown where the breach happens (a
 * rejected `send()` or `receive()`), and once more when the app ends, also when the app had swallowed it.
 *
 * Checked: the scope's keys and types, every event's shape and values, the legal order of http, websocket
 * and lifespan events, status and header names in strict mode, extensions used but not advertised, a scope
 * changed in place, a send that nobody awaited, a response that is missing or not whole, a value returned.
 *
 * @example
 * await using client = await testClient(lintEvents(app))
 * @see ASGI 3.0; HTTP & WebSocket 2.5; Lifespan 2.0
 */
export function lintEvents(app: EventApp): EventApp {
  return async function linted(scope, receive, send) {
    checkScope(scope)
    const call = new LintedCall(scope)
    const result: unknown = await call.guard(() =>
      app(scope, call.receiveFrom(receive), call.sendTo(send)),
    )
    call.returned(result)
  }
}
