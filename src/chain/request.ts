// The request as a middleware sees it: the same members for a scope and for an environ.

import type { Environ } from '../contract/environ.ts'
import type { CheckedUser } from '../contract/checked-user.ts'
import type { HttpScope, ResponseEnd, WebSocketScope } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { AbortSignalLike } from './interruption.ts'
import type { RequestHeaders } from './request-headers.ts'

/** The changes of {@link ChainRequest.with}; omitted members stay the same. */
export interface RequestChanges {
  method?: string
  /** For a WebSocket, `'http'` means `'ws'`, and `'https'` means `'wss'`. */
  scheme?: 'http' | 'https' | 'ws' | 'wss'
  /** The decoded path, with `rootPath`; `rawPath` stays the same. */
  path?: string
  rootPath?: string
  queryString?: string
  client?: [host: string, port: number] | null
  /** Fields to set, in place of all fields with the same name; null removes them. */
  headers?: Readonly<Record<string, string | null>>
  /** Keys to add to the state. */
  state?: Readonly<Record<string, unknown>>
  /**
   * The user that the middleware has checked. The app gets it as `scope['isthmus.auth']`, or as `AUTH_TYPE` and
   * `REMOTE_USER` in its environ (RFC 3875, 4.1.1 and 4.1.11). An `accessLog()` outside of the middleware names it too.
   */
  auth?: CheckedUser
  /** Called with each part of the body that is read. An error that it throws is thrown to the reader, now and at each later read. */
  onBody?: (bytes: Uint8Array) => void
  /**
   * Gives the inner app an earlier end. When this signal is aborted, the app sees the same as when its client leaves:
   * its own signal (`scope['isthmus.exchange'].signal`, `environ['isthmus.signal']`) is aborted with the same reason,
   * and the callbacks of `scope['isthmus.exchange'].onDisconnect` are called, each once: at the abort, or when the
   * client leaves, if that comes first. The signal of the app is still aborted when the outer one is.
   *
   * The signal only informs the app and does not choose a response: use it together with `until`. A bridge stops an
   * async-iterable app, and a pool of threads drops its request, as if the client had left. Under a host other than
   * isthmus, whose scope has no exchange, an event app learns nothing.
   */
  signal?: AbortSignalLike
}

/** An HTTP request or a WebSocket handshake on its way in. */
export interface ChainRequest {
  /** A handshake is an HTTP exchange that is answered with 101. */
  readonly kind: 'http' | 'websocket'
  /** `'GET'` for a WebSocket. */
  readonly method: string
  readonly scheme: 'http' | 'https' | 'ws' | 'wss'
  /** The decoded path, with `rootPath`. */
  readonly path: string
  /** The path as the client sent it, without the query. */
  readonly rawPath: string
  /** The mount point of the app: a prefix of `path`, `''` at the root. */
  readonly rootPath: string
  /** The query as the client sent it, without the `?`. */
  readonly queryString: string
  readonly headers: RequestHeaders
  /** The address of the peer, or the one that `forwarded()` found; null if it is unknown. */
  readonly client: readonly [host: string, port: number] | null
  /** The state that the lifespan of the app prepared for this request. A middleware may add keys for the app. */
  readonly state: Record<string, unknown>
  /** The server's log; undefined under a host without one, and in a pool thread. */
  readonly log: Log | undefined
  /** The environ, around a sync app. Read only: `with` makes changes. */
  readonly environ: Environ | undefined
  /** The scope, around an app that awaits. Read only: `with` makes changes. */
  readonly scope: HttpScope | WebSocketScope | undefined
  /**
   * A copy of this request with changes, for `next`. The scope or environ is copied, so the outer layers do not see the
   * changes.
   *
   * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for an invalid header
   *
   * @example
   * yield* next(request.with({ headers: { 'x-request-id': id }, state: { id } }))
   *
   * @example
   * const deadline = AbortSignal.timeout(5_000)
   * const response = yield* until(deadline, next(request.with({ signal: deadline })))
   */
  with(changes: RequestChanges): ChainRequest
  /**
   * Calls back once, at the end of the exchange: the response is complete or never will be, or the WebSocket is closed or
   * was never opened. The last registered callback is called first; an error that a callback throws is logged.
   *
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the response is already on its way
   *
   * @example
   * request.onFinish(({ status, bytes, outcome }) => requests.count({ status, outcome }))
   */
  onFinish(callback: (end: ResponseEnd) => void): void
  /** Calls back once, when the server has taken the 101 of a WebSocket. Never for HTTP. */
  onAccept(callback: () => void): void
}

/** The register for the callbacks of the middleware in one exchange. */
export interface FinishHooks {
  onFinish(callback: (end: ResponseEnd) => void): void
  onAccept(callback: () => void): void
}
