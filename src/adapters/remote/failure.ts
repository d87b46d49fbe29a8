// From an error of undici, ws or a socket to an error for the client's answer and the log.

import { UpstreamError, UpstreamTimeoutError } from '../../errors.ts'
import type { ServiceError } from '../../errors.ts'

/** How far an exchange with a target came: no connection, no head yet, or within the response. */
type Stage = 'connecting' | 'waiting' | 'answering'

/** The place of a failure. */
interface Place {
  /** The target, as the user names it. */
  target: string
  stage: Stage
  attempts: number
}

/** The error about `cause`: it names the target, its deed, the code and the number of attempts. */
export function upstreamError(cause: unknown, { target, stage, attempts }: Place): ServiceError {
  const code = codeOf(cause)
  const again = attempts > 1 ? `, attempt ${attempts}` : ''
  const message = `remote(): ${target} ${deedOf(code, stage)} (${code}${again})`
  const isLate = TIMEOUTS.has(code)
  return isLate
    ? new UpstreamTimeoutError(message, { cause })
    : new UpstreamError(message, { cause })
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

// The codes of errors by which a target, or the way to it, ends a connection.
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** Whether `error` says that the target has closed the connection. */
export function isClosed(error: unknown): boolean {
  return CLOSED.has(codeOf(error))
}

/** The error about a Transfer-Encoding that is not `chunked` alone: the client would not undo the coding. */
export function foreignCoding(value: string): Error {
  const error = new Error(`the response has Transfer-Encoding: ${value}`)
  return Object.assign(error, { code: 'UNKNOWN_TRANSFER_CODING' })
}

function deedOf(code: string, stage: Stage): string {
  if (stage === 'connecting') {
    return TIMEOUTS.has(code) ? 'did not accept a connection in time' : 'accepted no connection'
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'sent no head in time'
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'stopped within its response'
  if (!CLOSED.has(code)) return 'sent an invalid response'
  return stage === 'waiting'
    ? 'closed the connection before its response'
    : 'broke its response off'
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : String(name ?? error)
}
