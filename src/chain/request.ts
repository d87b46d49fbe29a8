// The request as a middleware sees it: the same words for a scope and for an environ.

import type { Environ } from '../contract/environ.ts'
import type { HttpScope, ResponseEnd, WebSocketScope } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What {@link ChainRequest.with} changes; what is left out stays. */
export interface RequestChanges {
  method?: string
  /** Of a WebSocket, `'http'` stands for `'ws'`, and `'https'` for `'wss'`. */
  scheme?: 'http' | 'https' | 'ws' | 'wss'
  /** Decoded, `rootPath` included; the path as it was sent stays what it was. */
  path?: string
  rootPath?: string
  queryString?: string
  client?: [host: string, port: number] | null
  /** Fields to set, instead of all that had the name; null takes them away. */
  headers?: Readonly<Record<string, string | null>>
  /** Keys to add to the state. */
  state?: Readonly<Record<string, unknown>>
  /** Called with each part of the body that is read; what it throws is thrown to the reader, then and from then on. */
  onBody?: (bytes: Uint8Array) => void
}

/** An HTTP request or a WebSocket handshake on its way in. */
export interface ChainRequest {
  /** What asks: a handshake is an HTTP exchange that is answered 101. */
  readonly kind: 'http' | 'websocket'
  /** `'GET'` for a WebSocket. */
  readonly method: string
  readonly scheme: 'http' | 'https' | 'ws' | 'wss'
  /** Decoded, `rootPath` included. */
  readonly path: string
  /** As it was sent, without the query. */
  readonly rawPath: string
  /** Where the app is mounted: a prefix of `path`, `''` at the root. */
  readonly rootPath: string
  /** Without the `?`, as it was sent. */
  readonly queryString: string
  readonly headers: RequestHeaders
  readonly client: readonly [host: string, port: number] | null
  /** What lifespan left for this request; the app finds there what a middleware puts there. */
  readonly state: Record<string, unknown>
  /** The server's log; undefined where there is none, as in a pool thread. */
  readonly log: Log | undefined
  /** Around a sync app: its environ. To be read; `with` makes changes. */
  readonly environ: Environ | undefined
  /** Around an app that awaits: its scope. To be read; `with` makes changes. */
  readonly scope: HttpScope | WebSocketScope | undefined
  /**
   * This request with changes, for `next`. The scope or environ is copied: whatever is outside sees nothing of it.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a header that cannot be
   *
   * @example
   * yield* next(request.with({ headers: { 'x-request-id': id }, state: { id } }))
   */
  with(changes: RequestChanges): ChainRequest
  /**
   * Calls back once, when all is over: the response is whole, or never will be; the WebSocket is closed, or was never
   * opened. Those that registered last are called first; what they throw is logged.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when the response is already on its way
   *
   * @example
   * request.onFinish(({ status, bytes, outcome }) => requests.count({ status, outcome }))
   */
  onFinish(callback: (end: ResponseEnd) => void): void
  /** Calls back once a WebSocket is accepted: its 101 was taken. Never for HTTP. */
  onAccept(callback: () => void): void
}

/** Where a request registers what its middleware waits for. */
export interface FinishHooks {
  onFinish(callback: (end: ResponseEnd) => void): void
  onAccept(callback: () => void): void
}
