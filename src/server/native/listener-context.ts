// The async context in which the requests of a listener start.

import { AsyncResource } from 'node:async_hooks'

const NO_DESTROY = { requireManualDestroy: true }

/**
 * Starts code in the async context in which the listener was made. A request may start inside a call of an app, when the
 * response before it ends: without this class, its app would find the `AsyncLocalStorage` values of that other request.
 */
export class ListenerContext {
  readonly #listener = new AsyncResource('IsthmusListener', NO_DESTROY)

  /** Calls `start` on `self` with `value`. The context is new each time, so that `enterWith()` changes no other one. */
  run<Self, Value>(start: (this: Self, value: Value) => void, self: Self, value: Value): void {
    this.#listener.runInAsyncScope(requestResource).runInAsyncScope(start, self, value)
  }
}

function requestResource(): AsyncResource {
  return new AsyncResource('IsthmusRequest', NO_DESTROY)
}
