// threads(): a sync app off the event loop.

import { threadsApp } from './gateway/threads-app.ts'
import { poolSettings } from './gateway/pool-settings.ts'
import { moduleUrl } from './module-url.ts'
import type { ThreadsApp } from './gateway/threads-app.ts'
import type { ThreadOptions } from './gateway/pool-settings.ts'

/**
 * Hosts a sync app in worker threads. A function cannot cross into a thread, so the caller names the module of the app.
 * Every thread loads the module for itself: module state is per thread.
 *
 * In a thread, `environ['wsgi.input'].read()` really blocks, and blocks only that thread. A slow client holds no thread:
 * see {@link ThreadOptions.buffering}. A request that loops for ever, exhausts its heap or calls `process.exit()` costs
 * its own response and its thread, which is replaced.
 *
 * A sync app gets WebSockets as `environ['wsgi.websocket']`: see {@link BlockingWebSocket}. Each holds a thread for as long as
 * it lasts, within {@link ThreadOptions.maxWebSockets}.
 *
 * @param module `new URL('./legacy.js', import.meta.url)`, the text of a `file:` URL, or an absolute path
 * @returns an event app; its `stats()` returns the load of the threads
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a relative path, an unknown option or an impossible
 *   value
 *
 * @example
 * mount({ '/live': live, '/': threads(new URL('./legacy.js', import.meta.url)) })
 */
export function threads(module: URL | string, options: ThreadOptions = {}): ThreadsApp {
  return threadsApp(poolSettings({ url: moduleUrl('threads', module), kind: 'app' }, options))
}
