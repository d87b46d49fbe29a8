// The app for one request of an outer server: its place below a mount, its body, and its errors.

import { makeReceive } from '../../async/receive.ts'
import { AppError, UnsupportedScopeError } from '../../errors.ts'
import { decodePath } from '../../http/target.ts'
import { rejected } from '../../waiting/deferred.ts'
import { plainResponse } from '../refusal.ts'
import { fieldsOfReadBody } from './outer-request.ts'
import type { EventApp, HttpScope, Send } from '../../contract/events.ts'

/** The facts of one request. */
interface InnerRequest {
  /** The mount path as the client sent it. */
  base: string
  /** The bytes of a body that other code has read, or the error for an app that reads it. Null: the app can read it. */
  before: Uint8Array | Error | null
  /** The way of the errors that the app throws. */
  errors: 'answer' | 'pass'
  transport: {
    /** Called before the answer to an error. Returns whether the error is none, because the next handler may serve the request. */
    failed(error: unknown): boolean
  }
}

/** `app` for one request. */
export function innerApp(
  app: EventApp,
  { base, before, errors, transport }: InnerRequest,
): EventApp {
  return async (scope, receive, send) => {
    try {
      placeBelow(scope as HttpScope, base)
      if (before instanceof Uint8Array) announceBody(scope as HttpScope, before)
      const readable = before instanceof Error ? makeReceive(() => rejected(before)) : receive
      const result: unknown = await app(scope, readable, send)
      if (errors === 'pass') transport.failed(new AppError('the app returned without a response'))
      // The server warns of a value that the app returns.
      return result as void
    } catch (error) {
      const isPassed = errors === 'pass' || error instanceof UnsupportedScopeError
      if (isPassed && transport.failed(error) && (await isRefused(send))) return
      throw error
    }
  }
}

// An answer instead of the error, for which the server would write a line into its log. False: the app has begun another.
async function isRefused(send: Send): Promise<boolean> {
  const [start, body] = plainResponse(404)
  try {
    await send(start)
  } catch {
    return false
  }
  await send(body)
  return true
}

function placeBelow(scope: HttpScope, base: string): void {
  if (base !== '') scope.rootPath += decodePath(base)
}

function announceBody(scope: HttpScope, { byteLength }: Uint8Array): void {
  scope.headers = fieldsOfReadBody(scope.headers, byteLength)
}
