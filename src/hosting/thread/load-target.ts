// Loads the app that a thread runs: a sync app, or a classic wrap around an app on the gateway's event loop.

import { asSyncApp, loadExport, loadSyncApp } from '../../bridge/load-sync-app.ts'
import { AppLoadError } from '../../errors.ts'
import { callApp } from './call-app.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { ThreadTarget } from '../protocol/thread-data.ts'

/**
 * Loads the app of `target`.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) when it is missing or is neither a sync app nor a wrap; an error of
 *   the module itself is thrown as it is
 */
export async function loadTarget(target: ThreadTarget): Promise<SyncApp> {
  if (target.kind === 'app') return loadSyncApp(target)

  const wrap = await loadExport(target)
  if (typeof wrap === 'function') return asSyncApp(wrap(callApp('inner')), target)
  throw new AppLoadError(
    `${target.url}#${target.exportName} is no middleware: a classic wrap is a function (app) => app`,
  )
}
