// One request through adjacent middleware: a stack of generators, and one loop that runs them. It knows no colour: what
// only one colour can do it hands to its driver.

import { AsyncResource } from 'node:async_hooks'
import { AppFault, WaitUnderSync } from '../errors.ts'
import { describe } from '../sync/chunk.ts'
import { Next, Wait } from './effects.ts'
import { Outgoing } from './response.ts'
import type { Effect, Either, Interrupting } from './effects.ts'
import type { CallNext, Layer, Running } from './layer.ts'
import type { ChainRequest } from './request.ts'
import type { ChainResponse } from './response.ts'

/** Why the loop stopped: the app is to be called, the response is there, or something is to be waited for. */
export type Halt = ChainRequest | Outgoing | Wait

/** A layer that stops waiting for what it called, and why. */
export interface Interruption {
  level: number
  reason: unknown
}

/** What the app around which a chain stands can do. */
type Colour = 'blocks' | 'awaits'

const callNext: CallNext = (request) => new Next(request)

/** The generators of one request. Each move throws what no middleware has caught. */
export class Flow {
  readonly #layers: readonly Layer[]
  readonly #colour: Colour
  readonly #running: Running[] = []
  // How many have been called, the app included: each is called once.
  #called = 0
  #response: Outgoing | undefined
  // The next move: `#value` is given, or thrown, to the innermost that runs.
  #value: unknown
  #throws = false
  // Where what is called by each layer runs; none for as long as nobody has said `within`.
  #contexts: Array<AsyncResource | undefined> | undefined
  #outside: AsyncResource | undefined

  // What takes off the listener of each layer that waits `until`.
  #watches: Array<(() => void) | undefined> | undefined
  readonly #onInterruption: ((interruption: Interruption) => void) | undefined

  /** @param onInterruption called outside of any move, for the driver to make the move `interrupt`; none where one cannot */
  constructor(
    layers: readonly Layer[],
    colour: Colour,
    onInterruption?: (interruption: Interruption) => void,
  ) {
    this.#layers = layers
    this.#colour = colour
    this.#onInterruption = onInterruption
  }

  /** Who runs, for messages. */
  get name(): string {
    return this.#layers[this.#running.length - 1]?.name ?? ''
  }

  /** The context to call the app in, where it is not the one that is. */
  get appContext(): AsyncResource | undefined {
    return this.#contexts?.[this.#layers.length]
  }

  /** Calls the first middleware. */
  start(request: ChainRequest): Halt {
    this.#call(request)
    return this.#go()
  }

  /** The context that is now is the one that the layers go on in behind `next`. */
  keepContext(): void {
    this.#outside = new AsyncResource('isthmus.chain')
  }

  /** The app has answered. */
  answer(response: Outgoing): Halt {
    this.#response = response
    return this.resume(response)
  }

  /** Goes on with `value` where the innermost layer waits. */
  resume(value: unknown): Halt {
    this.#value = value
    this.#throws = false
    return this.#go()
  }

  /** Throws `error` where the innermost layer waits. */
  fail(error: unknown): Halt {
    this.#value = error
    this.#throws = true
    return this.#go()
  }

  /** What a layer waits for is abandoned, and `reason` thrown where it waits. */
  interrupt({ level, reason }: Interruption): Halt {
    while (this.#running.length > level) this.#running.pop()?.return(undefined as never)
    return this.fail(reason)
  }

  /** Nobody wants a response any more: every layer runs its `finally`. */
  abandon(): void {
    const running = this.#running
    for (let top = running.pop(); top; top = running.pop()) top.return(undefined as never)
  }

  #go(): Halt {
    for (;;) {
      const context = this.#contextOfTop()
      const halt = context
        ? context.runInAsyncScope(Flow.#stepsOf, undefined, this, context)
        : this.#steps(context)
      if (halt !== undefined) return halt
    }
  }

  #contextOfTop(): AsyncResource | undefined {
    return this.#contexts?.[this.#running.length - 1] ?? this.#outside
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
    } while (this.#contextOfTop() === context)
    return undefined
  }

  #step(): Halt | undefined {
    const top = this.#running[this.#running.length - 1] as Running
    this.#watches?.[this.#running.length]?.()
    let step: IteratorResult<Effect, ChainResponse>
    try {
      step = this.#throws ? top.throw(this.#value) : top.next(this.#value)
      if (step.done) this.#take(step.value)
    } catch (error) {
      return this.#threw(error)
    }
    return step.done ? this.#returned() : this.#asked(step.value)
  }

  #threw(error: unknown): undefined {
    this.#running.pop()
    this.#response?.discard()
    this.#response = undefined
    if (this.#running.length === 0) throw error
    this.#value = error
    this.#throws = true
    return undefined
  }

  #returned(): Outgoing | undefined {
    this.#running.pop()
    if (this.#running.length === 0) return this.#response
    this.#value = this.#response
    this.#throws = false
    return undefined
  }

  // What a middleware returned, in place of what it was given.
  #take(response: ChainResponse): void {
    const before = this.#response
    if (response === before) return
    if (!(response instanceof Outgoing)) {
      throw new AppFault(
        `middleware "${this.name}" returned ${describe(response)}; return the response of next(), or respond(…)`,
      )
    }
    response.take()
    this.#response = response
    before?.discard()
  }

  #asked(effect: Effect): Halt | undefined {
    if (effect?.asked !== true) return this.#refuse(misused(effect))
    if (effect.kind === 'wait') return this.#wait(effect)
    if (effect.kind === 'either') return this.#choose(effect)
    if (typeof effect.request?.with !== 'function') {
      return this.#refuse('called next() without a request; write next(request)')
    }

    const level = this.#running.length
    if (this.#called > level) {
      return this.#refuse('called next() a second time; it can be called once')
    }
    this.#called = level + 1
    this.#enterContext(effect, level)
    if (effect.signals) for (const signal of effect.signals) this.#watch(signal, level)
    if (level === this.#layers.length) return effect.request
    return this.#call(effect.request)
  }

  #wait(effect: Wait): Wait | undefined {
    if (this.#colour === 'awaits') return effect
    // Refused here: its rejection must not end the process on top.
    void Promise.resolve(effect.promise).catch(() => undefined)
    this.#value = new WaitUnderSync(this.name)
    this.#throws = true
    return undefined
  }

  #choose({ forms }: Either): Wait | undefined {
    try {
      if (this.#colour === 'awaits') return new Wait(forms.async())
      this.#value = forms.sync()
      this.#throws = false
    } catch (error) {
      this.#value = error
      this.#throws = true
    }
    return undefined
  }

  #refuse(what: string): undefined {
    this.#value = new AppFault(`middleware "${this.name}" ${what}`)
    this.#throws = true
    return undefined
  }

  #enterContext({ enter }: Next, level: number): void {
    if (enter) {
      this.#contexts ??= []
      enter(() => void ((this.#contexts ??= [])[level] = new AsyncResource('isthmus.chain')))
    } else if (this.#contexts) {
      this.#contexts[level] = this.#contexts[level - 1]
    }
  }

  // Until the layer goes on by itself; at a moment at which none of them runs.
  #watch(signal: Interrupting, level: number): void {
    const onInterruption = this.#onInterruption
    if (!onInterruption) return
    const watches = (this.#watches ??= [])
    const others = watches[level]
    let isOver = false
    const off = (): void => {
      isOver = true
      signal.removeEventListener('abort', abort)
      watches[level] = undefined
      others?.()
    }
    const abort = (): void =>
      queueMicrotask(() => {
        if (!isOver) onInterruption({ level, reason: signal.reason })
      })
    watches[level] = off
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  }

  #call(request: ChainRequest): undefined {
    const { run } = this.#layers[this.#running.length] as Layer
    this.#running.push(run(request, callNext))
    this.#value = undefined
    this.#throws = false
    return undefined
  }
}

function misused(effect: unknown): string {
  const isStep = typeof (effect as { kind?: unknown } | null)?.kind === 'string'
  return isStep
    ? 'yielded a step; write yield* instead of yield'
    : `yielded ${describe(effect)}; it can yield* next(), wait(), either() and within()`
}
