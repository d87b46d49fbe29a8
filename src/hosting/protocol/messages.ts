// What crosses between the gateway, which owns the sockets, and a host of sync apps. Nothing here knows of
// threads: a host may be a process, in another language, at the end of a socket. See docs/host-protocol.md.
//
// A request has an `id` that is never used again, so whatever comes late for a finished one is dropped by it.
// Messages travel in order, in batches: at most one loop turn's worth at a time.

import type { HeaderPairs, HttpScope } from '../../contract/events.ts'
import type { Carried, Context } from '../../bridge/request-context.ts'

/** The part of a scope that is data (ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope"). */
export interface ScopeData extends Pick<
  HttpScope,
  | 'httpVersion'
  | 'method'
  | 'scheme'
  | 'path'
  | 'rawPath'
  | 'queryString'
  | 'rootPath'
  | 'headers'
  | 'client'
  | 'server'
> {
  /** What others have put into the scope, as far as it is data. */
  added: Readonly<Record<string, unknown>> | null
}

/** An error as data. */
export interface ErrorData {
  name: string
  message: string
  stack: string
  code?: string | number
  /** What the client is told, where the error says so. */
  status?: number
  cause?: ErrorData
}

/** Runs the app on one request. */
export interface RequestMessage {
  type: 'request'
  id: number
  scope: ScopeData
  /** Strings that the deployer adds to every environ. */
  environ: Readonly<Record<string, string>> | null
  hasBody: boolean
  /** Body bytes that come unasked; more come for `want`. */
  bodyWindow: number
  /** Response bytes that may be under way at once; more may follow `credit`. */
  responseWindow: number
  /** The request in whose call this one runs: at once, in the slot that it holds. Null: in its turn. */
  nestedIn: number | null
  /** Values that go along with the request: what is in AsyncLocalStorage here is there too. */
  context: Context
}

/** The next piece of the request body; `last` says that it is whole. */
export interface BodyMessage {
  type: 'body'
  id: number
  chunk: Uint8Array
  last: boolean
}

/** The client has taken so much of the response: the lengths of its chunks, as they were sent. */
export interface CreditMessage {
  type: 'credit'
  id: number
  bytes: number
}

/** Nobody waits for this request any more: reads and writes fail from now on. */
export interface CancelMessage {
  type: 'cancel'
  id: number
  error: ErrorData
}

/** The server is shutting down: the signal aborts, and nothing else changes. */
export interface WarnMessage {
  type: 'warn'
  id: number
  error: ErrorData
}

/** What has changed in `scope.state`, as far as it is data; for the requests that come behind it. */
export interface StateMessage {
  type: 'state'
  set: Readonly<Record<string, unknown>>
  unset: readonly string[]
}

/** What an app on the gateway's event loop says to the call of a host. */
export interface AnswerMessage {
  type: 'answer'
  /** The request that the call is made for. */
  id: number
  message: WantMessage | PartMessage | FailureMessage | DoneMessage
}

/** From the gateway to a host. */
export type ToHost =
  | RequestMessage
  | BodyMessage
  | CreditMessage
  | CancelMessage
  | WarnMessage
  | StateMessage
  | AnswerMessage

/** The app wants to read: `bytes` more of the body may come. The first one also sends `100 Continue`. */
export interface WantMessage {
  type: 'want'
  id: number
  bytes: number
}

/** The next part of the response: its head (first), a chunk, its end. */
export interface PartMessage {
  type: 'part'
  id: number
  head: { status: number; headers: HeaderPairs } | null
  chunk: Uint8Array | string | null
  end: boolean
}

/** The app failed. Before the head that is a 500; behind it the response is cut. */
export interface FailureMessage {
  type: 'failure'
  id: number
  error: ErrorData
}

/** The request is over, `close()` included: the slot is free. Always the last message of an id. */
export interface DoneMessage {
  type: 'done'
  id: number
  /** How long the app had the host to itself. */
  tookMs: number
}

/** Which app a host calls: the one that its middleware wraps, or one by its module. */
export type CalledApp = 'inner' | { url: string; exportName: string }

/** A host calls an app on the gateway's event loop: the same protocol with the roles exchanged. */
export interface CallMessage {
  type: 'call'
  /** The request that the call is made for. */
  id: number
  app: CalledApp
  message: CalledMessage | BodyMessage | CreditMessage | CancelMessage
}

/** Runs an app on the loop. */
export interface CalledMessage {
  type: 'request'
  /** The call's own, unique within the host. */
  id: number
  scope: ScopeData
  hasBody: boolean
  /** As in {@link RequestMessage}. */
  responseWindow: number
  /** Carried values that have changed since the request arrived. */
  carried: Carried
}

/** Something for the operator. */
export interface LogMessage {
  type: 'log'
  level: 'warn' | 'error'
  fields: Record<string, unknown>
  /** The error that it is about: the field `err` of the log. */
  error: ErrorData | null
  message: string
}

/** The app is loaded, or could not be. */
export interface LoadedMessage {
  type: 'loaded'
  error: ErrorData | null
}

/** Requests have left so much behind that the host should be replaced: timers, sockets, by their kind. */
export interface WornMessage {
  type: 'worn'
  left: Readonly<Record<string, number>>
}

/** From a host to the gateway. */
export type FromHost =
  | WantMessage
  | PartMessage
  | FailureMessage
  | DoneMessage
  | CallMessage
  | LogMessage
  | LoadedMessage
  | WornMessage
