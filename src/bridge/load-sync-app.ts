// Finds a sync app in a module.

import { AppLoadError } from '../errors.ts'
import { importExports } from './app-module.ts'
import { styleOf } from './style.ts'
import type { SyncApp } from '../contract/environ.ts'

/** The place of an app: a module, its export, and a key of the export if the export is a mount table. */
export interface AppTarget {
  url: string
  exportName: string
  mountKey: string | undefined
  /** Whether the user has named the style `sync`, so that isthmus does not guess the style. */
  isBranded: boolean
}

/**
 * Imports the module of `target` and returns the sync app in it.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the export is missing or is not a sync app; the error of the
 *   module, unchanged
 */
export async function loadSyncApp(target: AppTarget): Promise<SyncApp> {
  return asSyncApp(await loadExport(target), target)
}

/**
 * Imports the module of `target` and returns the value that `target` names.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the module has no such export
 */
export async function loadExport({ url, exportName, mountKey }: AppTarget): Promise<unknown> {
  const exports = (await importExports(url)) as Record<string, unknown>
  if (!Object.hasOwn(exports, exportName)) {
    const names = Object.keys(exports).join(', ') || 'none'
    throw new AppLoadError(`${url} has no export "${exportName}"; it has ${names}`)
  }

  const exported = exports[exportName]
  return mountKey === undefined ? exported : (exported as Record<string, unknown>)[mountKey]
}

/** Returns `app` if it is a sync app; throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) otherwise. */
export function asSyncApp(app: unknown, { url, exportName, isBranded }: AppTarget): SyncApp {
  if (isBranded && typeof app === 'function') return app as SyncApp
  const styled = styleOf(app)
  if (styled.style === 'sync') return styled.app
  throw new AppLoadError(
    `${url}#${exportName} is of style "${styled.style}"; threads() hosts sync apps, others belong on the event loop`,
  )
}
