// Tells an app that stops because its exchange is over from an app that fails. Apps pass their signal on to other code,
// which fails with the reason of the signal, or with an AbortError around the reason.

import { ClientDisconnectedError, ServerShutdownError } from '../errors.ts'

const MAX_CAUSES = 8

/** The error that made an app stop: the cause that an AbortError of Node has, or `error` itself. */
export function reasonOf(error: unknown): unknown {
  let reason = error
  for (let depth = 0; depth < MAX_CAUSES && isAbort(reason); depth += 1) {
    const cause = causeOf(reason)
    if (cause === undefined) break
    reason = cause
  }
  return reason
}

/** Whether `error` tells the app that its client has left. */
export function isDisconnect(error: unknown): boolean {
  if (reasonOf(error) instanceof ClientDisconnectedError) return true
  return causeOf(error) instanceof ClientDisconnectedError
}

/** Whether `error` is the reason of the signal of an exchange: its client has left, or the server shuts down. */
export function isSignalReason(error: unknown): boolean {
  return isDisconnect(error) || reasonOf(error) instanceof ServerShutdownError
}

/**
 * Whether an app whose exchange is over stops for that reason. An AbortError without a cause counts too: a signal of the
 * app that follows the signal of the exchange loses the reason.
 */
export function isStop(error: unknown): boolean {
  return isSignalReason(error) || isAbort(reasonOf(error))
}

// A DOMException is an Error as well. The app may throw an object that throws when it is looked at.
function isAbort(error: unknown): boolean {
  try {
    return error instanceof Error && error.name === 'AbortError'
  } catch {
    return false
  }
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined
  } catch {
    return undefined
  }
}
