// Whatever may be hosted, as an event app.

import { mount } from './mount.ts'
import { toEvents } from './to-events.ts'
import type { EventApp } from '../contract/events.ts'
import type { MountTable } from './mount.ts'
import type { App } from './style.ts'

/** What `serve` takes: an app of any style, or a mount table. */
export type HostedApp = App | MountTable

/**
 * `hosted` as an event app: an app by {@link toEvents}, a table by {@link mount}.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for what is neither
 */
export function asEventApp(hosted: HostedApp): EventApp {
  return isTable(hosted) ? mount(hosted) : toEvents(hosted)
}

function isTable(hosted: HostedApp): hosted is MountTable {
  return typeof hosted === 'object' && hosted !== null && !Array.isArray(hosted)
}
