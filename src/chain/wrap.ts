// The arguments of chain(): their kinds, and the parts that a chain consists of.

import { AppError } from '../errors.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { MountTable } from '../bridge/mount.ts'
import type { App, EventParameters } from '../bridge/style.ts'
import type { IterableApp, SyncApp } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'
import type { Layer } from './layer.ts'

/** Wraps an app of any style and keeps the style; a mount table becomes an event app. */
export interface Wrap {
  (app: SyncApp | EventParameters): SyncApp
  (app: IterableApp): IterableApp
  (app: EventApp): EventApp
  (table: MountTable): EventApp
  (app: HostedApp): App
}

/** A function from event app to event app, like an ASGI middleware. */
export type EventWrap = (app: EventApp) => EventApp

/** A function from sync app to sync app, like a middleware of PEP 3333. */
export type ClassicWrap = (app: SyncApp) => SyncApp

/** An argument of `chain`. */
export type ChainLink = Wrap | EventWrap | ClassicWrap

/** One part of a chain: a middleware, or a function that wraps. */
export type Part =
  | { kind: 'layer'; layer: Layer }
  | { kind: 'events' | 'sync' | 'unmarked'; wrap: (app: App) => unknown; name: string }

// A registered symbol, so that two copies of the library in one process recognize each other's chains.
const PARTS = Symbol.for('isthmus.parts.1')

/** Declares that `wrap` wraps event apps. @example chain(eventWrap((app) => (...call) => app(...call))) */
export function eventWrap(wrap: EventWrap): EventWrap {
  return marked((app) => wrap(app), [part('events', wrap)])
}

/** Declares that `wrap` wraps sync apps. @example chain(classicWrap((app) => (...call) => app(...call))) */
export function classicWrap(wrap: ClassicWrap): ClassicWrap {
  return marked((app) => wrap(app), [part('sync', wrap)])
}

/** Marks `wrap` with the parts that it consists of. */
export function marked<Marked extends ChainLink>(wrap: Marked, parts: readonly Part[]): Marked {
  return Object.defineProperty(wrap, PARTS, { value: parts })
}

/**
 * The parts of one argument of `chain`. A chain inside a chain gives its parts, so that adjacent middleware run in one
 * loop.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if `link` is not a function
 */
export function partsOf(link: ChainLink, position: number): readonly Part[] {
  if (typeof link !== 'function') {
    throw new AppError(
      `chain(): argument ${position + 1} is ${link === null ? 'null' : typeof link}, not a middleware; ` +
        'call the factory: chain(requestId()), or pass (app) => app',
    )
  }
  return (link as { [PARTS]?: readonly Part[] })[PARTS] ?? [part('unmarked', link)]
}

function part(kind: 'events' | 'sync' | 'unmarked', wrap: ChainLink): Part {
  return { kind, wrap: wrap as (app: App) => unknown, name: wrap.name || 'a wrap without a name' }
}
