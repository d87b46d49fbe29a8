// middleware(): written once, runs around apps of every style.

import { AppError } from '../errors.ts'
import { chainOf } from './chain.ts'
import type { CallNext, MiddlewareRun } from './layer.ts'
import type { ChainRequest } from './request.ts'
import type { Wrap } from './wrap.ts'

/**
 * A middleware: a generator that gets the request, and returns the response. `yield* next(request)` is the response of
 * what is inside, its head still to be changed and its body on its way; what the app throws before that is thrown
 * there. One that does not call `next` answers by itself, with `respond(…)`.
 *
 * Around a sync app it runs without a promise, so also in a pool thread; around all others on the event loop.
 *
 * @param name names it in messages
 * @returns what stands in a `chain`, or wraps an app by itself
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for what is no generator function
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
