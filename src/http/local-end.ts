// Describes the end of a response from the facts that its maker has, for a host that does not report the end.

import { hasContent } from './content.ts'
import { judgeError } from './error-verdict.ts'
import { isDisconnect } from './stop-reason.ts'
import type { ResponseEnd } from '../contract/events.ts'

/** The facts about a response that its maker has. */
interface LocalFacts {
  method: string
  /** The status of the head that was handed to the server; null if there was none. */
  status: number | null
  /** Bytes of the body that were handed to the server; null if only the server can count them. */
  bytes: number | null
  /** The error that ended the response early; undefined for a whole response. */
  error: unknown
}

/**
 * The end of a response with these facts. The server answers an error without a head, and the number of bytes in that
 * answer is unknown.
 */
export function localEnd({ method, status, bytes, error }: LocalFacts): ResponseEnd {
  const common = {
    status,
    bytes: hasContent(method, status ?? 0) ? bytes : 0,
    code: undefined,
    error,
  }
  if (error === undefined) return { ...common, outcome: 'complete' }
  if (isDisconnect(error)) return { ...common, outcome: 'disconnected' }
  if (status !== null) return { ...common, outcome: 'aborted' }
  return { ...common, outcome: 'complete', status: judgeError(error).status, bytes: null }
}
