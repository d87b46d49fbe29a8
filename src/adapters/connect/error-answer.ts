// The answer to an error with a status, as the packages http-errors and finalhandler know it.

import { STATUS_CODES } from 'node:http'
import type { InnerResponse } from '../node/internals.ts'

/** The parts of an error of the package http-errors. */
interface StatusError {
  readonly status?: unknown
  readonly statusCode?: unknown
  readonly expose?: unknown
  readonly message?: unknown
  readonly headers?: unknown
}

/** The status of `error`, from 400 to 599; undefined for an error without one, and for 500, which every error means. */
export function statusOf(error: unknown): number | undefined {
  const { status, statusCode } = error as StatusError
  return [status, statusCode].find(isErrorStatus)
}

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600 && status !== 500
}

/**
 * Answers with `status`, the fields in `error.headers`, and the message of the error, if `error.expose` allows it.
 *
 * @see https://github.com/pillarjs/finalhandler#readme
 */
export function answerError(res: InnerResponse, error: unknown, status: number): void {
  const { expose, message, headers } = error as StatusError
  const text = expose === true ? String(message) : (STATUS_CODES[status] ?? String(status))
  const body = `${text}\n`
  // They describe the content that will not come.
  for (const name of ['content-encoding', 'content-language', 'content-range']) {
    res.removeHeader(name)
  }
  if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value as string)
  }
  res.statusCode = status
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('content-length', Buffer.byteLength(body))
  res.end(body)
}
