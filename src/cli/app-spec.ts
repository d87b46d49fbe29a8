// The name of an app on the command line: [threads:|inline:][sync:|iterable:|events:|node:|fetch:]FILE[#export].

import { InvalidOptionError } from '../errors.ts'
import type { StyleName } from '../adapters/style-name.ts'

/** The name of an app: a module and an export, as for gunicorn and uvicorn. */
export interface AppSpec {
  /** `threads` puts an app of any style into threads; `inline` keeps a sync app on the event loop; null: see `loadApp`. */
  place: 'threads' | 'inline' | null
  /** The style of the export, or its adapter; null leaves it to the rule of `asEventApp`. */
  style: StyleName | null
  /** The path of a JavaScript or TypeScript file, relative to the working directory. */
  file: string
  /** The name of the export, usually `default`. */
  exportName: string
}

/** The form of the name of an app, for a help and for messages. */
export const APP_FORM = '[threads:|inline:][sync:|iterable:|events:|node:|fetch:]FILE[#export]'

const PLACED = /^(threads|inline):(.*)$/s
const STYLED = /^(sync|iterable|events|node|fetch):(.*)$/s
// An export is an identifier. A `#` before any other text belongs to the name of the file.
const EXPORTED = /^(.*)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su

/**
 * Reads {@link APP_FORM}.
 *
 * The text after the last `#` is an export if it is an identifier; otherwise it is a part of FILE. For a FILE that
 * starts like a style or a place, write `./sync:app.js`; for a FILE that ends like an export, name the export too:
 * `odd#name#default`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if FILE is empty, or if the place does not stand first
 *
 * @example
 * parseAppSpec('threads:node:shop.js#app') // { place: 'threads', style: 'node', file: 'shop.js', exportName: 'app' }
 */
export function parseAppSpec(text: string): AppSpec {
  const [, place = null, placed = text] = PLACED.exec(text) ?? []
  const [, style = null, named = placed] = STYLED.exec(placed) ?? []
  const [, file = named, exportName = 'default'] = EXPORTED.exec(named) ?? []
  if (file === '') throw new InvalidOptionError(`must name a file, as in ${APP_FORM}`)
  const [, late] = PLACED.exec(file) ?? []
  if (late !== undefined && text !== file) {
    const order =
      place === null ? `"${late}:" before "${style}:"` : 'only one of "threads:" and "inline:"'
    throw new InvalidOptionError(`must have ${order}, as in ${APP_FORM}`)
  }
  return { place: place as AppSpec['place'], style: style as AppSpec['style'], file, exportName }
}
