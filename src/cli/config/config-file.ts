// Finds the configuration file of isthmus serve, and imports it.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importExports } from '../../bridge/app-module.ts'
import { isObject } from '../../complete-options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { loadFailure } from '../load-failure.ts'
import type { ConfigContext } from './define-config.ts'

/** The content of a configuration file. */
export interface ConfigFile {
  /** The path for messages, relative to the working directory. */
  name: string
  /** The folder that relative paths in the file begin at. */
  folder: string
  content: object
}

/** The files of the working directory that may have the configuration. */
export const CONFIG_NAMES: readonly string[] = [
  'isthmus.config.ts',
  'isthmus.config.js',
  'isthmus.config.json',
]

/**
 * Imports a configuration file: the one that `named` names, or else the one of the working directory.
 *
 * @param named a path; null looks in the working directory; false takes none
 * @returns null without a file
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if there is no such file, if there are two, or if it does
 *   not contain an object; an `AppLoadError` (`ISTHMUS_APP_LOAD`) with a `cause` if its code throws
 */
export async function importConfig(
  named: string | false | null,
  context: ConfigContext,
): Promise<ConfigFile | null> {
  const path = named === null ? foundConfig() : named
  if (path === false) return null
  const file = resolve(path)
  const name = relative('', file)
  if (!existsSync(file)) throw new InvalidOptionError(`--config ${path}: there is no such file`)
  const isJson = file.endsWith('.json')
  const content = await (isJson ? jsonOf(file, name) : moduleOf(file, name, context))
  if (isObject(content)) return { name, folder: dirname(file), content }
  throw new InvalidOptionError(`${name} must ${REMEDY}`)
}

const REMEDY =
  'contain an object of options: export default defineConfig({ … }), or module.exports = { … } in CommonJS'

function foundConfig(): string | false {
  const [first, second] = CONFIG_NAMES.filter((name) => existsSync(resolve(name)))
  if (second === undefined) return first ?? false
  throw new InvalidOptionError(
    `${first} and ${second} are both here; remove one, or choose with --config`,
  )
}

async function jsonOf(file: string, name: string): Promise<unknown> {
  const text = await readFile(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InvalidOptionError(`${name} is no JSON: ${(error as Error).message}`)
  }
}

type Made = ((context: ConfigContext) => unknown) | object | undefined

async function moduleOf(file: string, name: string, context: ConfigContext): Promise<unknown> {
  const url = pathToFileURL(file).href
  const spec = { place: null, style: null, file: name, exportName: 'default' } as const
  try {
    const made = Reflect.get(await importExports(url), 'default') as Made
    return await (typeof made === 'function' ? made(context) : made)
  } catch (error) {
    throw loadFailure(error, spec, url)
  }
}
