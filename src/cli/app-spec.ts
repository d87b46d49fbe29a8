// How the command line names an app: [sync:|iterable:|events:]FILE[#export].

import { InvalidOptionError } from '../errors.ts'
import type { AppSpec } from './load-app.ts'

const STYLED = /^(sync|iterable|events):(.*)$/s
// Only an identifier is an export: any other `#` belongs to the name of the file.
const EXPORTED = /^(.*)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su

/**
 * Reads `[sync:|iterable:|events:]FILE[#export]`.
 *
 * What follows the last `#` is an export where it is an identifier, else it is part of FILE. A FILE that
 * itself ends so, or starts with a style, is written out: `./sync:app.js`, `odd#name#default`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) where no FILE is left
 *
 * @example
 * parseAppSpec('sync:legacy.js#app') // { style: 'sync', file: 'legacy.js', exportName: 'app' }
 */
export function parseAppSpec(text: string): AppSpec {
  const [, style = null, named = text] = STYLED.exec(text) ?? []
  const [, file = named, exportName = 'default'] = EXPORTED.exec(named) ?? []
  if (file === '') {
    throw new InvalidOptionError(`must name a file, as in [sync:|iterable:|events:]FILE[#export]`)
  }
  return { style: style as AppSpec['style'], file, exportName }
}
