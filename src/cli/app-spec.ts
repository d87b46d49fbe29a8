// The name of an app on the command line: [sync:|iterable:|events:|node:|fetch:]FILE[#export].

import { InvalidOptionError } from '../errors.ts'
import type { AppSpec } from './load-app.ts'

const STYLED = /^(sync|iterable|events|node|fetch):(.*)$/s
// An export is an identifier. A `#` before any other text belongs to the name of the file.
const EXPORTED = /^(.*)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su

/**
 * Reads `[sync:|iterable:|events:|node:|fetch:]FILE[#export]`.
 *
 * The text after the last `#` is an export if it is an identifier; otherwise it is a part of FILE. For a FILE that
 * starts like a style, write `./sync:app.js`; for a FILE that ends like an export, name the export too:
 * `odd#name#default`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if FILE is empty
 *
 * @example
 * parseAppSpec('sync:legacy.js#app') // { style: 'sync', file: 'legacy.js', exportName: 'app' }
 */
export function parseAppSpec(text: string): AppSpec {
  const [, style = null, named = text] = STYLED.exec(text) ?? []
  const [, file = named, exportName = 'default'] = EXPORTED.exec(named) ?? []
  if (file === '') {
    throw new InvalidOptionError(
      `must name a file, as in [sync:|iterable:|events:|node:|fetch:]FILE[#export]`,
    )
  }
  return { style: style as AppSpec['style'], file, exportName }
}
