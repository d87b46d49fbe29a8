// The order in which the middleware of one fromConnect() run.

import { AppError } from '../../errors.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Goes on with the next middleware; with an argument other than `'route'` and `'router'`, with the next error handler. */
type Next = (error?: unknown) => void

// Packages declare the request of their framework, with fields that other middleware add.
type Request = IncomingMessage & Record<string, never>
type Response = ServerResponse & Record<string, never>

/** A middleware of Connect and Express, or an error handler with four parameters. */
export type ConnectMiddleware =
  | ((req: Request, res: Response, next: Next) => unknown)
  | ((error: never, req: Request, res: Response, next: Next) => unknown)

type Handle = (req: object, res: object, next: Next) => unknown
type HandleError = (error: unknown, req: object, res: object, next: Next) => unknown

/** A middleware of a plan. */
export type Step =
  | { name: string; handle: Handle; handleError: null }
  | { name: string; handle: null; handleError: HandleError }

/** The middleware of one fromConnect(). */
export interface Plan {
  readonly steps: readonly Step[]
  /** The position of the app: after the last ordinary middleware. */
  readonly appAt: number
}

/**
 * The plan of `middleware`.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for an argument that is no function
 */
export function planOf(middleware: readonly ConnectMiddleware[]): Plan {
  if (middleware.length === 0) throw new AppError('fromConnect() takes at least one middleware')
  const steps = middleware.map(stepOf)
  const appAt = steps.findLastIndex(({ handle }) => handle !== null) + 1
  return { steps, appAt }
}

function stepOf(middleware: ConnectMiddleware, position: number): Step {
  if (typeof middleware !== 'function') {
    throw new AppError(
      `fromConnect(): argument ${position + 1} is ${nameOf(middleware)}, not a middleware (req, res, next); ` +
        'call the factory, fromConnect(helmet()), and spread a list, fromConnect(...list)',
    )
  }
  const name = (middleware as Function).name || 'without a name'
  // Connect and Express tell error handlers by the number of their parameters.
  return (middleware as Function).length === 4
    ? { name, handle: null, handleError: middleware as unknown as HandleError }
    : { name, handle: middleware as unknown as Handle, handleError: null }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}
