// threadedMiddleware(): a classic wrap in the threads of a pool, around an app of any style.

import { threadsApp } from './gateway/threads-app.ts'
import { poolSettings } from './gateway/pool-settings.ts'
import { moduleUrl } from './module-url.ts'
import { toEvents } from '../bridge/to-events.ts'
import type { App } from '../bridge/style.ts'
import type { ThreadsApp } from './gateway/threads-app.ts'
import type { ThreadOptions } from './gateway/pool-settings.ts'

/**
 * Hosts a classic wrap, `(app: SyncApp) => SyncApp`, in worker threads. The call of the wrap to its app crosses back to
 * the event loop and streams. WebSockets go straight to the app: a classic wrap does not know them.
 *
 * @param module the module that exports the wrap, in the same forms as for {@link threads}
 * @param options the same options as for {@link threads}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a relative path, an unknown option or an impossible
 *   value
 *
 * @example
 * const app = threadedMiddleware(new URL('./legacy-auth.js', import.meta.url))(live)
 */
export function threadedMiddleware(
  module: URL | string,
  options: ThreadOptions = {},
): (app: App) => ThreadsApp {
  const url = moduleUrl('threadedMiddleware', module)
  const settings = poolSettings({ url, kind: 'wrap' }, options)
  return (app) => threadsApp(settings, toEvents(app))
}
