// The steps after every response, whole or failed. A failure in one step neither hides another nor skips the next step.

import { isThenable } from './chunk.ts'
import type { Environ } from '../contract/environ.ts'
import type { ResponseOptions, ResponseState } from './start-response.ts'

// Gets the failures of these steps, because the request they belong to is over.
type EndReport = Pick<ResponseOptions, 'warn'>

/**
 * Runs one step. A step that throws or returns a rejected promise is reported; this function never throws.
 *
 * @param name the name of the step for the report: `'close() of the body'`
 */
export function attempt(report: EndReport, name: string, step: () => unknown): void {
  const onFailure = (error: unknown): void => report.warn(`${name} failed`, error)
  try {
    const result = step()
    if (isThenable(result)) void Promise.resolve(result).catch(onFailure)
  } catch (error) {
    onFailure(error)
  }
}

/**
 * Calls `environ['isthmus.responseFinished']` from last to first, with the status and the headers that were sent:
 * undefined if the response failed before.
 *
 * @param error the reason why the request failed, else undefined
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
