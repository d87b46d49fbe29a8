// The name of an app on the command line: a file of JavaScript or TypeScript with its export, a module of Python, or
// servers elsewhere.

import { relative, resolve } from 'node:path'
import { targetAddresses } from '../adapters/remote/target-address.ts'
import { InvalidOptionError } from '../errors.ts'
import { isPythonSpec } from '../hosting/gateway/process/python-settings.ts'
import type { StyleName } from '../adapters/style-name.ts'

/** The name of an app: a module and its app, as for gunicorn and uvicorn. */
export type AppSpec = FileSpec | PythonSpec | RemoteSpec

/** A file of JavaScript or TypeScript, and its export that is the app. */
export interface FileSpec {
  /** `threads`: an app of any style runs in threads; `inline`: a sync app stays on the loop; null: see `loadApp`. */
  place: 'threads' | 'inline' | null
  /** The style of the export, or its adapter; null leaves it to the rule of `asEventApp`. */
  style: StyleName | null
  /** The path of the file, relative to the working directory. */
  file: string
  /** The name of the export, usually `default`. */
  exportName: string
  /** The module that has the export; without it, that is the file. */
  url?: string
}

/** A WSGI or ASGI app of Python, in processes of its own. */
export interface PythonSpec {
  place: 'python'
  /** `module`, `module:attribute` or `module:factory()`. */
  app: string
}

/** Servers elsewhere. */
interface RemoteSpec {
  place: 'remote'
  /** The targets of `remote()`. */
  targets: string[]
}

/** The form of the name of an app, for a help and for messages. */
export const APP_FORM =
  '[threads:|inline:][sync:|iterable:|events:|node:|fetch:]FILE[#export], python:MODULE[:ATTRIBUTE], or remote:URL[,URL…]'

const PLACED = /^(threads|inline):(.*)$/s
const STYLED = /^(sync|iterable|events|node|fetch):(.*)$/s
const PYTHON = /^python:(.*)$/s
const REMOTE = /^remote:(.*)$/s
// An export is an identifier. A `#` before any other text belongs to the name of the file.
const EXPORTED = /^(.*)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su
// The folder, the module and the attribute in the path of a file of Python.
const PYTHON_FILE = /^(?:([^:#]*)\/)?([^/:#]+)\.py(?:[:#](.*))?$/s

/**
 * Reads {@link APP_FORM}.
 *
 * The text after the last `#` is an export if it is an identifier; otherwise it is a part of FILE. For a FILE that
 * starts like a style or a place, write `./sync:app.js`; for a FILE that ends like an export, name the export too:
 * `odd#name#default`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if FILE is empty, if the place does not stand first, or
 *   if MODULE is none of Python
 *
 * @example
 * parseAppSpec('threads:node:shop.js#app') // { place: 'threads', style: 'node', file: 'shop.js', exportName: 'app' }
 * parseAppSpec('python:shop.wsgi:application') // { place: 'python', app: 'shop.wsgi:application' }
 * parseAppSpec('remote:http://127.0.0.1:3000') // { place: 'remote', targets: ['http://127.0.0.1:3000'] }
 */
export function parseAppSpec(text: string): AppSpec {
  const [, python] = PYTHON.exec(text) ?? []
  if (python !== undefined) return { place: 'python', app: pythonApp(python) }
  const [, urls] = REMOTE.exec(text) ?? []
  if (urls !== undefined) return { place: 'remote', targets: remoteTargets(urls) }
  const [, place = null, placed = text] = PLACED.exec(text) ?? []
  const [, style = null, named = placed] = STYLED.exec(placed) ?? []
  const [, file = named, exportName = 'default'] = EXPORTED.exec(named) ?? []
  if (file === '') throw new InvalidOptionError(`must name a file, as in ${APP_FORM}`)
  if (PYTHON_FILE.test(named)) throw pythonFile(named)
  if (text !== file) refuseLatePlace(file, place, style)
  return { place: place as FileSpec['place'], style: style as FileSpec['style'], file, exportName }
}

/** An app whose file is relative to `folder`, with a path that is relative to the working directory. */
export function specIn(spec: AppSpec, folder: string): AppSpec {
  if (spec.place === 'python' || spec.place === 'remote') return spec
  return { ...spec, file: relative('', resolve(folder, spec.file)) }
}

/** The app as the user has written it, for messages. */
export function nameOfSpec(spec: AppSpec): string {
  if (spec.place === 'remote') return `remote:${spec.targets.join(',')}`
  return spec.place === 'python' ? `python:${spec.app}` : spec.file
}

function refuseLatePlace(file: string, place: string | null, style: string | null): void {
  const before = place ?? style
  if (PYTHON.test(file)) {
    throw new InvalidOptionError(
      `must have no "${before}:" before "python:", because an app of Python runs in processes of its own`,
    )
  }
  if (REMOTE.test(file)) {
    throw new InvalidOptionError(
      `must have no "${before}:" before "remote:", because the servers run elsewhere`,
    )
  }
  const [, late] = PLACED.exec(file) ?? []
  if (late === undefined) return
  const order =
    place === null ? `"${late}:" before "${style}:"` : 'only one of "threads:" and "inline:"'
  throw new InvalidOptionError(`must have ${order}, as in ${APP_FORM}`)
}

function remoteTargets(text: string): string[] {
  const targets = text.split(',')
  try {
    targetAddresses(targets)
    return targets
  } catch {
    throw new InvalidOptionError(
      'must name servers, each once and without a path, as in remote:http://127.0.0.1:3000 or remote:unix:/run/app.sock',
    )
  }
}

function pythonApp(text: string): string {
  if (PYTHON_FILE.test(text)) throw pythonFile(text)
  if (isPythonSpec(text)) return text
  throw new InvalidOptionError(
    'must name a module of Python and its app, as in python:shop.wsgi:application',
  )
}

function pythonFile(text: string): InvalidOptionError {
  const [, folder, module, attribute] = PYTHON_FILE.exec(text) ?? []
  const name = attribute === undefined ? module : `${module}:${attribute}`
  const place = folder === undefined ? '' : ` with --python-cwd ${folder}`
  return new InvalidOptionError(
    `must name a module of Python and not a file: write python:${name}${place}`,
  )
}
