// threadedMiddleware(): a classic wrap in a pool thread, around an app of any style.

import { poolApp } from './gateway/pool-app.ts'
import { poolSettings } from './gateway/pool-settings.ts'
import { toEvents } from '../bridge/to-events.ts'
import type { EventApp } from '../contract/events.ts'
import type { App } from '../bridge/style.ts'
import type { ThreadOptions } from './gateway/pool-settings.ts'

/**
 * Hosts a classic wrap, `(app: SyncApp) => SyncApp`, in worker threads. Its call to the app that it wraps crosses back
 * to the event loop and streams. WebSockets go to the app as they are: a classic wrap knows none.
 *
 * @param module a `file:` URL of the module that exports the wrap
 * @param options as for {@link threads}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * const app = threadedMiddleware(new URL('./legacy-auth.js', import.meta.url))(live)
 */
export function threadedMiddleware(
  module: URL | string,
  options: ThreadOptions = {},
): (app: App) => EventApp {
  const settings = poolSettings({ url: new URL(module).href, kind: 'wrap' }, options)
  return (app) => poolApp(settings, toEvents(app))
}
