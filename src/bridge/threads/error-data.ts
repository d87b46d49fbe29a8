// Errors as data, there and back: what crosses keeps its name, its stack and its code.

import { BodyTimeout, BodyTooLarge, ClientDisconnected, ServerShutdown } from '../../errors.ts'
import type { ErrorData } from './messages.ts'

/** What of `error` can cross; anything may be thrown. */
export function toErrorData(error: unknown): ErrorData {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: String(error), code: undefined }
  }
  const { name, message, stack = `${name}: ${message}` } = error
  const code: unknown = (error as NodeJS.ErrnoException).code
  return { name, message, stack, code: typeof code === 'string' ? code : undefined }
}

/** The error that `data` was; a stranger's becomes a plain Error with its name, code and stack. */
export function fromErrorData(data: ErrorData): Error {
  const error = data.code === undefined ? undefined : KNOWN[data.code]?.(data.message)
  return Object.assign(error ?? new Error(data.message), {
    name: data.name,
    stack: data.stack,
    ...(error === undefined && data.code !== undefined && { code: data.code }),
  })
}

// The ones that code on the other side tells apart.
const KNOWN: Record<string, ((message: string) => Error) | undefined> = {
  ECONNRESET: (message) => new ClientDisconnected(message),
  ISTHMUS_SERVER_SHUTDOWN: (message) => new ServerShutdown(message),
  ISTHMUS_BODY_TOO_LARGE: () => new BodyTooLarge(0),
  ISTHMUS_BODY_TIMEOUT: () => new BodyTimeout(0),
}
