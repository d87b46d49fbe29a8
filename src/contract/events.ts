// The event interface: ASGI 3 in TypeScript. Types only.

import type { IncomingMessage } from 'node:http'
import type { Channels } from './channels.ts'
import type { CheckedUser } from './checked-user.ts'
import type { Hosting } from './hosting.ts'
import type { Log } from './log.ts'

/** Headers in order, with duplicates: a lower-case name and the value as on the wire. */
export type HeaderPairs = Array<[name: string, value: string]>

/** The server's side of one exchange, at `scope['isthmus.exchange']`: facts and calls that ASGI does not have. */
export interface ExchangeContext {
  /** A signal that is aborted with a reason when the client leaves or the server shuts down, else never. */
  readonly signal: AbortSignal
  /** The server's log. */
  readonly log: Log
  /** The options of the server that the bridges need. */
  readonly hosting: Hosting
  /** Calls back when the client leaves, at once if the client has left. */
  onDisconnect(callback: () => void): void
  /** Calls back when the server shuts down while the client is still there. */
  onShutdown(callback: () => void): void
  /**
   * Calls back once, when the exchange has ended: the last byte of the response is on its way, the client has left, the
   * response broke off, or the WebSocket is closed or denied. The app may still run then. The callback that was
   * registered last is called first. A callback that comes after the end is called at once. The server logs an error
   * that a callback throws.
   *
   * @example
   * scope['isthmus.exchange']?.onEnd(({ outcome, status }) => requests.count({ outcome, status }))
   */
  onEnd(callback: (end: ResponseEnd) => void): void
  /** The user that a middleware has checked, for an access log outside of that middleware. */
  user?: string | undefined
}

/**
 * The end of an exchange, as the server knows it: the same value for every listener.
 *
 * The outcome of an HTTP response is `complete`, also if the server answered for the app; `disconnected` if the client
 * left before the last byte; `aborted` if the app broke off, or a shutdown cut the connection. That of a WebSocket is
 * `closed` after an accepted handshake, `denied` after an answer other than 101, else `disconnected` or `aborted`.
 */
export interface ResponseEnd {
  readonly outcome: 'complete' | 'disconnected' | 'aborted' | 'closed' | 'denied'
  /** The status of the response, even if its head was still held back; 101 for an accepted WebSocket; null without a response. */
  readonly status: number | null
  /**
   * Bytes of the body that went to the client, without the framing. Null for an accepted WebSocket, and in a pool
   * thread for an answer that the gateway gives.
   */
  readonly bytes: number | null
  /** The code with which a WebSocket was closed (RFC 6455, 7.4); undefined without an accepted handshake. */
  readonly code: number | undefined
  /** The error of the app that the server answered or that broke the response off, or the reason of the signal; else undefined. */
  readonly error: unknown
}

interface ConnectionScope {
  asgi: { version: '3.0'; specVersion: '2.5' }
  httpVersion: '1.0' | '1.1' | '2'
  /** The path, percent-decoded and read as UTF-8. It includes `rootPath`. */
  path: string
  /** The path as sent, without the query. */
  rawPath: string
  /** The query without the `?`, percent-encoded as sent. */
  queryString: string
  /** The path at which the app is mounted: a prefix of `path`, or `''` at the root. */
  rootPath: string
  headers: HeaderPairs
  client: [host: string, port: number] | null
  server: [host: string, port: number] | [path: string, port: null] | null
  state: Record<string, unknown>
  /** One key for each extension that the server supports. */
  extensions: Record<string, Record<string, unknown>>
  /** The server's facts and functions for this exchange. Absent under hosts that are not isthmus. */
  'isthmus.exchange'?: ExchangeContext
  /** Messages to groups of consumers, in all processes. Absent under hosts that are not isthmus. */
  'isthmus.channels'?: Channels | undefined
  /** The user that a middleware, or a web server over a gateway protocol, has checked; absent without one. */
  'isthmus.auth'?: CheckedUser
}

/** One HTTP exchange. @see ASGI HTTP & WebSocket 2.5, "HTTP Connection Scope" */
export interface HttpScope extends ConnectionScope {
  type: 'http'
  method: string
  scheme: 'http' | 'https'
  /** The request as the middleware of `fromConnect()` have left it, with the properties that they have added; absent without them. */
  'isthmus.node'?: { readonly req: IncomingMessage & Record<string, unknown> }
}

/** One WebSocket. @see ASGI HTTP & WebSocket 2.5, "WebSocket Connection Scope" */
export interface WebSocketScope extends ConnectionScope {
  type: 'websocket'
  scheme: 'ws' | 'wss'
  subprotocols: string[]
}

/** The life of the server. @see ASGI Lifespan 2.0 */
export interface LifespanScope {
  type: 'lifespan'
  asgi: { version: '3.0'; specVersion: '2.0' }
  /** The app puts values here. Each later exchange gets a shallow copy as its `state`. */
  state: Record<string, unknown>
  /** The server's log. Absent under hosts that are not isthmus. */
  'isthmus.log'?: Log
  /** The channels of the server. Absent under hosts that are not isthmus. */
  'isthmus.channels'?: Channels
  /** The server options that the bridges read. */
  'isthmus.hosting'?: Hosting
}

/** The first argument of an event app; the three scopes differ in `type`. */
export type Scope = HttpScope | WebSocketScope | LifespanScope

// --- events that an app receives ---
/** A part of the request body. `moreBody` is false in the last part. */
export interface HttpRequestEvent {
  type: 'http.request'
  body: Uint8Array
  moreBody: boolean
}
/** The client has left, or the response is complete. */
export interface HttpDisconnectEvent {
  type: 'http.disconnect'
}
/** The first event of a WebSocket. The app accepts it, closes it, or sends a denial response. */
export interface WebSocketConnectEvent {
  type: 'websocket.connect'
}
/** One message from the client: `text` or `bytes`, never both. */
export interface WebSocketReceiveEvent {
  type: 'websocket.receive'
  bytes?: Uint8Array | null
  text?: string | null
}
/** The WebSocket has ended; `code` is 1006 if the connection broke (RFC 6455, 7.4.1). */
export interface WebSocketDisconnectEvent {
  type: 'websocket.disconnect'
  code: number
  reason: string
}
/** The server waits for the startup of the app before it listens. */
export interface LifespanStartupEvent {
  type: 'lifespan.startup'
}
/** The server has ended its connections and waits for the shutdown of the app. */
export interface LifespanShutdownEvent {
  type: 'lifespan.shutdown'
}

// --- events that an app sends ---

/** The head of the response; `status` is 200 to 999. The server sends it with the first body event. */
export interface HttpResponseStartEvent {
  type: 'http.response.start'
  status: number
  headers?: HeaderPairs
  /** True if `http.response.trailers` will follow the body. Default false. */
  trailers?: boolean
}
/** A part of the response body. `body` is empty by default. `moreBody` is false by default: the body ends. @see {@link Send} */
export interface HttpResponseBodyEvent {
  type: 'http.response.body'
  body?: Uint8Array | string
  moreBody?: boolean
}
/** Fields after the body. `moreTrailers` is false by default. A client that takes no trailers does not get them. */
export interface HttpResponseTrailersEvent {
  type: 'http.response.trailers'
  headers?: HeaderPairs
  moreTrailers?: boolean
}
/** A 103 response before the head (RFC 8297). */
export interface HttpResponseEarlyHintEvent {
  type: 'http.response.early_hint'
  /** `Link` values. */
  links: string[]
}
/** A file that the server sends as the whole body. */
export interface HttpResponsePathsendEvent {
  type: 'http.response.pathsend'
  /** An absolute path. */
  path: string
}
/** Accepts the handshake. `subprotocol` is one that the client offered. `headers` are added to the 101. */
export interface WebSocketAcceptEvent {
  type: 'websocket.accept'
  subprotocol?: string | null
  headers?: HeaderPairs
}
/** One message to the client: exactly one of `text` and `bytes`. @see {@link Send} */
export interface WebSocketSendEvent {
  type: 'websocket.send'
  bytes?: Uint8Array | null
  text?: string | null
}
/** Closes the WebSocket; before the accept, the client gets a 403. Default: code 1000 and an empty reason. */
export interface WebSocketCloseEvent {
  type: 'websocket.close'
  code?: number
  reason?: string | null
}
/** The head of a response that denies the handshake. */
export interface WebSocketDenialStartEvent {
  type: 'websocket.http.response.start'
  status: number
  headers?: HeaderPairs
}
/** A part of the body of a denial; the defaults are those of {@link HttpResponseBodyEvent}. */
export interface WebSocketDenialBodyEvent {
  type: 'websocket.http.response.body'
  body?: Uint8Array | string
  moreBody?: boolean
}
/** The app is ready to serve. */
export interface LifespanStartupCompleteEvent {
  type: 'lifespan.startup.complete'
}
/** The app cannot start, and the server does not listen; `isthmus.error` is the cause of the error of `serve()`. */
export interface LifespanStartupFailedEvent {
  type: 'lifespan.startup.failed'
  'isthmus.error'?: unknown
  message?: string
}
/** The app has shut down. */
export interface LifespanShutdownCompleteEvent {
  type: 'lifespan.shutdown.complete'
}
/** The shutdown of the app has failed. `message` goes to the log; it is empty by default. */
export interface LifespanShutdownFailedEvent {
  type: 'lifespan.shutdown.failed'
  message?: string
}

// A union whose members have all keys: a key that belongs to other members is undefined.
type KeyOf<Union> = Union extends unknown ? keyof Union : never
type Readable<Union, Keys extends PropertyKey = KeyOf<Union>> = Union extends unknown
  ? Union & { [Key in Exclude<Keys, keyof Union>]?: undefined }
  : never

/** The events that an app receives in an HTTP exchange. */
export type HttpReceiveEvent = HttpRequestEvent | HttpDisconnectEvent
/** The events that an app receives in a WebSocket. */
export type WebSocketReceivedEvent =
  | WebSocketConnectEvent
  | WebSocketReceiveEvent
  | WebSocketDisconnectEvent
/** The events that an app receives in a lifespan. */
export type LifespanReceiveEvent = LifespanStartupEvent | LifespanShutdownEvent

/** All events that `receive()` may resolve to. */
export type ReceiveEvent = Readable<
  HttpReceiveEvent | WebSocketReceivedEvent | LifespanReceiveEvent
>

/** The events that an app sends in an HTTP exchange. */
export type HttpSendEvent =
  | HttpResponseStartEvent
  | HttpResponseBodyEvent
  | HttpResponseTrailersEvent
  | HttpResponseEarlyHintEvent
  | HttpResponsePathsendEvent
/** The events that an app sends in a WebSocket. */
export type WebSocketSentEvent =
  | WebSocketAcceptEvent
  | WebSocketSendEvent
  | WebSocketCloseEvent
  | WebSocketDenialStartEvent
  | WebSocketDenialBodyEvent
/** The events that an app sends in a lifespan. */
export type LifespanSendEvent =
  | LifespanStartupCompleteEvent
  | LifespanStartupFailedEvent
  | LifespanShutdownCompleteEvent
  | LifespanShutdownFailedEvent

/** All events that `send()` takes. */
export type SendEvent = HttpSendEvent | WebSocketSentEvent | LifespanSendEvent

/**
 * Returns the next event. While a call is pending, a further call returns the same promise, so that an abandoned call
 * loses no event. The iteration ends after the event that ends the exchange.
 */
export interface Receive {
  (): Promise<ReceiveEvent>
  /** The events up to the last one, `http.disconnect` for example. */
  [Symbol.asyncIterator](): AsyncIterator<ReceiveEvent, undefined>
}

/**
 * Resolves when the server has taken the event and the peer keeps up; then the app may change the bytes that it sent.
 * Rejects an event that is illegal at this point.
 */
export type Send = (event: SendEvent) => Promise<void>

/** Style 3: an app that gets HTTP, WebSocket and lifespan as events. @see ASGI 3.0 */
export type EventApp = (scope: Scope, receive: Receive, send: Send) => Promise<void>
