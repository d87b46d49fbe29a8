// The order in which the middleware of one fromConnect() run.

import { AppError } from '../../errors.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Goes on with the next middleware; with an argument other than `'route'` and `'router'`, with the next error handler.
 *
 * @inline
 */
type Next = (error?: unknown) => void

/**
 * A middleware of Connect and Express: it answers, or it calls `next()`. A method, so that packages may declare the
 * request and the response of their framework.
 */
export type ConnectMiddleware = {
  /** Answers, or calls `next`. */
  call(req: IncomingMessage, res: ServerResponse, next: Next): unknown
}['call']

/** An error handler of Connect and Express. It declares four parameters: the number makes it an error handler. */
export type ConnectErrorHandler = {
  /** Answers, or calls `next`. */
  call(error: unknown, req: IncomingMessage, res: ServerResponse, next: Next): unknown
}['call']

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
export function planOf(middleware: ReadonlyArray<ConnectMiddleware | ConnectErrorHandler>): Plan {
  if (middleware.length === 0) throw new AppError('fromConnect() takes at least one middleware')
  const steps = middleware.map(stepOf)
  const appAt = steps.findLastIndex(({ handle }) => handle !== null) + 1
  return { steps, appAt }
}

function stepOf(middleware: ConnectMiddleware | ConnectErrorHandler, position: number): Step {
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
