// The routes of a migration: requests whose answers have the same parts.

import { folded } from '../compare/folded.ts'
import { Noise } from './noise.ts'

const MAX_ROUTES = 1_000

/** The noise of each route. A route is a method and a path in which indexes and ids count as equal. */
export class Routes {
  readonly #routes = new Map<string, Noise>()
  // For all routes beyond the bound.
  readonly #others = new Noise()

  /** The noise of the route of a request. */
  of(method: string, path: string): Noise {
    const key = `${method} ${path.split('/').map(folded).join('/')}`
    const known = this.#routes.get(key)
    if (known !== undefined) return known
    if (this.#routes.size >= MAX_ROUTES) return this.#others
    const noise = new Noise()
    this.#routes.set(key, noise)
    return noise
  }
}
