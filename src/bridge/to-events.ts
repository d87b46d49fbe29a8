// toEvents(): an app of any style as an event app.

import { bridged, unbridged } from './bridged.ts'
import { iterableToEvents } from './iterable/iterable-to-events.ts'
import { syncToEvents } from './sync/sync-to-events.ts'
import type { EventApp } from '../contract/events.ts'
import type { App } from './style.ts'

/**
 * `app` as an event app. A sync app runs inline, on the event loop. An event app is returned as it is; for a bridge made
 * from an event app, that app is returned.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if the style of `app` is unclear
 *
 * @example
 * const response = await testClient(toEvents(legacyApp)).get('/')
 */
export function toEvents(app: App): EventApp {
  const styled = unbridged(app, 'events')
  switch (styled.style) {
    case 'sync':
      return bridged(syncToEvents(styled.app), app)
    case 'iterable':
      return bridged(iterableToEvents(styled.app), app)
    case 'events':
      return styled.app
  }
}
