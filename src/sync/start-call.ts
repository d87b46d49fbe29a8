// The rules of PEP 3333 for a call of startResponse, for the server and for a chain around a sync app.

import { AppError } from '../errors.ts'

/**
 * Checks whether the app may call startResponse now.
 *
 * @param called the app has called it before
 * @param committed the head is final, so the app cannot replace it
 * @param excInfo the third argument of startResponse; with it the call replaces an earlier head
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a second call without `excInfo`; `excInfo` itself after the commit
 * @see PEP 3333, "The start_response() Callable"
 */
export function checkStartCall(called: boolean, committed: boolean, excInfo: unknown): void {
  const replaces = (excInfo ?? undefined) !== undefined
  if (replaces && committed) throw excInfo
  if (replaces || !called) return
  throw new AppError(
    'startResponse was called twice; to replace the head, pass the error being handled as third argument',
  )
}

/** The error for content of an app that has answered by the WebSocket of its environ. */
export function contentAfterAnswer(): AppError {
  return new AppError(
    "the app has answered by environ['wsgi.websocket'], so its body has to be empty: it sends its data by send() of the socket",
  )
}

/**
 * The error for a body that begins or ends without a head.
 *
 * @param called the app has called startResponse, and the last call failed
 */
export function missingHead(called: boolean): AppError {
  return new AppError(
    called
      ? 'there is no head to send: the last call of startResponse failed'
      : 'startResponse was not called before the first chunk, or the end, of the body',
  )
}
