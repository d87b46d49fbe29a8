// The options in the content of a configuration file, checked as those of the command line.

import { relative } from 'node:path'
import { inspect } from 'node:util'
import { nearestOf, isObject } from '../../complete-options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { parseAppSpec, specIn } from '../app-spec.ts'
import { textIn } from '../file-value.ts'
import { valueIn } from '../option.ts'
import { SERVE_GROUPS } from '../serve-groups.ts'
import type { AppSpec } from '../app-spec.ts'
import type { Option } from '../option.ts'
import type { GroupValues } from '../serve-groups.ts'
import type { ConfigFile } from './config-file.ts'

/** The options that a configuration file has, by group. */
export interface ConfigValues {
  /** The path of the file; null without a file. */
  file: string | null
  /** The app of the file, if it has one. */
  app: AppSpec | undefined
  groups: { [Name in keyof GroupValues]?: Partial<GroupValues[Name]> }
}

/** The values without a configuration file. */
export const NO_CONFIG: ConfigValues = { file: null, app: undefined, groups: {} }

/** An option, its key in the file with the names of the objects around it, and the group that gets the value. */
interface Place {
  group: string
  key: string
  path: string
  option: Option<unknown>
  fallback: unknown
}

/**
 * Reads the options of a file.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown key or a wrong value, with the file, the key
 *   and the remedy
 */
export function configValues(file: ConfigFile): ConfigValues {
  const { app, ...options } = file.content as Record<string, unknown>
  const groups: Record<string, Record<string, unknown>> = {}
  for (const [path, given] of entriesOf(file, options)) {
    if (given === undefined) continue
    const place = PLACES.find((one) => one.path === path)
    if (!place) throw unknownKey(file, path)
    const group = (groups[place.group] ??= {})
    group[place.key] = checked(file, path, given, () => valueAt(place, given, file.folder))
  }
  const spec =
    app === undefined
      ? undefined
      : checked(file, 'app', app, () => specIn(parseAppSpec(textIn(app)), file.folder))
  return { file: file.name, app: spec, groups: withPythonFolder(groups, spec, file.folder) }
}

const PLACES: Place[] = Object.entries(SERVE_GROUPS).flatMap(
  ([group, { table, defaults, isNested }]) =>
    Object.entries(table as Record<string, Option<unknown>>).map(([key, option]) => ({
      group,
      key,
      path: isNested ? `${group}.${key}` : key,
      option,
      fallback: Reflect.get(defaults, key) as unknown,
    })),
)
const NESTED = Object.entries(SERVE_GROUPS)
  .filter(([, { isNested }]) => isNested)
  .map(([name]) => name)

function entriesOf(file: ConfigFile, options: Record<string, unknown>): Array<[string, unknown]> {
  return Object.entries(options).flatMap(([key, given]): Array<[string, unknown]> => {
    if (!NESTED.includes(key) || given === undefined) return [[key, given]]
    if (!isObject(given)) {
      throw wrongValue(file, key, given, new InvalidOptionError('must be an object of options'))
    }
    return Object.entries(given).map(([name, value]) => [`${key}.${name}`, value])
  })
}

function valueAt({ option, fallback }: Place, given: unknown, folder: string): unknown {
  return given === null && fallback === null ? null : valueIn(option.kind, given, folder)
}

function checked<Value>(file: ConfigFile, path: string, given: unknown, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw wrongValue(file, path, given, error as Error)
  }
}

function wrongValue({ name }: ConfigFile, path: string, given: unknown, { message }: Error): Error {
  const shown = inspect(given, { depth: 1, maxArrayLength: 3, maxStringLength: 80 })
  return new InvalidOptionError(`${name}: ${path} ${message}, got ${shown}`)
}

function unknownKey({ name }: ConfigFile, path: string): Error {
  const [, last = path] = /\.([^.]+)$/.exec(path) ?? []
  const flag = last.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const paths = ['app', ...NESTED, ...PLACES.map((place) => place.path)]
  const known = PLACES.find(({ option }) => option.flag === flag)?.path ?? nearestOf(last, paths)
  const hint = known === undefined ? 'see "isthmus serve --help"' : `did you mean ${known}?`
  return new InvalidOptionError(`${name}: unknown option ${path}; ${hint}`)
}

// Python looks for the modules of the file in the folder of the file.
function withPythonFolder(
  groups: Record<string, Record<string, unknown>>,
  app: AppSpec | undefined,
  folder: string,
): ConfigValues['groups'] {
  const { process, python } = groups as ConfigValues['groups']
  const apps = [app, ...(process?.mounts ?? []).map(([, spec]) => spec)]
  const isElsewhere = relative('', folder) !== ''
  const hasPython = apps.some((spec) => spec?.place === 'python')
  return isElsewhere && hasPython ? { ...groups, python: { cwd: folder, ...python } } : groups
}
