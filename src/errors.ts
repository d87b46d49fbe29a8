// Every error that isthmus raises. Errors of the app, of the client and of the server never share a class.

import { identifyErrors, markAs } from './shared-class.ts'

/**
 * The root of all errors of isthmus. `instanceof` holds between two copies of the package in one process, and between a
 * minified copy and one that is not. A class that an app derives works with `instanceof` like any other class, and has
 * the `name` of its parent until it sets its own.
 *
 * @example
 * if (error instanceof IsthmusError && error.code === 'ISTHMUS_POOL_FULL') retryLater()
 */
export abstract class IsthmusError extends Error {
  /** A code that stays the same in all releases; the message may change. */
  abstract readonly code: string
}

// --- errors of the app ---

/**
 * The app, or a middleware, broke a rule of its interface; the message names the rule and the remedy. It is a
 * `TypeError`, as a wrong argument is in Node's own functions, and an {@link IsthmusError} too.
 */
export class AppError extends TypeError {
  readonly code: string = 'ISTHMUS_APP_FAULT'
}

/** The app sent an event that is malformed, or illegal at this moment of the exchange. */
export class IllegalEventError extends AppError {
  override readonly code = 'ISTHMUS_ILLEGAL_EVENT'
}

/** The app sent a body with more or fewer bytes than its Content-Length announces. */
export class ContentLengthMismatchError extends AppError {
  override readonly code = 'ISTHMUS_CONTENT_LENGTH_MISMATCH'
}

/** The app gave a status, header name or header value that would corrupt the response. */
export class InvalidHeaderError extends AppError {
  override readonly code = 'ISTHMUS_INVALID_HEADER'
}

/** A middleware waits for a promise in a chain around a sync app, which cannot wait. */
export class WaitUnderSyncError extends AppError {
  override readonly code = 'ISTHMUS_WAIT_UNDER_SYNC'

  /** @param name the middleware */
  constructor(name: string) {
    super(
      `middleware "${name}" waits for a promise, and the app inside it is sync; ` +
        'give it both forms with either({ sync, async }), or put the chain around threads(…) or toEvents(app)',
    )
  }
}

/** Lint found a breach of the contract; the message names the party that broke the rule, and the rule. */
export class LintError extends AppError {
  override readonly code = 'ISTHMUS_LINT'
}

/**
 * An event app throws it for a scope type that it does not serve.
 *
 * @see ASGI 3.0, "Applications"
 */
export class UnsupportedScopeError extends IsthmusError {
  readonly code = 'ISTHMUS_UNSUPPORTED_SCOPE'

  /** @param type the type of the scope: `websocket` */
  constructor(type: string) {
    super(`this app does not serve scopes of type "${type}"`)
  }
}

/** A blocking call on the event-loop thread would wait for data that only this thread can deliver. */
export class WouldDeadlockError extends IsthmusError {
  readonly code = 'ISTHMUS_WOULD_DEADLOCK'
}

/**
 * An app throws it to give up its connection: the server cuts it without an answer, also in the middle of a response.
 */
export class ConnectionCutError extends IsthmusError {
  readonly code = 'ISTHMUS_CONNECTION_CUT'

  constructor(message = 'the app has cut the connection') {
    super(message)
  }
}

/** An app module does not load, or does not export an app. */
export class AppLoadError extends IsthmusError {
  readonly code = 'ISTHMUS_APP_LOAD'
}

/** The lifespan of an app did not start. */
export class LifespanError extends IsthmusError {
  readonly code = 'ISTHMUS_LIFESPAN_FAILED'
}

// --- errors of the client ---

/** The client broke a rule or a limit; the server answers with `status`. */
export abstract class PeerError extends IsthmusError {
  abstract readonly status: number
}

/** The head of the request is malformed. */
export class BadRequestError extends PeerError {
  readonly code = 'ISTHMUS_BAD_REQUEST'
  readonly status: number

  /** @param status a status of the range 400 to 499. Default 400 */
  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

/**
 * The body of the request is longer than `maxBodyBytes` allows.
 *
 * @see RFC 9110, 15.5.14
 */
export class BodyTooLargeError extends PeerError {
  readonly code = 'ISTHMUS_BODY_TOO_LARGE'
  readonly status = 413

  constructor(limitBytes: number) {
    super(`the request body exceeds the limit of ${limitBytes} bytes`)
  }
}

/**
 * The body of the request stopped arriving.
 *
 * @see RFC 9110, 15.5.9
 */
export class BodyTimeoutError extends PeerError {
  readonly code = 'ISTHMUS_BODY_TIMEOUT'
  readonly status = 408

  constructor(timeoutMs: number) {
    super(`no byte of the request body arrived for ${timeoutMs} ms`)
  }
}

/** The client has left: the app can read nothing more from it, and can send nothing to it. */
export class ClientDisconnectedError extends IsthmusError {
  readonly code = 'ECONNRESET'

  constructor(message = 'the client disconnected') {
    super(message)
  }
}

/**
 * The client sent no message within the `timeoutMs` of `receive()`. The socket stays usable.
 *
 * @see BlockingWebSocket.receive
 */
export class ReceiveTimeoutError extends IsthmusError {
  readonly code = 'ISTHMUS_RECEIVE_TIMEOUT'

  constructor(timeoutMs: number) {
    super(`no message of the client came for ${timeoutMs} ms`)
  }
}

// --- errors of the server ---

/** The server, or the host of an app, cannot answer now; the client gets `status`. */
export abstract class ServiceError extends IsthmusError {
  abstract readonly status: number
}

/**
 * The server handles as many requests as `maxConcurrency` allows, or it is shutting down.
 *
 * @see RFC 9110, 15.6.4
 */
export class UnavailableError extends ServiceError {
  readonly code = 'ISTHMUS_UNAVAILABLE'
  readonly status = 503
}

/**
 * As many requests wait for a thread as `maxQueue` allows.
 *
 * @see RFC 9110, 15.6.4
 */
export class PoolFullError extends ServiceError {
  readonly code = 'ISTHMUS_POOL_FULL'
  readonly status = 503
}

/** No connection of `remote()` is free: as many requests wait as `maxPending` allows, or this one has waited too long. */
export class UpstreamBusyError extends ServiceError {
  readonly code = 'ISTHMUS_UPSTREAM_BUSY'
  readonly status = 503
}

/**
 * A target of `remote()` could not be reached, broke the connection off, or sent an invalid response; the `cause` is the
 * reason. After the head of the response, the server cuts the connection to the client.
 */
export class UpstreamError extends ServiceError {
  readonly code = 'ISTHMUS_UPSTREAM_FAILED'
  readonly status = 502
}

/** A target of `remote()` took too long to accept a connection, or to send a part of its response. */
export class UpstreamTimeoutError extends ServiceError {
  readonly code = 'ISTHMUS_UPSTREAM_TIMEOUT'
  readonly status = 504
}

/**
 * The app took longer than `timeoutMs`; a pool ends its thread.
 *
 * @see RFC 9110, 15.6.5
 */
export class AppTimeoutError extends ServiceError {
  readonly code = 'ISTHMUS_APP_TIMEOUT'
  readonly status = 504
}

/** The thread that served the request ended; the `cause` is the reason. */
export class ThreadCrashedError extends ServiceError {
  readonly code = 'ISTHMUS_THREAD_CRASHED'
  readonly status = 500
}

/** The process that served the request ended; the `cause` is the reason. */
export class ProcessCrashedError extends ServiceError {
  readonly code = 'ISTHMUS_PROCESS_CRASHED'
  readonly status = 502
}

/** The server is shutting down. Abort signals carry this error as their reason. */
export class ServerShutdownError extends IsthmusError {
  readonly code = 'ISTHMUS_SERVER_SHUTDOWN'

  constructor(message = 'the server is shutting down') {
    super(message)
  }
}

/** An option is unknown, or has an impossible value. */
export class InvalidOptionError extends IsthmusError {
  readonly code = 'ISTHMUS_INVALID_OPTION'
}

identifyErrors({
  IsthmusError,
  AppError,
  IllegalEventError,
  ContentLengthMismatchError,
  InvalidHeaderError,
  WaitUnderSyncError,
  LintError,
  UnsupportedScopeError,
  WouldDeadlockError,
  ConnectionCutError,
  AppLoadError,
  LifespanError,
  PeerError,
  BadRequestError,
  BodyTooLargeError,
  BodyTimeoutError,
  ClientDisconnectedError,
  ReceiveTimeoutError,
  ServiceError,
  UnavailableError,
  PoolFullError,
  UpstreamBusyError,
  UpstreamError,
  UpstreamTimeoutError,
  AppTimeoutError,
  ThreadCrashedError,
  ProcessCrashedError,
  ServerShutdownError,
  InvalidOptionError,
})
// An AppError extends TypeError, and is an IsthmusError by its symbol.
markAs('error.IsthmusError', AppError)
