// What the server does for an app that has ended: whom it has lost meanwhile, and what it answers by itself.

import {
  AppError,
  ClientDisconnectedError,
  PeerError,
  ServerShutdownError,
  ServiceError,
  UnsupportedScopeError,
} from '../errors.ts'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'

/** How an app has ended: with what it threw, or without. */
export type AppEnd = { threw: false } | { threw: true; error: unknown }

/** Whether the server is shutting down. */
export function isStopping(scope: HttpScope | WebSocketScope): boolean {
  return scope['isthmus.exchange']?.signal.reason instanceof ServerShutdownError
}

/** Whether the connection was lost before the app ended: by the client's leaving, or cut by a shutdown. */
export function lossOf(scope: HttpScope | WebSocketScope, end: AppEnd): 'left' | 'cut' | null {
  const connection = scope['isthmus.exchange']
  let gone = !connection && end.threw && end.error instanceof ClientDisconnectedError
  connection?.onDisconnect(() => {
    gone = true
  })
  if (!gone) return null
  return isStopping(scope) ? 'cut' : 'left'
}

/** The status of the server's own answer, where the app gave none. */
export function answerStatus(scope: HttpScope | WebSocketScope, end: AppEnd): number {
  if (!end.threw) return isStopping(scope) ? 503 : 500
  return errorStatus(end.error)
}

/** The status of the server's answer to what an app threw. */
export function errorStatus(error: unknown): number {
  if (error instanceof PeerError || error instanceof ServiceError) return error.status
  if (error instanceof ServerShutdownError) return 503
  return error instanceof UnsupportedScopeError ? 404 : 500
}

/** Whether the server's answer comes also behind a `http.response.start` whose head is not out yet. */
export function replacesStart(end: AppEnd): boolean {
  return end.threw && (end.error instanceof PeerError || end.error instanceof ServerShutdownError)
}

/** What a middleware is thrown where an app has ended without a response: why there is none. */
export function noResponse(scope: HttpScope | WebSocketScope): Error {
  if (lossOf(scope, { threw: false }) === 'left') return new ClientDisconnectedError()
  if (isStopping(scope)) return new ServerShutdownError()
  return new AppError('the app returned before its response was there')
}
