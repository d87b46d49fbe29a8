// The decision on a WebSocket when its app ends: the answer to an open handshake, or the close of an open connection.

import { judgeError } from '../../http/error-verdict.ts'
import { isStop } from '../../http/stop-reason.ts'
import type { WebSocketExchange } from '../../async/websocket-exchange.ts'

/**
 * The state of the WebSocket when the app ends. `unanswered`: nothing of an answer to the handshake is on the wire.
 * `denying`: a part of a denial is on the wire. `open`: accepted. `over`: closed, denied, cut, or left by the client.
 */
export type Moment = 'unanswered' | 'denying' | 'open' | 'over'

/** The last word of the server: the status for an unanswered handshake, the code and reason for an open connection. */
export interface Farewell {
  readonly status: number
  readonly code: number
  readonly reason: string
}

/** The farewell of a server that shuts down. @see RFC 6455, 7.4.1 */
export const GOING_AWAY: Farewell = { status: 503, code: 1001, reason: 'server shutdown' }

/** The farewell for an app that returned. */
export const RETURNED: Farewell = { status: 500, code: 1000, reason: '' }

/** The moment of `exchange`. */
export function momentOf({
  state,
  failed,
  unanswered,
}: Pick<WebSocketExchange, 'state' | 'failed' | 'unanswered'>): Moment {
  if (failed) return 'over'
  if (unanswered) return 'unanswered'
  return state === 'open' || state === 'denying' ? state : 'over'
}

/** Whether the app threw the reason of its signal, as it may when the server shuts down. */
export function obeys(error: unknown, isStopping: boolean): boolean {
  return isStopping && isStop(error)
}

/** The farewell for an app that threw `error`. */
export function farewellAfter(error: unknown, isStopping: boolean): Farewell {
  if (obeys(error, isStopping)) return GOING_AWAY
  return { status: judgeError(error).status, code: 1011, reason: '' }
}
