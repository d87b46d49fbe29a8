// The reports of the server on channels of node:diagnostics_channel, for tracers and metrics outside of the app.
//
// `isthmus:request:start` has `{ scope }`: an HTTP request or a WebSocket handshake is about to reach the app.
// `isthmus:request:end` has `{ scope, end }`: the exchange has ended, and `end` is the value of `onEnd`.
//
// Each start has one end. A request that the server refuses before there is a scope has neither.

import { channel } from 'node:diagnostics_channel'
import type { Ending } from '../async/exchange-context.ts'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'

const REQUEST_START = channel('isthmus:request:start')
const REQUEST_END = channel('isthmus:request:end')

/**
 * Publishes the start of an exchange on `isthmus:request:start`. No message is built without a subscriber.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('isthmus:request:start', ({ scope }) => startedAt.set(scope, performance.now()))
 */
export function publishStart(scope: HttpScope | WebSocketScope): void {
  if (REQUEST_START.hasSubscribers) REQUEST_START.publish({ scope })
}

/** Publishes the end of an exchange on `isthmus:request:end`. No message is built without a subscriber. */
export function publishEnd(scope: HttpScope | WebSocketScope, ending: Ending): void {
  if (REQUEST_END.hasSubscribers) REQUEST_END.publish({ scope, end: ending.end })
}
