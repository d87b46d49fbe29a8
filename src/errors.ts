// Every error that isthmus raises. App faults, peer faults and our own faults never share a class.

// Registered, so that `instanceof` holds between two copies of the library in one process.
const KIN = Symbol.for('isthmus.error')

/** The root: `instanceof IsthmusError` tells our errors from everybody else's. */
export abstract class IsthmusError extends Error {
  /** Stable across releases; the message is not. */
  abstract readonly code: string

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isKin(value, this.name)
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

// --- the app broke the contract ---

/** The app (or a middleware) did what its interface forbids; the message names the rule and the remedy. */
export class AppError extends TypeError {
  readonly code: string = 'ISTHMUS_APP_FAULT'

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isKin(value, this.name)
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** An event that is malformed, or illegal at this moment of the exchange. */
export class IllegalEventError extends AppError {
  override readonly code = 'ISTHMUS_ILLEGAL_EVENT'
}

/** The body has more or fewer bytes than its Content-Length announced. */
export class ContentLengthMismatchError extends AppError {
  override readonly code = 'ISTHMUS_CONTENT_LENGTH_MISMATCH'
}

/** A status, header name or header value that would break the response apart. */
export class InvalidHeaderError extends AppError {
  override readonly code = 'ISTHMUS_INVALID_HEADER'
}

/** A middleware waited for a promise around an app that cannot wait. */
export class WaitUnderSyncError extends AppError {
  override readonly code = 'ISTHMUS_WAIT_UNDER_SYNC'

  /** @param name the middleware */
  constructor(name: string) {
    super(
      `middleware "${name}" waits for a promise, and the app that it stands around is sync; ` +
        'give it both forms with either({ sync, async }), or put the chain around threads(…) or toEvents(app)',
    )
  }
}

/** Lint found a breach of the contract; the message names who broke which rule. */
export class LintError extends AppError {
  override readonly code = 'ISTHMUS_LINT'
}

/** Thrown by an event app for a scope type that it does not serve. @see ASGI 3.0, "Applications" */
export class UnsupportedScopeError extends IsthmusError {
  readonly code = 'ISTHMUS_UNSUPPORTED_SCOPE'

  constructor(type: string) {
    super(`this app does not serve scopes of type "${type}"`)
  }
}

/** A blocking call on the event-loop thread would wait for what only that thread can deliver. */
export class WouldDeadlockError extends IsthmusError {
  readonly code = 'ISTHMUS_WOULD_DEADLOCK'
}

/** An app module could not be loaded, or does not export an app. */
export class AppLoadError extends IsthmusError {
  readonly code = 'ISTHMUS_APP_LOAD'
}

/** An app's lifespan refused to start. */
export class LifespanError extends IsthmusError {
  readonly code = 'ISTHMUS_LIFESPAN_FAILED'
}

// --- the peer ---

/** The client broke a rule or a limit; it is answered with `status`. */
export abstract class PeerError extends IsthmusError {
  abstract readonly status: number
}

/** The request's head is malformed. */
export class BadRequestError extends PeerError {
  readonly code = 'ISTHMUS_BAD_REQUEST'
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

/** The request body is longer than `maxBodyBytes` allows. @see RFC 9110, 15.5.14 */
export class BodyTooLargeError extends PeerError {
  readonly code = 'ISTHMUS_BODY_TOO_LARGE'
  readonly status = 413

  constructor(limitBytes: number) {
    super(`the request body exceeds the limit of ${limitBytes} bytes`)
  }
}

/** The request body stopped arriving. @see RFC 9110, 15.5.9 */
export class BodyTimeoutError extends PeerError {
  readonly code = 'ISTHMUS_BODY_TIMEOUT'
  readonly status = 408

  constructor(timeoutMs: number) {
    super(`no byte of the request body arrived for ${timeoutMs} ms`)
  }
}

/** The client is gone: what is read or written now reaches nobody. */
export class ClientDisconnectedError extends IsthmusError {
  readonly code = 'ECONNRESET'

  constructor(message = 'the client disconnected') {
    super(message)
  }
}

// --- the server ---

/** The server, or the host of an app, cannot answer now; the client gets `status`. */
export abstract class ServiceError extends IsthmusError {
  abstract readonly status: number
}

/** As many requests are under way as the server takes, or it is shutting down. @see RFC 9110, 15.6.4 */
export class UnavailableError extends ServiceError {
  readonly code = 'ISTHMUS_UNAVAILABLE'
  readonly status = 503
}

/** As many requests wait for a thread as `maxQueue` allows. @see RFC 9110, 15.6.4 */
export class PoolFullError extends ServiceError {
  readonly code = 'ISTHMUS_POOL_FULL'
  readonly status = 503
}

/** The app took longer than `timeoutMs`; its thread was ended. @see RFC 9110, 15.6.5 */
export class AppTimeoutError extends ServiceError {
  readonly code = 'ISTHMUS_APP_TIMEOUT'
  readonly status = 504
}

/** The thread that served the request is gone; the `cause` says why. */
export class ThreadCrashedError extends ServiceError {
  readonly code = 'ISTHMUS_THREAD_CRASHED'
  readonly status = 500
}

/** The server is shutting down: the reason that signals carry. */
export class ServerShutdownError extends IsthmusError {
  readonly code = 'ISTHMUS_SERVER_SHUTDOWN'

  constructor(message = 'the server is shutting down') {
    super(message)
  }
}

/** An option has a value that it cannot have. */
export class InvalidOptionError extends IsthmusError {
  readonly code = 'ISTHMUS_INVALID_OPTION'
}

function isKin(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null || !(KIN in value)) return false
  for (let kind = value.constructor; kind !== null; kind = Object.getPrototypeOf(kind)) {
    if (kind.name === name) return true
  }
  return false
}

for (const { prototype } of [IsthmusError, AppError]) {
  Object.defineProperty(prototype, KIN, { value: true })
}
