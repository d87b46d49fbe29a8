// The decision on a response when its app ends: one table of moments and verdicts, without I/O.

import type { HttpExchange } from '../../async/http-exchange.ts'
import type { ErrorVerdict } from '../../http/error-verdict.ts'

/**
 * The state of the response when the app ends. `unstarted`: the app has sent no start. `held`: the start is accepted,
 * and its head waits for the body. `sent`: the head is on the wire. `over`: the response is complete or cut, or the
 * client has left.
 */
export type Moment = 'unstarted' | 'held' | 'sent' | 'over'

/** The verdict on an app that returns before its response is complete. */
export const UNANSWERED: ErrorVerdict = { status: 500, level: 'error', closesConnection: false }

/** The same for an app that the server told to stop: the app has done nothing wrong. */
export const STOPPED: ErrorVerdict = { status: 503, level: 'info', closesConnection: false }

/** The moment of `exchange`, whose client may be `gone`. */
export function momentOf(
  {
    ended,
    failed,
    started,
    headSent,
  }: Pick<HttpExchange, 'ended' | 'failed' | 'started' | 'headSent'>,
  gone: boolean,
): Moment {
  if (gone || ended || failed) return 'over'
  if (!started) return 'unstarted'
  return headSent ? 'sent' : 'held'
}

/**
 * The action of the server on a response at `moment`, when the app ends with `verdict`. The server cuts a response that
 * has begun, so that no client takes it for a whole one. It cuts a held head too, because the app has announced another
 * answer, unless the error ends the connection anyway: then the client gets the answer.
 */
export function actionAt(
  moment: Moment,
  { closesConnection }: ErrorVerdict,
): 'answer' | 'cut' | 'nothing' {
  switch (moment) {
    case 'unstarted':
      return 'answer'
    case 'held':
      return closesConnection ? 'answer' : 'cut'
    case 'sent':
      return 'cut'
    case 'over':
      return 'nothing'
  }
}

/** The log line about an app that returned at `moment`; null if its response was over. */
export function returnedLine(moment: Moment): string | null {
  if (moment === 'over') return null
  if (moment === 'unstarted') return 'the app returned without a response'
  return 'the app returned before its response was complete; the connection is cut'
}

/** The log line about a value that an event app returned. */
export function valueLine(value: unknown): string {
  return `the app returned a value (${typeof value}); an event app answers by send(), and returns nothing`
}
