// The async context in which the requests of a listener start.

import { AsyncResource } from 'node:async_hooks'

const NO_DESTROY = { requireManualDestroy: true }

/**
 * Starts requests in the async context in which the listener was made. A request may start inside a call of an app, when
 * the response before it ends: without this class, its app would find the `AsyncLocalStorage` values of that other request.
 */
export class ListenerContext {
  readonly #listener = new AsyncResource('IsthmusListener', NO_DESTROY)

  /** Calls `start`, as {@link startApart} does, in the context of the listener. */
  run(start: () => void): void {
    this.#listener.runInAsyncScope(startApart, undefined, start)
  }
}

/** Calls `start` in the current context, and keeps `enterWith()` from changing that context. */
export function startApart(start: () => void): void {
  new AsyncResource('IsthmusRequest', NO_DESTROY).runInAsyncScope(start)
}
