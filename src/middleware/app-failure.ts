// What a middleware is thrown when the app has ended and there is no response.

import { AppFault, ClientDisconnected, ServerShutdown } from '../errors.ts'
import { isStopping, lossOf } from './server-answer.ts'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'

/** Why there is none: the client left, the server is shutting down, or the app has forgotten it. */
export function noResponse(scope: HttpScope | WebSocketScope): Error {
  if (lossOf(scope, { threw: false }) === 'left') return new ClientDisconnected()
  if (isStopping(scope)) return new ServerShutdown()
  return new AppFault('the app returned before its response was there')
}
