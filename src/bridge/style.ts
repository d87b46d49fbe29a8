// The style of an app: its brand always wins, and one rule decides for functions without a brand.

import { AppError } from '../errors.ts'
import { keepFacts } from './app-facts.ts'
import { refuseForeign } from './foreign-app.ts'
import type { IterableApp, SyncApp } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'

/** The three styles of an app. */
type Style = 'sync' | 'iterable' | 'events'

/**
 * An app of any style. TypeScript infers the parameters of a function in the place of an app: two are those of a sync app,
 * three those of an event app.
 */
export type App = SyncApp | EventParameters | Opaque<IterableApp> | Opaque<EventApp>

/**
 * Gives a function with three parameters those of an event app. No app has this type.
 *
 * TypeScript infers parameters from a union if its members agree on them. Members with several signatures for this number
 * of parameters, one of them generic, have no say.
 */
export interface EventParameters {
  (...call: Parameters<EventApp>): ReturnType<EventApp>
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  <Body>(...call: Parameters<SyncApp>): Body
}

/** The same type as `Style`, without a say in the inference. */
interface Opaque<Style extends (...call: never) => unknown> {
  (...call: Parameters<Style>): ReturnType<Style>
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  <_Unused>(...call: Parameters<Style>): ReturnType<Style>
}

/** An app with its style: a union that `style` discriminates. */
export type StyledApp =
  | { style: 'sync'; app: SyncApp }
  | { style: 'iterable'; app: IterableApp }
  | { style: 'events'; app: EventApp }

// A registered symbol, so that two copies of the library in one process know each other's brands.
const STYLE = Symbol.for('isthmus.style')

/** Marks `app` as a sync app (PEP 3333). @example export default sync((environ, startResponse) => …) */
export function sync(app: SyncApp): SyncApp {
  // A chain keeps its decision by the head (`sync/head-decision.ts`).
  if (typeof app === 'function' && brandOf(app) === 'sync') return app
  return branded<SyncApp>((environ, startResponse) => app(environ, startResponse), 'sync', app)
}

/** Marks `app` as an async-iterable app. @example export default iterable(async function* (environ, startResponse) { … }) */
export function iterable(app: IterableApp): IterableApp {
  return branded<IterableApp>(
    (environ, startResponse) => app(environ, startResponse),
    'iterable',
    app,
  )
}

/** Marks `app` as an event app (ASGI). @example export default events(async (scope, receive, send) => { … }) */
export function events(app: EventApp): EventApp {
  return branded<EventApp>((scope, receive, send) => app(scope, receive, send), 'events', app)
}

/**
 * The style of `app`. Without a brand, a function with three declared parameters is an event app. One with two is an
 * async-iterable app if it is an `async` function or an async generator, else a sync app.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for any other value. The message shows the three brands, or the adapter
 *   for the app of another framework.
 */
export function styleOf(app: unknown): StyledApp {
  requireFunction(app)
  return { style: brandOf(app) ?? ruleOf(app), app } as StyledApp
}

const BRANDS =
  'say which style it is: sync((environ, startResponse) => …), ' +
  'iterable(async function* (environ, startResponse) { … }) or events(async (scope, receive, send) => { … })'

function requireFunction(app: unknown): asserts app is Function {
  if (typeof app === 'function') return
  refuseForeign(app)
  throw new AppError(`an app is a function, got ${typeof app}; ${BRANDS}`)
}

/** Marks `app` itself as an app of `style`, with the name of `original`, which the messages about the app show. */
export function branded<Branded extends App>(app: Branded, style: Style, original: App): Branded {
  requireFunction(original)
  Object.defineProperty(app, 'name', { value: original.name, configurable: true })
  return keepFacts(Object.defineProperty(app, STYLE, { value: style }), original)
}

/** The brand of `app`; undefined if it has none. */
export function brandOf(app: unknown): Style | undefined {
  return (app as { [STYLE]?: Style } | null | undefined)?.[STYLE]
}

// The tag of the function decides, because `instanceof` fails for an app from another realm.
function ruleOf(app: Function): Style {
  refuseForeign(app)
  if (app.length === 3) return 'events'
  if (app.length === 2) {
    const tag = Object.prototype.toString.call(app)
    return tag === '[object AsyncFunction]' || tag === '[object AsyncGeneratorFunction]'
      ? 'iterable'
      : 'sync'
  }
  throw new AppError(
    `the style of ${app.name || 'this function'} is unclear: it declares ${app.length} parameters; ${BRANDS}`,
  )
}
