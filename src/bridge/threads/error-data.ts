// Errors as data, there and back: what crosses keeps its name, stack, code, status and cause.

import {
  AppTimeout,
  BadRequest,
  BodyTimeout,
  BodyTooLarge,
  ClientDisconnected,
  PoolFull,
  ServerShutdown,
  ThreadCrashed,
  Unavailable,
  UnsupportedScope,
  WouldDeadlock,
} from '../../errors.ts'
import type { ErrorData } from './messages.ts'

const MAX_CAUSES = 8

/** What of `error` can cross. Anything may be thrown, so nothing is taken for granted. */
export function toErrorData(error: unknown): ErrorData {
  try {
    return dataOf(error, MAX_CAUSES)
  } catch {
    const message = 'something was thrown that cannot be looked at'
    return { name: 'Error', message, stack: `Error: ${message}` }
  }
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
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    return { name: 'Error', message: String(error), stack: String(error) }
  }
  const { name, message, stack, code, status, cause } = error as Record<keyof ErrorData, unknown>
  const [kind, text] = [String(name), String(message)]
  return {
    name: kind,
    message: text,
    stack: typeof stack === 'string' ? stack : `${kind}: ${text}`,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof status === 'number' && { status }),
    ...(cause !== undefined && causes > 0 && { cause: dataOf(cause, causes - 1) }),
  }
}

function hide(error: Error, properties: Record<string, unknown>): Error {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(error, name, { value, writable: true, configurable: true })
  }
  return error
}

// By name and code: a database that was disconnected has the code of a client that was.
const KNOWN = new Map<string, (data: ErrorData) => Error & { code: string }>([
  ['AppTimeout', ({ message }) => new AppTimeout(message)],
  ['BadRequest', ({ message, status }) => new BadRequest(message, status)],
  ['BodyTimeout', () => new BodyTimeout(0)],
  ['BodyTooLarge', () => new BodyTooLarge(0)],
  ['ClientDisconnected', ({ message }) => new ClientDisconnected(message)],
  ['PoolFull', ({ message }) => new PoolFull(message)],
  ['ServerShutdown', ({ message }) => new ServerShutdown(message)],
  ['ThreadCrashed', ({ message }) => new ThreadCrashed(message)],
  ['Unavailable', ({ message }) => new Unavailable(message)],
  ['UnsupportedScope', ({ message }) => new UnsupportedScope(message)],
  ['WouldDeadlock', ({ message }) => new WouldDeadlock(message)],
])
