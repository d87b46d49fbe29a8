// toSync(): an async app for blocking code.

import { sync } from '../bridge/style.ts'
import { callApp } from './thread/call-app.ts'
import type { SyncApp } from '../contract/environ.ts'

/**
 * An async app, named by its module, as a sync app for code that {@link threads} hosts. The app runs on the event
 * loop, where it is loaded once; the thread that calls it blocks until the head is there, and then for each chunk,
 * so what streams goes on streaming. Closing the body early stops the app.
 *
 * @param module a `file:` URL, as `new URL('./feed.js', import.meta.url)`
 * @param options `export`: the export that is the app, default `default`
 * @throws {@link WouldDeadlockError} (`ISTHMUS_WOULD_DEADLOCK`), from the app, when it is called on the event loop
 *
 * @example
 * const search = toSync(new URL('./search.js', import.meta.url))
 * export default sync((environ, startResponse) =>
 *   environ.PATH_INFO === '/search' ? search(environ, startResponse) : page(environ, startResponse))
 */
export function toSync(module: URL | string, options: { export?: string } = {}): SyncApp {
  return sync(callApp({ url: new URL(module).href, exportName: options.export ?? 'default' }))
}
