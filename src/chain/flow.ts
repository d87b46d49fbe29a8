// One request through the layers of a chain: a stack of generators, and one loop that runs them. In ten lines:
//
// 1. The driver calls start(request), which makes the generator of the first layer, and then run().
// 2. run() resumes the innermost generator. The generator yields an effect, returns a response, or throws.
// 3. `yield* next(request)` makes the generator of the next layer and puts it on the stack.
// 4. In the last layer, `next` leaves the loop: run() returns the request, and the driver calls the app with it.
// 5. When the app has answered, the driver calls answer(response), or fail(error), and then run() again.
// 6. A generator that returns leaves the stack; the response is the value of `yield* next()` in the layer outside it.
// 7. A generator that throws leaves the stack; the error is thrown at `yield* next()` in the layer outside it.
// 8. When the stack is empty, run() returns the response, or throws the error, and the driver sends the result.
// 9. `yield* wait(promise)` leaves the loop too: the driver awaits the promise, then calls resume(value) or fail(error).
// 10. The flow never awaits and never calls the app, so it is the same around sync apps and around apps that await.

import { AppError, WaitUnderSyncError } from '../errors.ts'
import { describe } from '../sync/chunk.ts'
import { Step } from './effects.ts'
import { watchSignals } from './interruption.ts'
import { currentContext, LayerContexts } from './layer-contexts.ts'
import { Outgoing } from './response.ts'
import type { AsyncResource } from 'node:async_hooks'
import type { Either, MiddlewareEffect, MiddlewareStep, Terms, Wait } from './effects.ts'
import type { Interruptible, Interruption } from './interruption.ts'
import type { CallNext, Layer, MiddlewareRun } from './layer.ts'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** The reason why the loop stopped: the app has to be called, the response is final, or a promise has to be awaited. */
export type Halt = ChainRequest | Outgoing | Wait

const callNext: CallNext = (request) =>
  new Step('next', request) as unknown as MiddlewareStep<ChainResponse>

/** The generators of one request. Its owner sets the next move, and then calls `run`. */
export class Flow {
  readonly #layers: readonly Layer[]
  readonly #waiter: Interruptible | undefined
  // It has its full length from the beginning, because an array that grows costs more than a layer. The generators below
  // `#depth` run.
  readonly #running: MiddlewareRun[]
  #depth = 0
  // The number of calls, the call of the app included: each layer is called once.
  #called = 0
  #response: Outgoing | undefined = undefined
  // The next move: the innermost generator is resumed with `#value`, or `#value` is thrown in it.
  #value: unknown = undefined
  #throws = false
  // The context in which the layers resume after next(), and the contexts that within() opens.
  #resumeContext: AsyncResource | undefined = undefined
  #contexts: LayerContexts | undefined = undefined
  // For each layer that waits in `until`, the function that removes its listeners.
  #watches: Array<(() => void) | undefined> | undefined = undefined

  /**
   * @param waiter the driver, whose `interrupt` is called when a signal of `until` is aborted; undefined around a sync
   * app
   */
  constructor(layers: readonly Layer[], waiter: Interruptible | undefined) {
    this.#layers = layers
    this.#waiter = waiter
    // oxlint-disable-next-line unicorn/no-new-array
    this.#running = new Array<MiddlewareRun>(layers.length)
  }

  /** The name of the innermost layer, for messages. */
  get name(): string {
    return this.#layers[this.#depth - 1]?.name ?? ''
  }

  /** The context to call the app in; undefined for the current one. */
  get appContext(): AsyncResource | undefined {
    return this.#contexts?.inside(this.#layers.length)
  }

  /** Remembers the current async context: the layers resume in it after `yield* next()`. */
  keepContext(): void {
    this.#resumeContext = currentContext()
  }

  /** Next move: call the first layer. */
  start(request: ChainRequest): void {
    this.#call(request)
  }

  /** Next move: give the response of the app to the innermost layer. */
  answer(response: Outgoing): void {
    this.#response = response
    this.#give(response)
  }

  /** Next move: give the value of the awaited promise to the innermost layer. */
  resume(value: unknown): void {
    this.#give(value)
  }

  /** Next move: throw `error` at the `yield*` of the innermost layer. */
  fail(error: unknown): void {
    this.#throw(error)
  }

  /** Ends the layers inside `level`. Next move: throw `reason` at the `yield*` of that layer. */
  interrupt({ level, reason }: Interruption): void {
    try {
      this.#endInside(level)
      this.#throw(reason)
    } catch (error) {
      this.#throw(error)
    }
  }

  /** Makes the moves until the driver has to act. Throws an error that no layer caught. */
  run(): Halt {
    for (;;) {
      const context = this.#contextOfTop()
      const halt = context
        ? context.runInAsyncScope(Flow.#stepsOf, undefined, this, context)
        : this.#steps(context)
      if (halt !== undefined) return halt
    }
  }

  /** The response is no longer wanted: each layer runs its `finally`. Throws the last error of a `finally`. */
  abandon(): void {
    this.#endInside(0)
  }

  // A later error replaces an earlier one, as in nested `finally` blocks.
  #endInside(level: number): void {
    let failure: { error: unknown } | undefined
    while (this.#depth > level) {
      if (this.#watches) this.#unwatch(this.#watches)
      this.#depth -= 1
      try {
        this.#running[this.#depth]?.return(undefined as never)
      } catch (error) {
        failure = { error }
      }
    }
    if (failure) throw failure.error
  }

  #contextOfTop(): AsyncResource | undefined {
    return this.#contexts?.inside(this.#depth - 1) ?? this.#resumeContext
  }

  // A static method, because a closure costs as much as a layer.
  static #stepsOf(this: void, flow: Flow, context: AsyncResource): Halt | undefined {
    return flow.#steps(context)
  }

  // Undefined means that the next layer runs in another context.
  #steps(context: AsyncResource | undefined): Halt | undefined {
    do {
      const halt = this.#step()
      if (halt !== undefined) return halt
    } while (!this.#contexts || this.#contextOfTop() === context)
    return undefined
  }

  #step(): Halt | undefined {
    const top = this.#running[this.#depth - 1] as MiddlewareRun
    if (this.#watches) this.#unwatch(this.#watches)
    let step: IteratorResult<MiddlewareEffect, ChainResponse>
    try {
      step = this.#throws ? top.throw(this.#value) : top.next(this.#value)
      if (step.done) this.#accept(step.value)
    } catch (error) {
      return this.#threw(error)
    }
    return step.done ? this.#returned() : this.#asked(step.value)
  }

  #threw(error: unknown): undefined {
    this.#depth -= 1
    this.#response?.discard()
    this.#response = undefined
    if (this.#depth === 0) throw error
    return this.#throw(error)
  }

  #returned(): Outgoing | undefined {
    this.#depth -= 1
    if (this.#depth === 0) return this.#response
    return this.#give(this.#response)
  }

  // A middleware may return the response that it was given, or another one instead.
  #accept(response: ChainResponse): void {
    const before = this.#response
    if (response === before) return
    if (!(response instanceof Outgoing)) {
      throw new AppError(
        `middleware "${this.name}" returned ${describe(response)}; return the response of next(), or respond(…)`,
      )
    }
    response.take()
    this.#response = response
    before?.discard()
  }

  #asked(effect: MiddlewareEffect): Halt | undefined {
    if (effect?.isAsked !== true) return this.#refuse(misused(effect))
    if (effect.kind === 'wait') return this.#wait(effect)
    if (effect.kind === 'either') return this.#choose(effect)
    if (typeof effect.subject?.with !== 'function') {
      return this.#refuse('called next() without a request; write next(request)')
    }

    const level = this.#depth
    if (this.#called > level) {
      return this.#refuse('called next() a second time; it can be called once')
    }
    this.#called = level + 1
    if (effect.terms || this.#contexts) this.#applyTerms(effect.terms, level)
    if (level === this.#layers.length) return effect.subject
    return this.#call(effect.subject)
  }

  #wait(effect: Wait): Wait | undefined {
    if (this.#waiter) return effect
    // The middleware gets an error here; a rejection of the promise must not end the process as well.
    void Promise.resolve(effect.subject).catch(() => undefined)
    return this.#throw(new WaitUnderSyncError(this.name))
  }

  #choose({ subject: forms }: Either): Wait | undefined {
    try {
      if (this.#waiter) return new Step('wait', forms.async())
      return this.#give(forms.sync())
    } catch (error) {
      return this.#throw(error)
    }
  }

  #refuse(what: string): undefined {
    return this.#throw(new AppError(`middleware "${this.name}" ${what}`))
  }

  #applyTerms({ enter, signals }: Terms = {}, level: number): void {
    if (enter || this.#contexts) {
      this.#resumeContext ??= currentContext()
      this.#contexts ??= new LayerContexts()
      this.#contexts.enter(level, enter)
    }
    if (!signals || !this.#waiter) return
    this.#watches ??= []
    this.#watches[level] = watchSignals(signals, level, this.#waiter)
  }

  // A layer that resumes no longer waits in `until`.
  #unwatch(watches: Array<(() => void) | undefined>): void {
    watches[this.#depth]?.()
    watches[this.#depth] = undefined
  }

  #call(request: ChainRequest): undefined {
    const { run } = this.#layers[this.#depth] as Layer
    this.#running[this.#depth] = run(request, callNext)
    this.#depth += 1
    return this.#give(undefined)
  }

  #give(value: unknown): undefined {
    this.#value = value
    this.#throws = false
    return undefined
  }

  #throw(error: unknown): undefined {
    this.#value = error
    this.#throws = true
    return undefined
  }
}

function misused(effect: unknown): string {
  const isStep = typeof (effect as { kind?: unknown } | null)?.kind === 'string'
  return isStep
    ? 'yielded a step; write yield* instead of yield'
    : `yielded ${describe(effect)}; it can yield* next(), wait(), either() and within()`
}
