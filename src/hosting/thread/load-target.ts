// Loads the app that a thread runs: an app of any style, or a classic wrap around an app on the gateway's event loop.

import { loadExport } from '../../bridge/load-export.ts'
import { styleOf } from '../../bridge/style.ts'
import { AppLoadError } from '../../errors.ts'
import { loadApp } from '../load-app.ts'
import { callApp } from './call-app.ts'
import type { ThreadTarget } from '../protocol/thread-data.ts'
import type { LoadedApp } from '../load-app.ts'

/**
 * Loads the app of `target`.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the app is missing, or if it is neither an app nor a wrap; the
 *   error of the module, unchanged
 */
export async function loadTarget(target: ThreadTarget): Promise<LoadedApp> {
  if (target.kind === 'app') return loadApp(target)

  const wrap = await loadExport(target)
  const place = `${target.url}#${target.exportName}`
  if (typeof wrap !== 'function') {
    throw new AppLoadError(`${place} is not middleware: a classic wrap is a function (app) => app`)
  }
  const wrapped = styleOf(wrap(callApp('inner')))
  if (wrapped.style === 'sync') return { runs: 'inTurn', app: wrapped.app }
  throw new AppLoadError(
    `${place} returns an app of style "${wrapped.style}"; a classic wrap returns a sync app`,
  )
}
