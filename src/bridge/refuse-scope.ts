// The answer of an HTTP-only app to other scopes: lifespan completes at once, so that servers do not warn, and a
// WebSocket is denied.

import { UnsupportedScopeError } from '../errors.ts'
import type { Receive, Scope, Send } from '../contract/events.ts'

/** Answers a lifespan or websocket scope in place of an app that supports neither. @see docs/semantics.md, 3c.6 */
export async function refuseScope(scope: Scope, receive: Receive, send: Send): Promise<void> {
  switch (scope.type) {
    case 'lifespan':
      return completeLifespan(receive, send)
    case 'websocket':
      await receive()
      return send({ type: 'websocket.close' })
    default:
      throw new UnsupportedScopeError(scope.type)
  }
}

async function completeLifespan(receive: Receive, send: Send): Promise<void> {
  for await (const event of receive) {
    if (event.type === 'lifespan.startup') await send({ type: 'lifespan.startup.complete' })
    else await send({ type: 'lifespan.shutdown.complete' })
  }
}
