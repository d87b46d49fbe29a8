// The command line and the environment, read against the options table.

import { createRequire } from 'node:module'
import yargs from 'yargs'
import { InvalidOption } from '../errors.ts'
import { DEFAULTS } from '../server/options.ts'
import { parseAppSpec } from './app-spec.ts'
import {
  PROCESS_DEFAULTS,
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  WEBSOCKET_OPTIONS,
} from './options-table.ts'
import type { Argv, Options } from 'yargs'
import type { AppSpec } from '../bridge/load-app.ts'
import type { Option, OptionTable } from './option.ts'
import type { ProcessOptions, ServerDefaults } from './options-table.ts'

/** `isthmus serve`, fully read: every option has its value. */
export interface ServeCommand extends ProcessOptions {
  type: 'serve'
  app: AppSpec
  options: ServerDefaults & { websocket: typeof DEFAULTS.websocket }
}

/** What to do: serve, or print the help or the version. */
export type Command = ServeCommand | { type: 'print'; text: string }

type Environment = Readonly<Record<string, string | undefined>>
type Given = Readonly<Record<string, unknown>>

const GROUPS = [
  ['Server:', SERVER_OPTIONS, DEFAULTS],
  ['WebSocket:', WEBSOCKET_OPTIONS, DEFAULTS.websocket],
  ['Process:', PROCESS_OPTIONS, PROCESS_DEFAULTS],
] as const

const ALL_OPTIONS: Array<Option<never>> = GROUPS.flatMap(([, table]) => Object.values(table))

const APP_HELP = '[sync:|iterable:|events:]FILE[#export]: JavaScript or TypeScript'
const EPILOGUE =
  'Each option is also read from the environment: --log-level from ISTHMUS_LOG_LEVEL; what can be ' +
  'repeated stands one to a line there. The command line wins.\n' +
  'Exit status: 0 drained; 1 failed, or connections had to be cut; 2 wrong command line; ' +
  '128 + N ended by a second signal N.'

// yargs has no words of its own for these that would name the remedy.
const STRINGS = {
  'Not enough non-option arguments: got %s, need at least %s': 'no APP to serve',
  'Not enough arguments following: %s': 'option --%s needs a value',
  'Unknown argument: %s': { one: 'unknown argument "%s"', other: 'unknown arguments "%s"' },
  'Unknown command: %s': { one: 'unknown command "%s"', other: 'unknown command "%s"' },
}

/**
 * Reads a command line, without the two paths in front of it. The environment fills in for options that
 * are not given, then the defaults do.
 *
 * @throws {@link InvalidOption} (`ISTHMUS_INVALID_OPTION`) in one line, with the remedy
 */
export function parseArguments(argv: readonly string[], environment: Environment): Command {
  let printed = ''
  let given: Given = {}
  refuseSwitchValues(argv)
  isthmusParser()
    .fail((message, error) => {
      throw new InvalidOption(`${message ?? error.message}; see "isthmus serve --help"`)
    })
    .parse([...argv], {}, (_error, parsed, output) => {
      given = parsed
      printed = output
    })

  if (printed !== '') return { type: 'print', text: printed }
  return {
    type: 'serve',
    app: readApp(String(given['app'])),
    ...readTable(PROCESS_OPTIONS, PROCESS_DEFAULTS, given, environment),
    options: {
      ...readTable<ServerDefaults>(SERVER_OPTIONS, DEFAULTS, given, environment),
      websocket: readTable(WEBSOCKET_OPTIONS, DEFAULTS.websocket, given, environment),
    },
  }
}

function isthmusParser(): Argv {
  const parser = yargs()
  return parser
    .scriptName('isthmus')
    .detectLocale(false)
    .updateStrings(STRINGS as never)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .command('serve <app>', 'Serve an app', serveParser)
    .demandCommand(1, 'no command given')
    .strictCommands()
    .strict()
    .version(packageVersion())
    .exitProcess(false)
    .wrap(Math.min(100, parser.terminalWidth()))
}

function serveParser(parser: Argv): Argv {
  for (const [group, table, defaults] of GROUPS) {
    for (const [name, option] of Object.entries(table)) {
      parser.option(option.flag, yargsOption(group, option, Reflect.get(defaults, name) as never))
    }
  }
  return parser.positional('app', { type: 'string', describe: APP_HELP }).epilogue(EPILOGUE)
}

function yargsOption(group: string, option: Option<never>, fallback: never): Options {
  const { describe, kind } = option
  const shown = { group, describe, defaultDescription: kind.show(fallback) || 'none' }
  if (kind.takes === 'switch') return { ...shown, type: 'boolean' }
  if (kind.takes === 'list') return { ...shown, type: 'array', string: true, nargs: 1 }
  return { ...shown, requiresArg: true }
}

// yargs takes --debug=maybe for --no-debug.
function refuseSwitchValues(argv: readonly string[]): void {
  for (const { flag, kind } of ALL_OPTIONS) {
    const wrong = argv.find((arg) => arg.startsWith(`--${flag}=`) && !/=(true|false)$/.test(arg))
    if (kind.takes === 'switch' && wrong !== undefined) {
      throw new InvalidOption(`"${wrong}" is no switch; write --${flag} or --no-${flag}`)
    }
  }
}

function readTable<Values extends object>(
  table: OptionTable<Values>,
  defaults: Values,
  given: Given,
  environment: Environment,
): Values {
  const names = Object.keys(table) as Array<keyof Values>
  const entries = names.map((name) => {
    return [name, readOption(table[name], given, environment) ?? defaults[name]] as const
  })
  return Object.fromEntries(entries) as Values
}

function readOption<Value>(option: Option<Value>, given: Given, environment: Environment): unknown {
  const { flag, kind } = option
  const onLine = given[flag]
  if (onLine !== undefined) return readTexts(option, `--${flag}`, [onLine].flat().map(String))

  const variable = `ISTHMUS_${flag.toUpperCase().replaceAll('-', '_')}`
  const inEnvironment = environment[variable]
  if (inEnvironment === undefined) return undefined
  const lines = inEnvironment.split('\n').filter((line) => line.trim() !== '')
  return readTexts(option, variable, kind.takes === 'list' ? lines : [inEnvironment])
}

function readTexts<Value>(option: Option<Value>, source: string, texts: string[]): Value {
  try {
    return option.kind.read(texts)
  } catch (error) {
    throw new InvalidOption(`${source} ${(error as Error).message}, got "${texts.join(', ')}"`)
  }
}

function readApp(text: string): AppSpec {
  try {
    return parseAppSpec(text)
  } catch (error) {
    throw new InvalidOption(`APP ${(error as Error).message}, got "${text}"`)
  }
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  return version
}
