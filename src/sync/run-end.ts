// What has to happen after a response, however it went: no failure masks another, or skips what comes after it.

import { isThenable } from './chunk.ts'
import type { Environ } from '../contract/environ.ts'
import type { ResponseOptions, ResponseState } from './start-response.ts'

// Where failures go that have no request to fail any more.
type EndReport = Pick<ResponseOptions, 'warn'>

/**
 * Runs one step of the end; its failure, now or by a promise, is reported and not thrown.
 *
 * @param what names the step in the report: `'close() of the body'`
 */
export function attempt(report: EndReport, what: string, step: () => unknown): void {
  const onFailure = (error: unknown): void => report.warn(`${what} failed`, error)
  try {
    const result = step()
    if (isThenable(result)) void Promise.resolve(result).catch(onFailure)
  } catch (error) {
    onFailure(error)
  }
}

/**
 * Calls `environ['isthmus.responseFinished']` from last to first. Status and headers are those that
 * were transmitted: undefined for a response that failed before.
 *
 * @param error what went wrong, else undefined
 * @see Rack SPEC, "rack.response_finished"
 */
export function callFinished(
  environ: Environ,
  response: ResponseState,
  error: unknown,
  report: EndReport,
): void {
  const callbacks = environ['isthmus.responseFinished']
  if (callbacks === undefined || callbacks.length === 0) return

  const head = response.committed ? response.head : undefined
  const status = head && `${head.status} ${head.reason}`
  for (const callback of callbacks.toReversed()) {
    attempt(report, "a callback of 'isthmus.responseFinished'", () =>
      callback(environ, status, head?.headers, error),
    )
  }
}
