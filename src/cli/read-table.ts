// Reads the values of a table of options from the command line, or else from the environment.

import { InvalidOptionError } from '../errors.ts'
import { variableOf } from './variables.ts'
import type { Option, OptionTable } from './option.ts'
import type { Parsed } from './parser.ts'
import type { Environment } from './variables.ts'

/**
 * Reads the values of a table.
 *
 * @param environment that of the process; an empty one for options without variables
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a wrong value
 */
export function readTable<Values extends object>(
  table: OptionTable<Values>,
  defaults: Values,
  given: Parsed['given'],
  environment: Environment,
): Values {
  const names = Object.keys(table) as Array<keyof Values>
  const entries = names.map((name) => {
    const value = readOption(table[name], given, environment)
    // `??` would replace null, which is a value here: --server-header "" gives it.
    return [name, value === undefined ? defaults[name] : value] as const
  })
  return Object.fromEntries(entries) as Values
}

/** Reads one option; undefined if neither the command line nor the environment has it. */
function readOption<Value>(
  option: Option<Value>,
  given: Parsed['given'],
  environment: Environment,
): Value | undefined {
  const { flag, kind } = option
  const onCommandLine = given[flag]
  if (onCommandLine !== undefined) return readGiven(option, [onCommandLine].flat())

  const variable = variableOf(flag)
  const inEnvironment = environment[variable]
  if (inEnvironment === undefined) return undefined
  const lines = inEnvironment.split('\n').filter((line) => line.trim() !== '')
  return readTexts(option, variable, kind.takes === 'list' ? lines : [inEnvironment])
}

function readGiven<Value>(option: Option<Value>, values: unknown[]): Value {
  const { flag, kind } = option
  // yargs reads --no-host as the value false for host.
  if (kind.takes !== 'switch' && values.includes(false)) {
    throw new InvalidOptionError(`--${flag} is no switch, so there is no --no-${flag}`)
  }
  return readTexts(option, `--${flag}`, values.map(String))
}

/** Reads the value of one option from `texts`; `source` is the flag or the variable, for the message. */
export function readTexts<Value>(option: Option<Value>, source: string, texts: string[]): Value {
  try {
    return option.kind.read(texts)
  } catch (error) {
    throw new InvalidOptionError(`${source} ${(error as Error).message}, got "${texts.join(', ')}"`)
  }
}
