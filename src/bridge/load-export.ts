// Finds an export in the module of an app.

import { AppLoadError } from '../errors.ts'
import { importExports } from './app-module.ts'

/** The place of an app: a module, its export, and a key of the export if the export is a mount table. */
export interface AppPlace {
  url: string
  exportName: string
  mountKey: string | undefined
}

/**
 * Imports the module of `place` and returns the value that `place` names.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the module has no such export; the error of the module, unchanged
 */
export async function loadExport({ url, exportName, mountKey }: AppPlace): Promise<unknown> {
  const exports = (await importExports(url)) as Record<string, unknown>
  if (!Object.hasOwn(exports, exportName)) {
    const names = Object.keys(exports).join(', ') || 'nothing'
    throw new AppLoadError(`${url} has no export "${exportName}"; it exports ${names}`)
  }

  const exported = exports[exportName]
  return mountKey === undefined ? exported : (exported as Record<string, unknown>)[mountKey]
}
