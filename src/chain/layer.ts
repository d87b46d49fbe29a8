// A middleware inside a chain.

import type { MiddlewareEffect, MiddlewareStep } from './effects.ts'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** The generator of a middleware. */
export type MiddlewareRun = Generator<MiddlewareEffect, ChainResponse, unknown>

/** Calls the inner layer, or the app. A middleware uses it once, with `yield*`. */
export type CallNext = (request: ChainRequest) => MiddlewareStep<ChainResponse>

/** A middleware; `run` is called for each request. */
export interface Layer {
  readonly name: string
  readonly run: (request: ChainRequest, next: CallNext) => MiddlewareRun
}
