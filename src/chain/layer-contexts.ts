// The async contexts of the middleware and of the app in one request. A context decides the value that each
// AsyncLocalStorage has in the code that runs in it.

import { AsyncResource } from 'node:async_hooks'

/** Captures the current context, to run code in it later. */
export function currentContext(): AsyncResource {
  return new AsyncResource('isthmus.chain')
}

/** The contexts that `within` opens in one request. */
export class LayerContexts {
  readonly #inside: Array<AsyncResource | undefined> = []

  /** The context that the layer at `level` gives to the inner ones; undefined outside of any `within`. */
  inside(level: number): AsyncResource | undefined {
    return this.#inside[level]
  }

  /** The layer at `level` calls the inner ones, with the storages that `enter` sets. */
  enter(level: number, enter: ((work: () => void) => void) | undefined): void {
    if (enter) enter(() => void (this.#inside[level] = currentContext()))
    else this.#inside[level] = this.#inside[level - 1]
  }
}
