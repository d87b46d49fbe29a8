// What a scope carries of the server: the log, and a signal that exists only once somebody asks for it.

import { ClientDisconnectedError, ServerShutdownError } from '../errors.ts'
import type { ExchangeContext, Hosting } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'

const PLAIN_HOSTING: Hosting = { environ: {}, maxInlineBodyBytes: 1024 * 1024, inlineThreads: false }

/** The server's own side of one connection, at `scope['isthmus.exchange']`. */
export class ServerExchangeContext implements ExchangeContext {
  readonly log: Log
  readonly hosting: Hosting
  #controller: AbortController | undefined
  #reason: Error | undefined
  #gone = false
  #onDisconnect: Array<() => void> | undefined
  #onShutdown: Array<() => void> | undefined

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

  /** Whether anybody holds the signal, and so can be told. */
  get watched(): boolean {
    return this.#controller !== undefined
  }

  onDisconnect(callback: () => void): void {
    if (this.#gone) return this.#call(callback)
    this.#onDisconnect ??= []
    this.#onDisconnect.push(callback)
  }

  onShutdown(callback: () => void): void {
    if (this.#reason) return this.#call(callback)
    this.#onShutdown ??= []
    this.#onShutdown.push(callback)
  }

  /** Aborts the signal with a reason; the first reason stays. */
  abort(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller?.abort(reason)
    if (!(reason instanceof ServerShutdownError)) return
    for (const callback of this.#onShutdown ?? []) this.#call(callback)
  }

  /** The client is gone: aborts the signal and calls back. */
  disconnect(): void {
    if (this.#gone) return
    this.#gone = true
    this.abort(new ClientDisconnectedError())
    for (const callback of this.#onDisconnect ?? []) this.#call(callback)
    this.#onDisconnect = undefined
  }

  // An app's callback is called by the engine, which must not fail with it.
  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.log.error({ err: error }, 'a callback of the connection failed')
    }
  }
}
