// Converts errors to data and back: an error that crosses keeps its name, message, stack, code, status and causes.

import { inspect } from 'node:util'
import {
  AppError,
  AppLoadError,
  AppTimeoutError,
  BadRequestError,
  BodyTimeoutError,
  BodyTooLargeError,
  ClientDisconnectedError,
  ConnectionCutError,
  ContentLengthMismatchError,
  IllegalEventError,
  InvalidHeaderError,
  InvalidOptionError,
  LifespanError,
  LintError,
  PoolFullError,
  ProcessCrashedError,
  ReceiveTimeoutError,
  ServerShutdownError,
  ThreadCrashedError,
  UnavailableError,
  UpstreamBusyError,
  UpstreamError,
  UpstreamTimeoutError,
  UnsupportedScopeError,
  WaitUnderSyncError,
  WouldDeadlockError,
} from '../../errors.ts'
import type { IsthmusError } from '../../errors.ts'
import type { ErrorData } from './messages.ts'

const MAX_CAUSES = 8

/** Returns the parts of `error` that can cross. An app may throw a value of any type, so each part is checked. */
export function toErrorData(error: unknown): ErrorData {
  return dataOf(error, MAX_CAUSES)
}

/** Returns the error that `data` came from: an instance of its class if that is a class of isthmus, else an `Error`. */
export function fromErrorData({ cause, ...data }: ErrorData): Error {
  const Kind = kindOf(data)
  const error = Kind ? new Kind(data.message as never, data.status) : new Error(data.message)
  // Not enumerable, because the stack shows them already.
  hide(error, { name: data.name, message: data.message, stack: data.stack })
  if (data.code !== undefined) Object.assign(error, { code: data.code })
  return cause ? hide(error, { cause: fromErrorData(cause) }) : error
}

function kindOf({ name, code }: ErrorData): Kind | undefined {
  // Sockets of databases have this code too.
  if (code === 'ECONNRESET' && name !== 'ClientDisconnectedError') return undefined
  return KINDS.get(code)
}

function dataOf(error: unknown, causes: number): ErrorData {
  const message = textOf(look(error, 'message') ?? error)
  const name = textOf(look(error, 'name') ?? 'Error')
  const stack = look(error, 'stack') ?? `${name}: ${message}`
  const [code, status, cause] = [look(error, 'code'), look(error, 'status'), look(error, 'cause')]
  return {
    name,
    message,
    stack: textOf(stack),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof status === 'number' && { status }),
    ...(cause !== undefined && causes > 0 && { cause: dataOf(cause, causes - 1) }),
  }
}

// A property may be a getter, and a getter may throw.
function look(error: unknown, key: keyof ErrorData): unknown {
  try {
    return (error as Partial<Record<keyof ErrorData, unknown>> | null | undefined)?.[key]
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value)
}

function hide(error: Error, properties: Record<string, unknown>): Error {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(error, name, { value, writable: true, configurable: true })
  }
  return error
}

type Kind = new (message: never, status?: number) => IsthmusError | AppError

/** The classes that an error of isthmus can have on the other side, by code. */
const KINDS = new Map<unknown, Kind>([
  ['ECONNRESET', ClientDisconnectedError],
  ['ISTHMUS_APP_FAULT', AppError],
  ['ISTHMUS_APP_LOAD', AppLoadError],
  ['ISTHMUS_APP_TIMEOUT', AppTimeoutError],
  ['ISTHMUS_BAD_REQUEST', BadRequestError],
  ['ISTHMUS_BODY_TIMEOUT', BodyTimeoutError],
  ['ISTHMUS_BODY_TOO_LARGE', BodyTooLargeError],
  ['ISTHMUS_CONNECTION_CUT', ConnectionCutError],
  ['ISTHMUS_CONTENT_LENGTH_MISMATCH', ContentLengthMismatchError],
  ['ISTHMUS_ILLEGAL_EVENT', IllegalEventError],
  ['ISTHMUS_INVALID_HEADER', InvalidHeaderError],
  ['ISTHMUS_INVALID_OPTION', InvalidOptionError],
  ['ISTHMUS_LIFESPAN_FAILED', LifespanError],
  ['ISTHMUS_LINT', LintError],
  ['ISTHMUS_POOL_FULL', PoolFullError],
  ['ISTHMUS_PROCESS_CRASHED', ProcessCrashedError],
  ['ISTHMUS_RECEIVE_TIMEOUT', ReceiveTimeoutError],
  ['ISTHMUS_SERVER_SHUTDOWN', ServerShutdownError],
  ['ISTHMUS_THREAD_CRASHED', ThreadCrashedError],
  ['ISTHMUS_UNAVAILABLE', UnavailableError],
  ['ISTHMUS_UPSTREAM_BUSY', UpstreamBusyError],
  ['ISTHMUS_UPSTREAM_FAILED', UpstreamError],
  ['ISTHMUS_UPSTREAM_TIMEOUT', UpstreamTimeoutError],
  ['ISTHMUS_UNSUPPORTED_SCOPE', UnsupportedScopeError],
  ['ISTHMUS_WAIT_UNDER_SYNC', WaitUnderSyncError],
  ['ISTHMUS_WOULD_DEADLOCK', WouldDeadlockError],
])
