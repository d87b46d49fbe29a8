// The error that a middleware gets at `yield* next(request)` when the app ends without a response.

import { AppError, ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import type { HttpScope, WebSocketScope } from '../../contract/events.ts'

/** The reason for the missing response: the server shuts down, the client has left, or the app is at fault. */
export function noResponse(scope: HttpScope | WebSocketScope): Error {
  const signal = scope['isthmus.exchange']?.signal
  if (!signal?.aborted) return new AppError('the app returned before its response began')
  return signal.reason instanceof ServerShutdownError
    ? new ServerShutdownError()
    : new ClientDisconnectedError()
}
