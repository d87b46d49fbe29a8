// Remembers the app inside a bridge, so that a bridge back returns that app instead of a second bridge.

import { handOnFacts } from './app-facts.ts'
import { styleOf } from './style.ts'
import type { App, StyledApp } from './style.ts'

// A registered symbol, so that two copies of the library in one process know each other's bridges.
const ORIGINAL = Symbol.for('isthmus.original')

/** Marks `bridge` as made from `original`. */
export function bridged<Bridge extends App>(bridge: Bridge, original: App): Bridge {
  return handOnFacts(Object.defineProperty(bridge, ORIGINAL, { value: original }), original)
}

/** `app` with its style; for a bridge made from an app of the style `wanted`, that app. @see docs/semantics.md, 3c.4 */
export function unbridged(app: App, wanted: StyledApp['style']): StyledApp {
  const original = (app as { [ORIGINAL]?: App } | null | undefined)?.[ORIGINAL]
  if (original === undefined) return styleOf(app)
  const styled = styleOf(original)
  return styled.style === wanted ? styled : styleOf(app)
}
