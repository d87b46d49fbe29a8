// Makes an event app from any value that serve() accepts.

import { refuseForeign } from './foreign-app.ts'
import { mount } from './mount.ts'
import { toEvents } from './to-events.ts'
import type { EventApp } from '../contract/events.ts'
import type { MountTable } from './mount.ts'
import type { App } from './style.ts'

/** The app that `serve` takes: an app of any style, or a mount table. */
export type HostedApp = App | MountTable

/**
 * `hosted` as an event app: an app by {@link toEvents}, a table by {@link mount}.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for any other value
 */
export function asEventApp(hosted: HostedApp): EventApp {
  if (!isTable(hosted)) return toEvents(hosted)
  refuseForeign(hosted)
  return mount(hosted)
}

function isTable(hosted: HostedApp): hosted is MountTable {
  return typeof hosted === 'object' && hosted !== null && !Array.isArray(hosted)
}
