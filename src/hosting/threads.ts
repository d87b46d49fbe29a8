// threads(): a sync app off the event loop.

import { poolApp } from './gateway/pool-app.ts'
import { poolSettings } from './gateway/pool-settings.ts'
import type { EventApp } from '../contract/events.ts'
import type { ThreadOptions } from './gateway/pool-settings.ts'

/**
 * Hosts a sync app in worker threads. A function cannot cross a thread, so the app is named by its module, which
 * every thread loads for itself: module state is per thread.
 *
 * In a thread `environ['wsgi.input'].read()` and a slow client really block, and nothing else notices. A request
 * that loops, exhausts its heap or calls `process.exit()` costs its own response and its thread, which is replaced.
 *
 * @param module a `file:` URL, as `new URL('./legacy.js', import.meta.url)`
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * mount({ '/live': live, '/': threads(new URL('./legacy.js', import.meta.url)) })
 */
export function threads(module: URL | string, options: ThreadOptions = {}): EventApp {
  return poolApp(poolSettings({ url: new URL(module).href, kind: 'app' }, options))
}
