// toSync(): an async app for blocking code.

import { sync } from '../bridge/style.ts'
import { moduleUrl } from './module-url.ts'
import { callApp } from './thread/call-app.ts'
import type { SyncApp } from '../contract/environ.ts'

/**
 * Makes a sync app of an async app, for code in the threads of {@link threads}. The async app runs on the event loop,
 * which loads it once. The thread that calls it blocks until the head is there, and then for each chunk, so a stream
 * stays a stream. To close the body early stops the app.
 *
 * @param module the module of the async app, in the same forms as for {@link threads}
 * @param options `export`: the export that is the app, default `default`
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a relative path;
 *   {@link WouldDeadlockError} (`ISTHMUS_WOULD_DEADLOCK`), from the app, when the event loop calls it
 *
 * @example
 * const search = toSync(new URL('./search.js', import.meta.url))
 * export default sync((environ, startResponse) =>
 *   environ.PATH_INFO === '/search' ? search(environ, startResponse) : page(environ, startResponse))
 */
export function toSync(module: URL | string, options: { export?: string } = {}): SyncApp {
  const url = moduleUrl('toSync', module)
  return sync(callApp({ url, exportName: options.export ?? 'default' }))
}
