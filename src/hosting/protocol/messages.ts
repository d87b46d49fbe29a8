// The messages between the gateway, which owns the sockets, and a host of apps. Nothing here depends on threads: a host
// may be a process, in another language, at the end of a socket. See docs/host-protocol.md.
//
// A request has an `id` that is never used again, so both sides drop late messages of a finished request by their `id`.
// Messages travel in order and in batches.

import type {
  HeaderPairs,
  HttpScope,
  ReceiveEvent,
  SendEvent,
  WebSocketScope,
} from '../../contract/events.ts'
import type { Carried, Context } from '../../bridge/request-context.ts'
import type { ToClient, ToRelay } from '../../channels/link/messages.ts'
import type { HistoryOptions } from '../../channels/options.ts'

/** The part of every scope that is data. */
export interface ConnectionData extends Pick<
  HttpScope,
  'httpVersion' | 'path' | 'rawPath' | 'queryString' | 'rootPath' | 'headers' | 'client' | 'server'
> {
  /** The keys that middleware has put into the scope and that are data; null if there are none. */
  added: Readonly<Record<string, unknown>> | null
}

/** The part of the scope of a request that is data (ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope"). */
export interface ScopeData extends ConnectionData, Pick<HttpScope, 'method' | 'scheme'> {}

/** The part of the scope of a WebSocket that is data (ASGI HTTP & WebSocket 2.5, "WebSocket Connection Scope"). */
export interface WebSocketData
  extends ConnectionData, Pick<WebSocketScope, 'scheme' | 'subprotocols'> {}

/** `scope.extensions` as data. */
export type Extensions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/**
 * How a host runs requests: one at a time, for sync apps, or many at the same time, for all other apps.
 *
 * @inline
 */
export type Runs = 'inTurn' | 'sideBySide'

/** An error as data. */
export interface ErrorData {
  name: string
  message: string
  stack: string
  code?: string | number
  /** The status of the answer to the client, if the error has one. */
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
  /** Body bytes that come before the first `want`. */
  bodyWindow: number
  /** Response bytes that may be on the way without `credit`. */
  responseWindow: number
  /** The request that this one runs inside of, at once and in its slot. Null: the request runs in its turn. */
  nestedIn: number | null
  /** The values that go along with the request: the host sets the same storages of AsyncLocalStorage. */
  context: Context
  /** The extensions that the app may use, if they are not those of the message before; null if they are. */
  extensions: Extensions | null
}

/** Opens a WebSocket. Only for a host that runs requests side by side. */
export interface OpenMessage {
  type: 'open'
  id: number
  scope: WebSocketData
  /** The same meaning as in {@link RequestMessage}. */
  environ: RequestMessage['environ']
  /** Bytes of messages that may be on the way in each direction without `want` or `credit`. */
  messageWindow: number
  context: Context
  /** The same meaning as in {@link RequestMessage}. */
  extensions: Extensions | null
}

/**
 * An event that has no message of its own. To the host: a message of a WebSocket, or its disconnect. To the gateway: all
 * events of a WebSocket, early hints, and each event of a response with trailers.
 */
export interface EventMessage<Event extends ReceiveEvent | SendEvent> {
  type: 'event'
  id: number
  event: Event
}

/** The next piece of the request body. `last` marks the last piece. */
export interface BodyMessage {
  type: 'body'
  id: number
  chunk: Uint8Array
  last: boolean
  /** The body has broken a limit: no further piece comes. The app may still answer. Absent otherwise. */
  error?: ErrorData
}

/** The gateway has room for `bytes` more of the response, by the lengths of the chunks as the host sends them. */
export interface CreditMessage {
  type: 'credit'
  id: number
  bytes: number
}

/** The request is given up: reads and writes fail from now on. */
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

/** The changes of `scope.state` that are data, for the requests after this message. */
export interface StateMessage {
  type: 'state'
  set: Readonly<Record<string, unknown>>
  unset: readonly string[]
}

/** Channels of a server, in one host. */
export interface ChannelsData {
  /** The number of the channels in this host, from 1 on. */
  number: number
  maxMessageBytes: number
  /** The groups that keep a history: the option of the channels. */
  history: Readonly<Record<string, HistoryOptions>>
}

/** The channels of the requests after this message; null if they have none. */
export interface ChannelsMessage {
  type: 'channels'
  channels: ChannelsData | null
}

/** A message between channels in a host and the relay that serves them at the gateway. */
export interface LinkMessage<Message extends ToClient | ToRelay> {
  type: 'link'
  /** The number of the channels. */
  channels: number
  message: Message
}

/** A message of an app on the event loop of the gateway to the host that called it. */
export interface AnswerMessage {
  type: 'answer'
  /** The request that the call is made for. */
  id: number
  message: WantMessage | PartMessage | FailureMessage | DoneMessage
}

/** The host finishes its requests, ends the lifespan of its app, and ends. */
interface StopMessage {
  type: 'stop'
}

/** From the gateway to a host. */
export type ToHost =
  | RequestMessage
  | OpenMessage
  | EventMessage<ReceiveEvent>
  | StopMessage
  | BodyMessage
  | CreditMessage
  | CancelMessage
  | WarnMessage
  | StateMessage
  | ChannelsMessage
  | LinkMessage<ToClient>
  | AnswerMessage

/** The app wants to read: `bytes` more of the body may come. The first `want` also sends `100 Continue`. */
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

/** The app failed. The client gets 500 if no head was sent, else a response that breaks off. */
export interface FailureMessage {
  type: 'failure'
  id: number
  error: ErrorData
}

/** The request is over, `close()` included: the slot is free. Always the last message of an id. */
export interface DoneMessage {
  type: 'done'
  id: number
  /** The time that the app had the host to itself, in ms. */
  tookMs: number
}

/** The app that a host calls: the app that its middleware wraps, or the app of a module. */
export type CalledApp = 'inner' | { url: string; exportName: string }

/** A host calls an app on the gateway's event loop: the same protocol with the roles exchanged. */
export interface CallMessage {
  type: 'call'
  /** The request that the call is made for. */
  id: number
  app: CalledApp
  message: CalledMessage | BodyMessage | CreditMessage | CancelMessage
}

/** Runs an app on the event loop of the gateway. */
export interface CalledMessage {
  type: 'request'
  /** The number of the call, unique within the host. */
  id: number
  scope: ScopeData
  hasBody: boolean
  /** The same meaning as in {@link RequestMessage}. */
  responseWindow: number
  /** Carried values that have changed since the request arrived. */
  carried: Carried
}

/** A log line for the operator. */
export interface LogMessage {
  type: 'log'
  level: 'info' | 'warn' | 'error'
  fields: Record<string, unknown>
  /** The error that the line is about: the field `err` of the log. */
  error: ErrorData | null
  message: string
}

/** The app is loaded, and its lifespan has started; or `error` is the reason why not. */
export interface LoadedMessage {
  type: 'loaded'
  runs: Runs
  error: ErrorData | null
}

/** The app of a WebSocket has taken the signal: at a shutdown it gets the time to close the WebSocket itself. */
export interface WatchMessage {
  type: 'watch'
  id: number
}

/** Requests have left so many timers or sockets open that the host should be replaced. `left` counts them by kind. */
export interface WornMessage {
  type: 'worn'
  left: Readonly<Record<string, number>>
}

/** The host has not begun the request, and will not: it goes to another host. No `done` follows. */
interface GiveBackMessage {
  type: 'giveBack'
  id: number
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
  | EventMessage<SendEvent>
  | WatchMessage
  | WornMessage
  | GiveBackMessage
  | LinkMessage<ToRelay>
