// Loads the app that a thread runs: a sync app, or a classic wrap around an app on the gateway's event loop.

import { asSyncApp, loadExport, loadSyncApp } from '../../bridge/load-sync-app.ts'
import { AppLoadError } from '../../errors.ts'
import { callApp } from './call-app.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { ThreadTarget } from '../protocol/thread-data.ts'

/**
 * Loads the app of `target`.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the app is missing, or if it is neither a sync app nor a wrap;
 *   the error of the module, unchanged
 */
export async function loadTarget(target: ThreadTarget): Promise<SyncApp> {
  if (target.kind === 'app') return loadSyncApp(target)

  const wrap = await loadExport(target)
  if (typeof wrap === 'function') return asSyncApp(wrap(callApp('inner')), target)
  throw new AppLoadError(
    `${target.url}#${target.exportName} is not middleware: a classic wrap is a function (app) => app`,
  )
}
