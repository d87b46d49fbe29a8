// chain(): middleware around an app, composed once, before the first request.

import { handOnFacts } from '../bridge/app-facts.ts'
import { mount } from '../bridge/mount.ts'
import { events, styleOf, sync } from '../bridge/style.ts'
import { toEvents } from '../bridge/to-events.ts'
import { toIterable } from '../bridge/to-iterable.ts'
import { AppError } from '../errors.ts'
import { driveEvents } from './event/drive.ts'
import { driveSync } from './sync/drive.ts'
import { marked, partsOf } from './wrap.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { App, StyledApp } from '../bridge/style.ts'
import type { SyncApp } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'
import type { Layer } from './layer.ts'
import type { ChainLink, Part, Wrap } from './wrap.ts'

/**
 * Makes one wrap of several middleware, the first one outermost. The wrapped app has the style of the app inside. A
 * chain may be an argument of another chain.
 *
 * A chain takes three kinds of arguments. `middleware(…)` runs around every style. An event wrap,
 * `(app: EventApp) => EventApp`, runs around event and iterable apps. A classic wrap, `(app: SyncApp) => SyncApp`, runs
 * around sync apps. The style of the app that a wrap returns shows its kind, unless `eventWrap(…)` or `classicWrap(…)`
 * declares it.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`), when the chain is put around an app, for a wrap that cannot run there;
 *   the message names the wrap and the solution
 *
 * @example
 * const app = chain(requestId(), accessLog())(mount({ '/live': live, '/': threads(legacy) }))
 */
export function chain(...links: readonly ChainLink[]): Wrap {
  const parts = links.flatMap(partsOf)
  return chainOf(parts)
}

/** A chain of `parts`. */
export function chainOf(parts: readonly Part[]): Wrap {
  return marked(((app: HostedApp) => wrapped(parts, app)) as Wrap, parts)
}

function wrapped(parts: readonly Part[], hosted: HostedApp): App {
  const styled = styleOf(typeof hosted === 'object' && hosted !== null ? mount(hosted) : hosted)
  switch (styled.style) {
    case 'sync':
      return composed<SyncApp>(parts, styled, driveSync)
    case 'events':
      return composed<EventApp>(parts, styled, driveEvents)
    case 'iterable': {
      // The chain wraps the event form of the app, so that the server calls the chain without a bridge.
      const inner: StyledApp = { style: 'events', app: toEvents(styled.app) }
      return handOnFacts(toIterable(composed(parts, inner, driveEvents)), styled.app)
    }
  }
}

type Drive<Driven extends App> = (layers: readonly Layer[], app: Driven) => Driven

function composed<Driven extends SyncApp | EventApp>(
  parts: readonly Part[],
  { style, app }: StyledApp,
  drive: Drive<Driven>,
): Driven {
  let inner = app as Driven
  let layers: Layer[] = []
  const close = (): void => {
    if (layers.length > 0) inner = drive(layers, inner)
    layers = []
  }
  for (const part of parts.toReversed()) {
    if (part.kind === 'layer') {
      layers.unshift(part.layer)
      continue
    }
    close()
    inner = around(part, style as 'sync' | 'events', inner) as Driven
  }
  close()
  return handOnFacts(inner, app as Driven)
}

function around(part: Exclude<Part, { kind: 'layer' }>, style: 'sync' | 'events', app: App): App {
  if (part.kind !== 'unmarked' && part.kind !== style) throw misplaced(part.name, part.kind)
  const outer = part.wrap(app)
  if (part.kind === 'sync') return sync(outer as SyncApp)
  if (part.kind === 'events') return events(outer as EventApp)
  const told = styleOf(outer)
  if (told.style !== style) throw misplaced(part.name, told.style)
  return told.app
}

function misplaced(name: string, kind: StyledApp['style']): AppError {
  if (kind === 'events') {
    return new AppError(
      `chain(): the event wrap "${name}" cannot wrap a sync app, which stays sync; ` +
        'make an event app of it first: chain(…)(toEvents(app)) or chain(…)(threads(…))',
    )
  }
  return new AppError(
    `chain(): the classic wrap "${name}" cannot wrap an app that awaits, on the event loop; ` +
      "host it in threads: threadedMiddleware(new URL('./its-module.js', import.meta.url))",
  )
}
