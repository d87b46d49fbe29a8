// One request through adjacent middleware: a stack of generators, and one loop that runs them. It knows no colour: what
// only one colour can do it hands to its driver.

import { AppError, WaitUnderSyncError } from '../errors.ts'
import { describe } from '../sync/chunk.ts'
import { Asking } from './effects.ts'
import { watchSignals } from './interruption.ts'
import { currentContext, LayerContexts } from './layer-contexts.ts'
import { Outgoing } from './response.ts'
import type { AsyncResource } from 'node:async_hooks'
import type { MiddlewareEffect, Either, MiddlewareStep, Terms, Wait } from './effects.ts'
import type { Interruptible, Interruption } from './interruption.ts'
import type { CallNext, Layer, MiddlewareRun } from './layer.ts'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** Why the loop stopped: the app is to be called, the response is there, or something is to be waited for. */
export type Halt = ChainRequest | Outgoing | Wait

const callNext: CallNext = (request) =>
  new Asking('next', request) as unknown as MiddlewareStep<ChainResponse>

/** The generators of one request. One says what is next, and lets them go. */
export class Flow {
  readonly #layers: readonly Layer[]
  readonly #waiter: Interruptible | undefined
  // As long as the layers are, because an array that grows costs more than they do; those below `#depth` run.
  readonly #running: MiddlewareRun[]
  #depth = 0
  // How many have been called, the app included: each is called once.
  #called = 0
  #response: Outgoing | undefined = undefined
  // The next move: `#value` is given, or thrown, to the innermost that runs.
  #value: unknown = undefined
  #throws = false
  // Where the layers go on behind `next`; and where what is inside of a `within` runs, where there is one.
  #outside: AsyncResource | undefined = undefined
  #within: LayerContexts | undefined = undefined
  // What ends the watch of each layer that waits `until`.
  #watches: Array<(() => void) | undefined> | undefined = undefined

  /** @param waiter whose app awaits, and who makes the move `interrupt` when told to; undefined around an app that blocks */
  constructor(layers: readonly Layer[], waiter: Interruptible | undefined) {
    this.#layers = layers
    this.#waiter = waiter
    // oxlint-disable-next-line unicorn/no-new-array
    this.#running = new Array<MiddlewareRun>(layers.length)
  }

  /** Who runs, for messages. */
  get name(): string {
    return this.#layers[this.#depth - 1]?.name ?? ''
  }

  /** The context to call the app in, where it is not the one that is. */
  get appContext(): AsyncResource | undefined {
    return this.#within?.inside(this.#layers.length)
  }

  /** The context that is now is the one that the layers go on in behind `next`. */
  keepContext(): void {
    this.#outside = currentContext()
  }

  /** Next, the first middleware is called. */
  start(request: ChainRequest): void {
    this.#call(request)
  }

  /** Next, the innermost layer gets what the app has answered. */
  answer(response: Outgoing): void {
    this.#response = response
    this.#give(response)
  }

  /** Next, the innermost layer gets what it has waited for. */
  resume(value: unknown): void {
    this.#give(value)
  }

  /** Next, `error` is thrown where the innermost layer waits. */
  fail(error: unknown): void {
    this.#throw(error)
  }

  /** What a layer waits for is abandoned; next, `reason` is thrown where it waits. */
  interrupt({ level, reason }: Interruption): void {
    try {
      this.#leave(level)
      this.#throw(reason)
    } catch (error) {
      this.#throw(error)
    }
  }

  /** Runs the layers for as long as they can. Throws what none of them has caught. */
  go(): Halt {
    for (;;) {
      const context = this.#contextOfTop()
      const halt = context
        ? context.runInAsyncScope(Flow.#stepsOf, undefined, this, context)
        : this.#steps(context)
      if (halt !== undefined) return halt
    }
  }

  /** Nobody wants a response any more: every layer runs its `finally`. Throws what one of them throws. */
  abandon(): void {
    this.#leave(0)
  }

  // As a `finally` that throws does, a later failure takes the place of an earlier one.
  #leave(level: number): void {
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
    return this.#within?.inside(this.#depth - 1) ?? this.#outside
  }

  // Not a closure, which would cost as much as a layer.
  static #stepsOf(this: void, flow: Flow, context: AsyncResource): Halt | undefined {
    return flow.#steps(context)
  }

  // Undefined: the next one runs in another context.
  #steps(context: AsyncResource | undefined): Halt | undefined {
    do {
      const halt = this.#step()
      if (halt !== undefined) return halt
    } while (!this.#within || this.#contextOfTop() === context)
    return undefined
  }

  #step(): Halt | undefined {
    const top = this.#running[this.#depth - 1] as MiddlewareRun
    if (this.#watches) this.#unwatch(this.#watches)
    let step: IteratorResult<MiddlewareEffect, ChainResponse>
    try {
      step = this.#throws ? top.throw(this.#value) : top.next(this.#value)
      if (step.done) this.#take(step.value)
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

  // What a middleware returned, in place of what it was given.
  #take(response: ChainResponse): void {
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
    if (effect.terms || this.#within) this.#heed(effect.terms, level)
    if (level === this.#layers.length) return effect.subject
    return this.#call(effect.subject)
  }

  #wait(effect: Wait): Wait | undefined {
    if (this.#waiter) return effect
    // Refused here: its rejection must not end the process on top.
    void Promise.resolve(effect.subject).catch(() => undefined)
    return this.#throw(new WaitUnderSyncError(this.name))
  }

  #choose({ subject: forms }: Either): Wait | undefined {
    try {
      if (this.#waiter) return new Asking('wait', forms.async())
      return this.#give(forms.sync())
    } catch (error) {
      return this.#throw(error)
    }
  }

  #refuse(what: string): undefined {
    return this.#throw(new AppError(`middleware "${this.name}" ${what}`))
  }

  #heed({ enter, signals }: Terms = {}, level: number): void {
    if (enter || this.#within) {
      this.#outside ??= currentContext()
      this.#within ??= new LayerContexts()
      this.#within.enter(level, enter)
    }
    if (!signals || !this.#waiter) return
    this.#watches ??= []
    this.#watches[level] = watchSignals(signals, level, this.#waiter)
  }

  // Whoever goes on by itself waits no longer.
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
