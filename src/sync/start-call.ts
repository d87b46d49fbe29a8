// The rules of PEP 3333 for a call of startResponse. The server and a chain around a sync app both ask here.

import { AppError } from '../errors.ts'

/**
 * Checks whether the app may call startResponse now.
 *
 * @param called an earlier call exists
 * @param committed the app can no longer replace the head
 * @param excInfo the third argument of startResponse; with it the call replaces an earlier head
 * @throws AppError (`ISTHMUS_APP_FAULT`) for a second call without `excInfo`; `excInfo` itself after the commit
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

/**
 * The error for a body that needs a head while none stands.
 *
 * @param called the app called startResponse, and the last call failed
 */
export function missingHead(called: boolean): AppError {
  return new AppError(
    called
      ? 'there is no head to send: the last call of startResponse failed'
      : 'startResponse was not called before the first chunk, or the end, of the body',
  )
}
