// Judges an error that escaped an app. Errors of the app, of the client and of the server get different answers.

import { PeerError, ServerShutdownError, ServiceError, UnsupportedScopeError } from '../errors.ts'
import { reasonOf } from './stop-reason.ts'

/** The line of the log about an error that escaped an app. */
interface FailureLine {
  readonly message: string
  /** The error; undefined if the app has not failed, and its stack would mislead. */
  readonly err: unknown
}

/** The answer to an error that escaped an app, and the level of its log line. */
export interface ErrorVerdict {
  /** The status of the answer, if the response has not begun. */
  readonly status: number
  /** The level of the log line. */
  readonly level: 'info' | 'warn' | 'error'
  /** Whether the connection ends with the answer, because the rest of the request cannot be read. */
  readonly closesConnection: boolean
}

/**
 * Judges a value of any type that an app threw, as the server does: 4xx for an error of the client, 404 for a scope that
 * the app does not serve, 503 or 504 for a service that cannot answer now, 500 for everything else. For an AbortError of
 * Node it judges the cause.
 *
 * @example
 * const { status, level } = judgeError(error)
 * log[level]({ err: error }, 'the app failed')
 * return respond(status)
 */
export function judgeError(thrown: unknown): ErrorVerdict {
  const error = reasonOf(thrown)
  if (error instanceof PeerError) {
    return { status: error.status, level: 'info', closesConnection: true }
  }
  if (error instanceof ServiceError) {
    return { status: error.status, level: 'warn', closesConnection: false }
  }
  // The server told the app to stop, and the app obeyed.
  if (error instanceof ServerShutdownError) {
    return { status: 503, level: 'info', closesConnection: true }
  }
  // The path exists for another kind of connection only.
  if (error instanceof UnsupportedScopeError) {
    return { status: 404, level: 'info', closesConnection: false }
  }
  return { status: 500, level: 'error', closesConnection: false }
}

/** The line of the log about `error`, by its verdict. */
export function failureLine(error: unknown, { status, level }: ErrorVerdict): FailureLine {
  const message = status === 500 ? 'the app failed' : String(reasonOf(error))
  return { message, err: level === 'info' ? undefined : error }
}
