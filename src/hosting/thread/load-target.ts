// Loads the app that a thread runs: an app of any style, or a classic wrap around an app on the gateway's event loop.

import { listenLine, watchListening } from '../../bridge/listen-watch.ts'
import { loadExport } from '../../bridge/load-export.ts'
import { styleOf } from '../../bridge/style.ts'
import { AppLoadError } from '../../errors.ts'
import { loadApp } from '../load-app.ts'
import { callApp } from './call-app.ts'
import type { ListenCall } from '../../bridge/listen-watch.ts'
import type { Log } from '../../contract/log.ts'
import type { ThreadTarget } from '../protocol/thread-data.ts'
import type { LoadedApp } from '../load-app.ts'

/**
 * Loads the app of `target`. The app must not listen on a port: each thread of the pool loads it, and only one of them gets
 * the port. A call of `listen()` after the load is a warning in `log`.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the app is missing, if it is neither an app nor a wrap, or if it
 *   listens while it loads; the error of the module, unchanged
 */
export async function loadTarget(target: ThreadTarget, log: Log): Promise<LoadedApp> {
  const early: ListenCall[] = []
  let isLoading = true
  watchListening((call) => {
    if (isLoading) early.push(call)
    else
      log.warn(
        {},
        `the app ${listenLine(call)}; each thread of the pool calls it, and only one gets the port`,
      )
  })
  const [loaded] = await Promise.allSettled([load(target)])
  isLoading = false
  if (early[0]) throw new AppLoadError(`${target.url} ${listenLine(early[0])}`)
  if (loaded.status === 'rejected') throw loaded.reason
  return loaded.value
}

async function load(target: ThreadTarget): Promise<LoadedApp> {
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
