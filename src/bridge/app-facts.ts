// The facts of an app, for the report of a server: its kind, and the apps inside. Chains and bridges hand them on.

import type { IterableApp, SyncApp } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'

type AnyApp = SyncApp | IterableApp | EventApp

/** The kind of an app, and the apps that it consists of. */
export interface AppFacts {
  /** The function of isthmus that made the app; `app` for an app of the user on the event loop. */
  readonly kind: 'app' | 'mount' | 'threads' | 'python' | 'remote' | 'migration'
  /** The app itself, inside of all chains and bridges. */
  readonly app: AnyApp
  /** The apps inside: those of a mount by their prefixes, those of a migration as `from` and `to`. */
  readonly inner: ReadonlyMap<string, AnyApp>
}

// A registered symbol, so that two copies of the library in one process know each other's apps.
const FACTS = Symbol.for('isthmus.facts.1')
const NONE: ReadonlyMap<string, AnyApp> = new Map()

/** Marks `app` as made by the function `kind` of isthmus. Returns `app`. */
export function described<Described extends AnyApp>(
  app: Described,
  kind: Exclude<AppFacts['kind'], 'app'>,
  inner: AppFacts['inner'] = NONE,
): Described {
  const facts: AppFacts = { kind, app, inner }
  return Object.defineProperty(app, FACTS, { value: facts, configurable: true })
}

/** Gives `outer` the facts of `inner`, which it wraps. Returns `outer`. */
export function handOnFacts<Outer extends AnyApp>(outer: Outer, inner: AnyApp): Outer {
  if (Object.hasOwn(outer, FACTS)) return outer
  return Object.defineProperty(outer, FACTS, { value: factsOf(inner), configurable: true })
}

/** Gives `branded` the facts of `original`, unless that is an app of the user: then the brand is a fact. Returns `branded`. */
export function keepFacts<Branded extends AnyApp>(branded: Branded, original: AnyApp): Branded {
  return Object.hasOwn(original, FACTS) ? handOnFacts(branded, original) : branded
}

/** The facts of `app`: those of the app inside if it is a chain or a bridge. */
export function factsOf(app: AnyApp): AppFacts {
  return (app as { [FACTS]?: AppFacts })[FACTS] ?? { kind: 'app', app, inner: NONE }
}
