// The effects that a middleware yields. A generator works around sync apps and around apps that await; only the driver
// knows the kind of the app, and so the driver carries the effects out.

import { AppError } from '../errors.ts'
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { AbortSignalLike } from './interruption.ts'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** One step of a middleware. `yield* step` carries the step out; its value is a `Result`. */
export interface MiddlewareStep<Result> {
  /** For `yield*`. */
  [Symbol.iterator](): Iterator<MiddlewareEffect, Result, unknown>
}

/** A request of a middleware to its driver. Only `next`, `wait` and `either` make effects. */
export type MiddlewareEffect = Next | Wait | Either

/** Calls the inner layer, or the app. */
type Next = Step<'next', ChainRequest>

/** Waits for a promise. The driver of sync apps refuses it. */
export type Wait = Step<'wait', PromiseLike<unknown>>

/** One piece of work, written for both kinds of apps. */
export type Either = Step<'either', EitherForms<unknown>>

/**
 * A step that is carried out once. `yield*` uses three objects: an iterable, its iterator, and the iterator's results.
 * One object plays all three parts, because each request makes one step for each layer:
 *
 * 1. `yield* step` asks the iterable for its iterator, and gets the step;
 * 2. it calls `next()` on the iterator, and gets the step as result: `done` is false, and `value`, the effect that goes to
 *    the driver, is the step too;
 * 3. the driver answers; `yield*` calls `next(answer)`, and gets the step again: now `done` is true, and `value`, which
 *    becomes the value of `yield*`, is the answer.
 */
export class Step<Kind, Subject> {
  readonly kind: Kind
  readonly subject: Subject
  /** The conditions that `within` and `until` add to a call; most calls have none. */
  terms: Terms | undefined = undefined
  done = false
  value: unknown = undefined

  constructor(kind: Kind, subject: Subject) {
    this.kind = kind
    this.subject = subject
  }

  /** Whether `yield*` has passed it to the driver, and it waits for the answer. A bare `yield` does not set this. */
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

  // Without this method, `yield*` throws a TypeError in place of the error that the driver throws.
  throw(error: unknown): never {
    throw error
  }
}

/** The conditions of a call of the inner layer. */
export interface Terms {
  /** Calls `work` with the storages set that `within` names. */
  enter?: (work: () => void) => void
  /** The signals that end the wait for the response; ignored around a sync app. */
  signals?: readonly AbortSignalLike[]
}

/** One piece of work in two forms. */
export interface EitherForms<Result> {
  /** Returns the result, and may block. Runs around a sync app. */
  sync(): Result
  /** Returns a promise of the result. Runs around an app that awaits. */
  async(): PromiseLike<Result>
}

/**
 * Waits for a promise, around an app that awaits: an async-iterable or an event app.
 *
 * @returns a step for `yield*`: its value is the value of the promise; a rejection is thrown there
 * @throws {@link WaitUnderSyncError} (`ISTHMUS_WAIT_UNDER_SYNC`), from the `yield*`, around a sync app
 *
 * @example
 * const user = yield* wait(sessions.find(request.headers.get('cookie')))
 */
export function wait<Result>(promise: PromiseLike<Result>): MiddlewareStep<Result> {
  return new Step('wait', promise) as MiddlewareStep<unknown> as MiddlewareStep<Result>
}

/**
 * Does one thing in the form that fits the app: `sync` around a sync app, `async` around all others.
 *
 * @returns a step for `yield*`: its value is the result of the form that ran
 *
 * @example
 * const page = yield* either({ sync: () => readFileSync(path), async: () => readFile(path) })
 */
export function either<Result>(forms: EitherForms<Result>): MiddlewareStep<Result> {
  return new Step('either', forms) as MiddlewareStep<unknown> as MiddlewareStep<Result>
}

/**
 * Runs the inner middleware, the app and its body with `storage` set to `value`, as `storage.run` does. After the
 * `yield*` the storage has its earlier value again.
 *
 * @param step the return value of `next(request)`, of `until`, or of another `within`
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

/**
 * Waits for the response of the inner layers until `signal` is aborted. Then the reason of the signal is thrown at the
 * `yield*`, the inner middleware run their `finally`, and later events of the app are refused. A sync app cannot be
 * interrupted: around one, the signal has no effect.
 *
 * @param step the return value of `next(request)`, of `within`, or of another `until`
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
