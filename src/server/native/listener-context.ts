// The async context in which the requests of a listener start.

import { AsyncResource } from 'node:async_hooks'

const NO_DESTROY = { requireManualDestroy: true }

/**
 * Starts code in the async context in which the listener was made. A request may start inside a call of an app, when the
 * response before it ends: without this class, its app would find the `AsyncLocalStorage` values of that other request.
 */
export class ListenerContext {
  readonly #listener = new AsyncResource('IsthmusListener', NO_DESTROY)

  /** Calls `start`. The context is new each time, so that `enterWith()` changes no other one. */
  run(start: () => void): void {
    this.#listener.runInAsyncScope(requestResource).runInAsyncScope(start)
  }
}

function requestResource(): AsyncResource {
  return new AsyncResource('IsthmusRequest', NO_DESTROY)
}
