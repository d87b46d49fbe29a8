// Errors as data, there and back: what crosses keeps its name, stack, code, status and cause.

import { inspect } from 'node:util'
import {
  AppTimeoutError,
  BadRequestError,
  BodyTimeoutError,
  BodyTooLargeError,
  ClientDisconnectedError,
  PoolFullError,
  ServerShutdownError,
  ThreadCrashedError,
  UnavailableError,
  UnsupportedScopeError,
  WouldDeadlockError,
} from '../../errors.ts'
import type { ErrorData } from './messages.ts'

const MAX_CAUSES = 8

/** What of `error` can cross. Anything may be thrown, so nothing is taken for granted. */
export function toErrorData(error: unknown): ErrorData {
  return dataOf(error, MAX_CAUSES)
}

/** The error that `data` was: of its class where isthmus or its user tells that apart, else a look-alike. */
export function fromErrorData({ cause, ...data }: ErrorData): Error {
  const known = KNOWN.get(data.name)?.(data)
  const error = known?.code === data.code && known ? known : new Error(data.message)
  // Not enumerable: the stack tells them already.
  hide(error, { name: data.name, message: data.message, stack: data.stack })
  if (data.code !== undefined) Object.assign(error, { code: data.code })
  return cause ? hide(error, { cause: fromErrorData(cause) }) : error
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

// By name and code: a database that was disconnected has the code of a client that was.
const KNOWN = new Map<string, (data: ErrorData) => Error & { code: string }>([
  ['AppTimeoutError', ({ message }) => new AppTimeoutError(message)],
  ['BadRequestError', ({ message, status }) => new BadRequestError(message, status)],
  ['BodyTimeoutError', () => new BodyTimeoutError(0)],
  ['BodyTooLargeError', () => new BodyTooLargeError(0)],
  ['ClientDisconnectedError', ({ message }) => new ClientDisconnectedError(message)],
  ['PoolFullError', ({ message }) => new PoolFullError(message)],
  ['ServerShutdownError', ({ message }) => new ServerShutdownError(message)],
  ['ThreadCrashedError', ({ message }) => new ThreadCrashedError(message)],
  ['UnavailableError', ({ message }) => new UnavailableError(message)],
  ['UnsupportedScopeError', ({ message }) => new UnsupportedScopeError(message)],
  ['WouldDeadlockError', ({ message }) => new WouldDeadlockError(message)],
])
