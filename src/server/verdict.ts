// Whose fault an error is, and what the client is told: the app's, the peer's and ours never share a path.

import { PeerError, ServerShutdownError, ServiceError, UnsupportedScopeError } from '../errors.ts'

/** How an error that escaped an app is answered and logged. */
export interface Verdict {
  /** Of the answer, where there can still be one. */
  status: number
  level: 'info' | 'warn' | 'error'
  /** What is left of the request cannot be made sense of: the connection ends. */
  closes: boolean
}

/** Judges `error`. */
export function judge(error: unknown): Verdict {
  if (error instanceof PeerError) return { status: error.status, level: 'info', closes: true }
  if (error instanceof ServiceError) return { status: error.status, level: 'warn', closes: false }
  // An app that was told to stop, and did.
  if (error instanceof ServerShutdownError) return { status: 503, level: 'info', closes: true }
  // The path exists for another kind of connection only.
  if (error instanceof UnsupportedScopeError) return { status: 404, level: 'info', closes: false }
  return { status: 500, level: 'error', closes: false }
}
