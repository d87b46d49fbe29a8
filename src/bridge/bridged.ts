// Which app a bridge was made of, so that a bridge back finds it instead of building on top.

import { styleOf } from './style.ts'
import type { App, StyledApp } from './style.ts'

// Registered, so that two copies of the library in one process know each other's bridges.
const ORIGINAL = Symbol.for('isthmus.original')

/** Marks `bridge` as made of `original`. */
export function bridged<Bridge extends App>(bridge: Bridge, original: App): Bridge {
  return Object.defineProperty(bridge, ORIGINAL, { value: original })
}

/** `app` with its style; where it is a bridge made of an app of style `wanted`, that app. @see SEMANTICS 3c.4 */
export function unbridged(app: App, wanted: StyledApp['style']): StyledApp {
  const original = (app as { [ORIGINAL]?: App } | null | undefined)?.[ORIGINAL]
  if (original === undefined) return styleOf(app)
  const styled = styleOf(original)
  return styled.style === wanted ? styled : styleOf(app)
}
