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
  const names = namesOf(exports)
  if (!names.includes(exportName)) {
    const list = names.join(', ') || 'nothing'
    throw new AppLoadError(`${url} has no export "${exportName}"; it exports ${list}`)
  }

  const exported = exports[exportName]
  return mountKey === undefined ? exported : (exported as Record<string, unknown>)[mountKey]
}

// A CommonJS module that exports nothing has an empty object as its default export. It is no mount table.
function namesOf(exports: Record<string, unknown>): string[] {
  const names = Object.keys(exports)
  return names.every((name) => isEmptyObject(exports[name])) ? [] : names
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).length === 0 && Object.getPrototypeOf(value) === Object.prototype
}
