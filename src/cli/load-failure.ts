// The failures of loading an app that the command line names, on the event loop and in threads, in the same words.

import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { commandLineRemedy } from '../bridge/foreign-app.ts'
import { AppLoadError, IsthmusError, LifespanError } from '../errors.ts'
import { throwSite } from './throw-site.ts'
import type { FileSpec } from './app-spec.ts'

// The errors with the words of the command line. A class for them would show its name to the user.
const named = new WeakSet<object>()

// The words of Node and of esbuild for the syntax of an ES module in a CommonJS file.
const ES_IN_COMMONJS =
  /outside a module|Unexpected token 'export'|await is only valid|Top-level await .* "cjs"/
const EXPORT_REMEDY = '; export the app: export default app, or module.exports = app in CommonJS'
const ES_REMEDY =
  '; the file is CommonJS, unless its name ends in .mjs or .mts, or its package.json has "type": "module" (npm pkg set type=module)'

/**
 * Makes an error of one line from `error`, which an import of the module at `url` threw. The new error has a `cause` if
 * the module threw.
 *
 * @param error an {@link AppLoadError} whose message starts with `url`, or the error of the module
 */
export function loadFailure(error: unknown, spec: FileSpec, url: string): AppLoadError {
  return asNamed(failureOf(error, spec, url))
}

/** Marks `failure` as one that has the words of the command line already. */
export function asNamed(failure: AppLoadError): AppLoadError {
  named.add(failure)
  return failure
}

/** Returns the failure of an app in threads, which lifespan has reported, and every other error unchanged. */
export function unwrapped(error: unknown): unknown {
  if (!(error instanceof LifespanError)) return error
  return error.cause instanceof AppLoadError && named.has(error.cause) ? error.cause : error
}

function failureOf(error: unknown, spec: FileSpec, url: string): AppLoadError {
  if (error instanceof AppLoadError && error.message.startsWith(url)) {
    return new AppLoadError(spec.file + withRemedy(error.message.slice(url.length), spec))
  }
  const file = fileURLToPath(url)
  const site = throwSite(error, file)
  const where = site === undefined ? '' : ` (${site})`
  const line = lineOf(error)
  const remedy = ES_IN_COMMONJS.test(line) ? ES_REMEDY : ''
  return new AppLoadError(`cannot load ${file}: ${line}${where}${remedy}`, { cause: error })
}

function withRemedy(message: string, { file, exportName, place }: FileSpec): string {
  const notAnApp = `#${exportName} is not an app: `
  if (message.startsWith(notAnApp)) {
    const name = exportName === 'default' ? file : `${file}#${exportName}`
    return message + commandLineRemedy(message.slice(notAnApp.length), name, place)
  }
  if (!message.startsWith(' has no export ')) return message
  const remedy = message.endsWith(' nothing') ? EXPORT_REMEDY : ': choose with FILE#export'
  return message + remedy
}

function lineOf(error: unknown): string {
  if (error instanceof IsthmusError) return error.message
  const text = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
  return text.replaceAll(/\s+/g, ' ')
}
