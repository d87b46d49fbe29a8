// Finds the sync app that a thread is to run.

import { AppLoadError } from '../../errors.ts'
import { importExports } from '../app-module.ts'
import { styleOf } from '../style.ts'
import { callApp } from './call-app.ts'
import type { SyncApp } from '../../contract/environ.ts'

/** Where the app is: a module, its export, and the key in it where the export is a mount table. */
export interface ThreadTarget {
  url: string
  exportName: string
  mountKey: string | undefined
  /** A sync app, or a classic wrap around the app on the event loop. */
  kind: 'app' | 'wrap'
  /** Somebody has said that it is a sync app. */
  isBranded: boolean
}

/**
 * Imports the module and takes the app out of it.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) when there is none, or it is no sync app; what the module throws
 */
export async function loadSyncApp(target: ThreadTarget): Promise<SyncApp> {
  const { url, exportName, mountKey, kind } = target
  const exports = (await importExports(url)) as Record<string, unknown>
  if (!Object.hasOwn(exports, exportName)) {
    const names = Object.keys(exports).join(', ') || 'none'
    throw new AppLoadError(`${url} has no export "${exportName}"; it has ${names}`)
  }

  const exported = exports[exportName]
  const app = mountKey === undefined ? exported : (exported as Record<string, unknown>)[mountKey]
  return syncApp(kind === 'wrap' ? wrapped(app, target) : app, target)
}

function wrapped(wrap: unknown, { url, exportName }: ThreadTarget): unknown {
  if (typeof wrap === 'function') return wrap(callApp('inner'))
  throw new AppLoadError(
    `${url}#${exportName} is no middleware: a classic wrap is a function (app) => app`,
  )
}

function syncApp(app: unknown, { url, exportName, isBranded }: ThreadTarget): SyncApp {
  if (isBranded && typeof app === 'function') return app as SyncApp
  const styled = styleOf(app)
  if (styled.style === 'sync') return styled.app
  throw new AppLoadError(
    `${url}#${exportName} is of style "${styled.style}"; threads() hosts sync apps, others belong on the event loop`,
  )
}
