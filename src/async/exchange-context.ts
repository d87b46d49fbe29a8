// The server's side of one exchange: the log, and a signal that is made when the app asks for it.

import { ClientDisconnectedError, ServerShutdownError } from '../errors.ts'
import { sharedClass } from '../shared-class.ts'
import type { ExchangeContext, LifespanScope, ResponseEnd, Scope } from '../contract/events.ts'
import type { Hosting } from '../contract/hosting.ts'
import type { Log } from '../contract/log.ts'
import type { ExchangeFigures } from '../figures/exchange-figures.ts'

const PLAIN_HOSTING: Hosting = {
  environ: {},
  maxInlineBodyBytes: 1024 * 1024,
  inlineThreads: false,
}

/** An exchange that has ended. */
export interface Ending {
  /** The end. It is built only when code reads it, so an exchange without a listener builds none. */
  readonly end: ResponseEnd
}

type EndListener = (end: ResponseEnd) => void

/** The value of `scope['isthmus.exchange']`, one for each exchange. */
export class ServerExchangeContext implements ExchangeContext {
  readonly log: Log
  readonly hosting: Hosting
  /** The exchange in the figures of the server; undefined without the option `figures`. */
  figures: ExchangeFigures | undefined = undefined
  user: string | undefined = undefined
  #controller: AbortController | undefined
  #reason: Error | undefined
  #gone = false
  #ending: Ending | undefined
  #onDisconnect: Array<() => void> | undefined
  #onShutdown: Array<() => void> | undefined
  /** A list only if there are several: most exchanges have one listener. */
  #onEnd: EndListener | EndListener[] | undefined

  constructor(log: Log, hosting: Hosting = PLAIN_HOSTING) {
    this.log = log
    this.hosting = hosting
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Whether the app has taken the signal, so that an abort can reach it. */
  get watched(): boolean {
    return this.#controller !== undefined
  }

  /** Whether code listens for the end, so that the bytes of the body have to be counted. */
  get hasEndListeners(): boolean {
    return this.#onEnd !== undefined
  }

  /** The reason of the abort; undefined before it. Unlike `signal.reason`, this property does not create the signal. */
  get reason(): Error | undefined {
    return this.#reason
  }

  onDisconnect(callback: () => void): void {
    if (this.#gone) return this.#call(callback)
    this.#onDisconnect ??= []
    this.#onDisconnect.push(callback)
  }

  onShutdown(callback: () => void): void {
    if (this.#reason instanceof ServerShutdownError && !this.#gone) return this.#call(callback)
    this.#onShutdown ??= []
    this.#onShutdown.push(callback)
  }

  onEnd(callback: (end: ResponseEnd) => void): void {
    const ending = this.#ending
    if (ending) return this.#call(() => callback(ending.end))
    if (this.#onEnd) this.#onEnd = [this.#onEnd, callback].flat()
    else this.#onEnd = callback
  }

  /** Aborts the signal with a reason; the first reason stays. */
  abort(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller?.abort(reason)
    if (!(reason instanceof ServerShutdownError)) return
    for (const callback of this.#onShutdown ?? []) this.#call(callback)
  }

  /** Aborts the signal and calls the disconnect listeners, because the client has left. */
  disconnect(): void {
    if (this.#gone) return
    this.#gone = true
    this.abort(new ClientDisconnectedError())
    for (const callback of this.#onDisconnect ?? []) this.#call(callback)
    this.#onDisconnect = undefined
  }

  /** Calls the end listeners, once, when the exchange has ended. */
  finish(ending: Ending): void {
    if (this.#ending) return
    this.#ending = ending
    this.figures?.ended(ending.end)
    const callbacks = this.#onEnd
    if (!callbacks) return
    this.#onEnd = undefined
    const { end } = ending
    for (const callback of [callbacks].flat().toReversed()) this.#call(() => callback(end))
  }

  // The engine calls this method, so an error of the app's callback must not reach the engine.
  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.log.error({ err: error }, 'a callback of the exchange failed')
    }
  }
}

/** The exchange of `scope` in the figures of the server; undefined without them, and under hosts that are not isthmus. */
export function figuresOf(scope: Exclude<Scope, LifespanScope>): ExchangeFigures | undefined {
  return (scope['isthmus.exchange'] as ServerExchangeContext | undefined)?.figures
}

sharedClass('exchange-context.1', ServerExchangeContext)
