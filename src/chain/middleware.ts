// middleware(): makes a middleware that runs around apps of every style.

import { AppError } from '../errors.ts'
import { chainOf } from './chain.ts'
import type { CallNext, MiddlewareRun } from './layer.ts'
import type { ChainRequest } from './request.ts'
import type { Wrap } from './wrap.ts'

/**
 * Makes a middleware from a generator function, which gets the request and returns the response. The value of `yield*
 * next(request)` is the response of the inner layers: its head can still be changed, and its body comes later. An error
 * that the app throws before its response is thrown there. A middleware that does not call `next` answers by itself,
 * with `respond(…)`.
 *
 * Around a sync app the middleware runs without a promise, also in a pool thread; around all other apps it runs on the
 * event loop.
 *
 * @param name the name for messages
 * @returns a wrap: an argument of `chain`, or a function that wraps an app by itself
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if `run` is not a generator function
 *
 * @example
 * const poweredBy = middleware('powered-by', function* (request, next) {
 *   const response = yield* next(request)
 *   response.headers.set('x-powered-by', 'coffee')
 *   return response
 * })
 */
export function middleware(
  name: string,
  run: (request: ChainRequest, next: CallNext) => MiddlewareRun,
): Wrap {
  if (typeof run !== 'function' || Object.prototype.toString.call(run) !== GENERATOR_FUNCTION) {
    throw new AppError(
      `middleware "${name}" must be a generator: function* (request, next) { … }; ` +
        'await becomes yield* wait(…)',
    )
  }
  return chainOf([{ kind: 'layer', layer: { name, run } }])
}

const GENERATOR_FUNCTION = '[object GeneratorFunction]'
