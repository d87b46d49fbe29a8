// Finds a sync app in a module.

import { AppLoadError } from '../errors.ts'
import { importExports } from './app-module.ts'
import { styleOf } from './style.ts'
import type { SyncApp } from '../contract/environ.ts'

/** The place of an app: a module, an export of it, and a key of that export where the export is a mount table. */
export interface AppTarget {
  url: string
  exportName: string
  mountKey: string | undefined
  /** The user has said that the app is a sync app, so its style is not guessed. */
  isBranded: boolean
}

/**
 * Imports the module of `target` and returns the sync app in it.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) when the export is missing or is no sync app; an error of the module
 *   itself is thrown as it is
 */
export async function loadSyncApp(target: AppTarget): Promise<SyncApp> {
  return asSyncApp(await loadExport(target), target)
}

/**
 * Imports the module of `target` and returns what `target` names in it.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) when the module has no such export
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
