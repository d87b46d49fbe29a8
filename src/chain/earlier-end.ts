// An end of the exchange that a middleware gives to the inner app: request.with({ signal }).

import type { ExchangeContext } from '../contract/events.ts'
import type { AbortSignalLike } from './interruption.ts'

/** The exchange as the inner app sees it, and the cleanup. */
export interface EarlierEnd {
  readonly exchange: ExchangeContext
  /** The exchange is over: removes the listeners from the given signal, which may live longer. */
  release(): void
}

/**
 * Makes an exchange that ends when `outer` ends, or when `signal` is aborted. Members that this file does not know reach
 * `outer` unchanged, so that the exchange can get further members later.
 */
export function withEarlierEnd(outer: ExchangeContext, signal: AbortSignalLike): EarlierEnd {
  const end = new EndingExchange(outer, signal)
  return { exchange: new Proxy(outer, end), release: () => end.release() }
}

/** A signal of two, and the cleanup. */
interface EitherSignal {
  readonly signal: AbortSignal
  /** The exchange is over: removes the listener from the given signal, which may live longer. */
  readonly release: () => void
}

/** Makes a signal that is aborted when one of the two is. */
export function eitherSignal(outer: AbortSignal | undefined, given: AbortSignalLike): EitherSignal {
  const inner = given instanceof AbortSignal ? { signal: given, release: () => {} } : copied(given)
  const signal = outer ? AbortSignal.any([outer, inner.signal]) : inner.signal
  return { signal, release: inner.release }
}

// The private fields of the outer exchange need it as `this`, so a Proxy delegates, and not the prototype chain.
class EndingExchange implements ProxyHandler<ExchangeContext> {
  readonly #outer: ExchangeContext
  readonly #given: AbortSignalLike
  #either: EitherSignal | undefined
  #listeners: Set<() => void> | undefined
  #released = false

  constructor(outer: ExchangeContext, given: AbortSignalLike) {
    this.#outer = outer
    this.#given = given
  }

  get(target: ExchangeContext, key: string | symbol): unknown {
    if (key === 'signal') return this.#signal
    if (key === 'onDisconnect') return (callback: () => void) => this.#onDisconnect(callback)
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? (value.bind(target) as unknown) : value
  }

  release(): void {
    this.#released = true
    this.#either?.release()
    for (const listener of this.#listeners ?? []) {
      this.#given.removeEventListener('abort', listener)
    }
    this.#listeners = undefined
  }

  get #signal(): AbortSignal {
    if (!this.#either) {
      this.#either = eitherSignal(this.#outer.signal, this.#given)
      if (this.#released) this.#either.release()
    }
    return this.#either.signal
  }

  #onDisconnect(callback: () => void): void {
    const given = this.#given
    let isCalled = false
    const once = (): void => {
      given.removeEventListener('abort', once)
      this.#listeners?.delete(once)
      if (isCalled) return
      isCalled = true
      // The owner of the signal, often a timer, must not fail because of a callback of the app.
      try {
        callback()
      } catch (error) {
        this.#outer.log.error({ err: error }, 'a callback of the exchange failed')
      }
    }
    this.#outer.onDisconnect(once)
    if (isCalled || this.#released) return
    if (given.aborted) return once()
    this.#listeners ??= new Set()
    this.#listeners.add(once)
    given.addEventListener('abort', once)
  }
}

function copied(given: AbortSignalLike): EitherSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(given.reason)
  if (given.aborted) abort()
  else given.addEventListener('abort', abort)
  const release = (): void => given.removeEventListener('abort', abort)
  return { signal: controller.signal, release }
}
