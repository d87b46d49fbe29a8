// What a middleware yields: requests to whoever drives it. A generator has no colour; its driver has one.

import { AppError } from '../errors.ts'
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** To be used as `yield* step`: its value is a `Result`. */
export interface MiddlewareStep<Result> {
  [Symbol.iterator](): Iterator<MiddlewareEffect, Result, unknown>
}

/** Something to be done by the driver. */
export type MiddlewareEffect = Next | Wait | Either

/** Calls what is inside. */
type Next = Asking<'next', ChainRequest>

/** Waits, where one can. */
export type Wait = Asking<'wait', PromiseLike<unknown>>

/** Does the same in two ways. */
export type Either = Asking<'either', EitherForms<unknown>>

/**
 * Yields itself once, and returns what it is answered. It is its own iterator, and its own result, so that a layer costs
 * one object besides its generator.
 */
export class Asking<Kind, Subject> {
  readonly kind: Kind
  readonly subject: Subject
  /** What `within` and `until` add to a call; most have nothing. */
  terms: Terms | undefined = undefined
  done = false
  value: unknown = undefined

  constructor(kind: Kind, subject: Subject) {
    this.kind = kind
    this.subject = subject
  }

  /** It was reached by `yield*`, not by a bare `yield`, and waits for its answer. */
  get isAsked(): boolean {
    return this.value === this
  }

  next(answer: unknown): this {
    if (this.isAsked) {
      this.done = true
      this.value = answer
    } else {
      this.value = this
    }
    return this
  }

  [Symbol.iterator](): this {
    if (!this.isAsked && !this.done) return this
    throw new AppError('a step is yielded once: call next(), wait() or either() for each of them')
  }

  // Without it `yield*` would make a TypeError of what the driver throws.
  throw(error: unknown): never {
    throw error
  }
}

/** How a layer calls what is inside. */
export interface Terms {
  /** Calls `work` with the storages set that `within` names. */
  enter?: (work: () => void) => void
  /** What ends the waiting, where one can wait. */
  signals?: readonly AbortSignalLike[]
}

/** One piece of work in both colours. */
export interface EitherForms<Result> {
  /** Returns the result, and may block: it runs around a sync app. */
  sync(): Result
  /** Returns a promise of it: it runs around an app that awaits. */
  async(): PromiseLike<Result>
}

/**
 * Waits for a promise, around an app that awaits: an async-iterable or an event app.
 *
 * @returns to be used with `yield*`: what the promise resolves to; what it rejects with is thrown there
 * @throws {@link WaitUnderSyncError} (`ISTHMUS_WAIT_UNDER_SYNC`), from the `yield*`, around a sync app
 *
 * @example
 * const user = yield* wait(sessions.find(request.headers.get('cookie')))
 */
export function wait<Result>(promise: PromiseLike<Result>): MiddlewareStep<Result> {
  return new Asking('wait', promise) as MiddlewareStep<unknown> as MiddlewareStep<Result>
}

/**
 * Does one thing in the way that fits the app: `sync` around a sync app, `async` around all others.
 *
 * @returns to be used with `yield*`: the result of the form that ran
 *
 * @example
 * const page = yield* either({ sync: () => readFileSync(path), async: () => readFile(path) })
 */
export function either<Result>(forms: EitherForms<Result>): MiddlewareStep<Result> {
  return new Asking('either', forms) as MiddlewareStep<unknown> as MiddlewareStep<Result>
}

/**
 * Runs all that is inside with `storage` set to `value`, as `storage.run` does: the inner middleware, the app, and its
 * body. Behind the `yield*` the storage is what it was before.
 *
 * @param step what `next(request)` returned, or another `within`
 *
 * @example
 * const response = yield* within(tenant, request.headers.get('x-tenant'), next(request))
 */
export function within<Value>(
  storage: AsyncLocalStorage<Value>,
  value: Value,
  step: MiddlewareStep<ChainResponse>,
): MiddlewareStep<ChainResponse> {
  const inner = step as unknown as Next
  const enter = inner.terms?.enter
  const entering = (work: () => void): void =>
    storage.run(value, () => (enter ? enter(work) : work()))
  inner.terms = { ...inner.terms, enter: entering }
  return step
}

/** What {@link until} listens to: an AbortSignal, or as much of one, where making one for each request is too dear. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * Waits for the response of what is inside until `signal` is aborted: then its reason is thrown at the `yield*`, what is
 * inside of there runs its `finally`, and what the app still sends is refused. Around a sync app, which nobody can
 * interrupt, it waits for the response in any case.
 *
 * @param step what `next(request)` returned, a `within`, or another `until`
 *
 * @example
 * const response = yield* until(AbortSignal.timeout(5_000), next(request))
 */
export function until(
  signal: AbortSignalLike,
  step: MiddlewareStep<ChainResponse>,
): MiddlewareStep<ChainResponse> {
  const inner = step as unknown as Next
  inner.terms = { ...inner.terms, signals: [...(inner.terms?.signals ?? []), signal] }
  return step
}
