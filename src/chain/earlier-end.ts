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

/** A signal that is aborted when one of the two is. */
export function eitherSignal(outer: AbortSignal | undefined, signal: AbortSignalLike): AbortSignal {
  const inner = signal instanceof AbortSignal ? signal : signalOf(signal)
  return outer ? AbortSignal.any([outer, inner]) : inner
}

// The private fields of the outer exchange need it as `this`, so a Proxy delegates, and not the prototype chain.
class EndingExchange implements ProxyHandler<ExchangeContext> {
  readonly #outer: ExchangeContext
  readonly #given: AbortSignalLike
  #signal: AbortSignal | undefined
  #listeners: Set<() => void> | undefined
  #released = false

  constructor(outer: ExchangeContext, given: AbortSignalLike) {
    this.#outer = outer
    this.#given = given
  }

  get(target: ExchangeContext, key: string | symbol): unknown {
    if (key === 'signal') return (this.#signal ??= eitherSignal(target.signal, this.#given))
    if (key === 'onDisconnect') return (callback: () => void) => this.#onDisconnect(callback)
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? (value.bind(target) as unknown) : value
  }

  release(): void {
    this.#released = true
    for (const listener of this.#listeners ?? []) {
      this.#given.removeEventListener('abort', listener)
    }
    this.#listeners = undefined
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

function signalOf(signal: AbortSignalLike): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort)
  return controller.signal
}
