// The async contexts of one request's middleware, and of the app behind it: what an AsyncLocalStorage shows to each.

import { AsyncResource } from 'node:async_hooks'

/** The context that is now, to run something in later. */
export function currentContext(): AsyncResource {
  return new AsyncResource('isthmus.chain')
}

/** Where what is inside of each layer runs, for a request of which one has said `within`. */
export class LayerContexts {
  readonly #inside: Array<AsyncResource | undefined> = []

  /** Where what the layer at `level` has called runs; undefined outside of any `within`. */
  inside(level: number): AsyncResource | undefined {
    return this.#inside[level]
  }

  /** The layer at `level` calls what is inside, with the storages that `enter` sets. */
  enter(level: number, enter: ((work: () => void) => void) | undefined): void {
    if (enter) enter(() => void (this.#inside[level] = currentContext()))
    else this.#inside[level] = this.#inside[level - 1]
  }
}
