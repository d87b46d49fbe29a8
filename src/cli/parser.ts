// The yargs parser of the command line: every option of the tables, with its help.

import { createRequire } from 'node:module'
import yargs from 'yargs'
import { nearestOf } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { APP_FORM } from './app-spec.ts'
import { BENCH_DEFAULTS, BENCH_OPTIONS } from './bench/options.ts'
import { CGI_DEFAULTS, CGI_OPTIONS } from './cgi/options.ts'
import { CHECK_DEFAULTS, CHECK_OPTIONS } from './check/options.ts'
import { CONTROL_DEFAULTS, CONTROL_OPTIONS } from './control-option.ts'
import { FLAGS_ELSEWHERE } from './flags-elsewhere.ts'
import { SET_DEFAULTS, SET_OPTIONS } from './migrate/options.ts'
import { REPORT_DEFAULTS, REPORT_OPTIONS } from './report/options.ts'
import { SERVE_GROUPS } from './serve-groups.ts'
import type { Argv, Options } from 'yargs'
import type { Option } from './option.ts'

const NAMES = [
  'serve',
  'check',
  'bench',
  'cgi',
  'report',
  'reload',
  'migrate set',
  'migrate rollback',
  'migrate show',
] as const
type Name = (typeof NAMES)[number]

/** The content of a command line: texts by flag, or a help to print. */
export interface Parsed {
  command: Name
  /** By flag: a text, a boolean for a switch, or an array of them for a repeated option. */
  given: Readonly<Record<string, unknown>>
  /** The help or the version; empty for a command to run. */
  printed: string
}

const GROUPS = Object.values(SERVE_GROUPS)
const BENCH_GROUPS = [
  { title: 'Measurement:', table: BENCH_OPTIONS, defaults: BENCH_DEFAULTS },
] as const
const CGI_GROUPS = [{ title: 'Request:', table: CGI_OPTIONS, defaults: CGI_DEFAULTS }] as const
const CONTROL_GROUP = {
  title: 'Server:',
  table: CONTROL_OPTIONS,
  defaults: CONTROL_DEFAULTS,
} as const
const REPORT_GROUPS = [
  CONTROL_GROUP,
  { title: 'Report:', table: REPORT_OPTIONS, defaults: REPORT_DEFAULTS },
] as const
const SET_GROUPS = [
  CONTROL_GROUP,
  { title: 'Migration:', table: SET_OPTIONS, defaults: SET_DEFAULTS },
] as const
const CHECK_GROUP = { title: 'Check:', table: CHECK_OPTIONS, defaults: CHECK_DEFAULTS }
const CHECK_GROUPS = [CHECK_GROUP, ...GROUPS]
const ALL_GROUPS = [CHECK_GROUP, ...GROUPS, ...BENCH_GROUPS, ...REPORT_GROUPS, ...SET_GROUPS]

const APP_HELP =
  `${APP_FORM}. FILE: JavaScript or TypeScript. ` +
  'threads: an app of any style in threads; inline: a sync app on the event loop; ' +
  'node: a handler of node:http, such as an Express app; fetch: a handler of the Fetch API, such as a Hono app; ' +
  'python: a WSGI or ASGI app of Python in processes, such as a Flask, Django or FastAPI app; ' +
  'remote: servers elsewhere, to which the requests are forwarded'
const EPILOGUE =
  'Each option can also be set in the environment: --log-level as ISTHMUS_LOG_LEVEL. A repeatable ' +
  'option has one value on each line there. isthmus.config.ts, .js or .json in the working directory has options ' +
  'by their names in serve(). The command line wins, then the environment.\n' +
  'SIGHUP loads the apps in threads and processes anew, with no failed request.\n' +
  'Exit status: 0 drained; 1 failed, or connections were cut; 2 wrong command line; ' +
  '128 + N ended by a second signal N, or by 9 because a thread did not end.'
const CHECK_EPILOGUE =
  'The options are those of isthmus serve. Modules are imported, and no app is started. ' +
  'Exit status: 0 all is well; 1 an app does not load, or the place is taken; 2 wrong options.'
const BENCH_EPILOGUE =
  'The app is hosted in a process of its own, on a free port of 127.0.0.1: first inline, then in threads.'

const CGI_EPILOGUE =
  'The web server starts the command for each request. The log goes to stderr. ' +
  'Exit status: 0 answered; 1 the app failed, or the response is broken.'

// These texts replace messages of yargs that do not name the remedy. Messages with a number need a singular and a plural;
// %c takes a number and shows nothing.
const stringsOf = (name: Name): object => {
  const missing = `${name.startsWith('migrate') ? 'no PATH of a migration' : 'no APP to serve'}%c%c`
  return {
    'Not enough non-option arguments: got %s, need at least %s': { one: missing, other: missing },
    'Not enough arguments following: %s': 'option --%s needs a value',
    'Unknown argument: %s': { one: 'unknown argument "%s"', other: 'unknown arguments "%s"' },
    'Unknown command: %s': { one: 'unknown command "%s"', other: 'unknown command in "%s"' },
  }
}

/**
 * Splits `argv`, without the paths of Node and of the script, into a command and the texts of its options.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or command, or an option without
 *   its value
 */
export function parseTexts(argv: readonly string[]): Parsed {
  refuseSwitchTexts(argv)
  let printed = ''
  const given = isthmusParser(nameOf(argv)).parseSync([...argv], {}, (_error, _parsed, output) => {
    printed = output
  })

  const command = nameOf(given._)
  // yargs does not check the arguments after a lone "--". With --help it reads none at all.
  const extra = given._[command.split(' ').length]
  if (extra === undefined || printed !== '') return { command, given: withWord(given), printed }
  throw new InvalidOptionError(`unknown argument "${extra}"; ${seeHelp(command)}`)
}

// yargs reads --no-config as the value false for config.
function withWord(given: Parsed['given']): Parsed['given'] {
  return given['config'] === false ? { ...given, config: 'none' } : given
}

// Without a known name the parser refuses the words, or prints the help.
function nameOf(words: ReadonlyArray<string | number>): Name {
  return NAMES.find((name) => `${words.join(' ')} `.startsWith(`${name} `)) ?? 'serve'
}

function seeHelp(name: Name): string {
  return `see "isthmus ${name} --help"`
}

function isthmusParser(name: Name): Argv {
  const parser = yargs()
  return withCommands(parser)
    .scriptName('isthmus')
    .detectLocale(false)
    .updateStrings(stringsOf(name) as never)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .demandCommand(1, 'no command given')
    .strictCommands()
    .strict()
    .version(packageVersion())
    .exitProcess(false)
    .wrap(Math.min(100, parser.terminalWidth()))
    .fail((message, error) => {
      throw new InvalidOptionError(`${withNearest(message ?? error.message)}; ${seeHelp(name)}`)
    })
}

function withCommands(program: Argv): Argv {
  return program
    .command('serve [app]', 'Serve an app', (parser) =>
      appParser(parser, GROUPS).epilogue(EPILOGUE),
    )
    .command(
      'check [app]',
      'Load an app and its options, and print what would be served',
      (parser) => appParser(parser, CHECK_GROUPS).epilogue(CHECK_EPILOGUE),
    )
    .command(
      'bench <app>',
      'Measure an app inline and in threads, and print advice on how to host it',
      (parser) => appParser(parser, BENCH_GROUPS).epilogue(BENCH_EPILOGUE),
    )
    .command('cgi <app>', 'Answer one request of a web server over CGI', (parser) =>
      appParser(parser, CGI_GROUPS).epilogue(CGI_EPILOGUE),
    )
    .command('report', 'Print the figures of a running server', (parser) =>
      optionParser(parser, REPORT_GROUPS),
    )
    .command('reload', 'Load the apps of a running server anew, with no failed request', (parser) =>
      optionParser(parser, [CONTROL_GROUP]),
    )
    .command('migrate', 'Show or change the migrations of a running server', migrateParser)
}

function withNearest(message: string): string {
  const [, list = ''] = /^unknown arguments? "(.+)"$/.exec(message) ?? []
  const meant = list.split(', ').flatMap((name) => meantBy(name) ?? [])
  return meant.length > 0 ? `${message}, did you mean ${meant.join(', ')}` : message
}

function meantBy(unknown: string): string | undefined {
  if (Object.hasOwn(FLAGS_ELSEWHERE, unknown)) return FLAGS_ELSEWHERE[unknown]
  const tables: object[] = ALL_GROUPS.map(({ table }) => table)
  const options: Array<Option<never>> = tables.flatMap((table) => Object.values(table))
  const nearest = nearestOf(
    unknown,
    options.map(({ flag }) => flag),
  )
  return nearest && `--${nearest}`
}

type Groups = ReadonlyArray<{ title: string; table: object; defaults: object }>

function migrateParser(parser: Argv): Argv {
  const migration = { type: 'string', describe: 'Path at which the migration is mounted' } as const
  return parser
    .command('set <path>', 'Change the share or the shadow of a migration', (inner) =>
      optionParser(inner, SET_GROUPS).positional('path', migration),
    )
    .command('rollback <path>', 'Send all clients to the old app', (inner) =>
      optionParser(inner, [CONTROL_GROUP]).positional('path', migration),
    )
    .command('show [path]', 'Print the state of all migrations, or of one', (inner) =>
      optionParser(inner, [CONTROL_GROUP]).positional('path', migration),
    )
    .demandCommand(1, 'isthmus migrate needs set, rollback or show')
}

function appParser(parser: Argv, groups: Groups): Argv {
  return optionParser(parser, groups).positional('app', { type: 'string', describe: APP_HELP })
}

function optionParser(parser: Argv, groups: Groups): Argv {
  for (const { title, table, defaults } of groups) {
    for (const [name, option] of Object.entries(table)) {
      parser.option(option.flag, yargsOption(title, option, Reflect.get(defaults, name) as never))
    }
  }
  // Within a command, a superfluous word is an unknown argument and not an unknown command.
  return parser.strictCommands(false)
}

function yargsOption(group: string, option: Option<never>, fallback: never): Options {
  const { describe, kind } = option
  const shown = { group, describe, defaultDescription: kind.show(fallback) || 'none' }
  if (kind.takes === 'switch') return { ...shown, type: 'boolean' }
  if (kind.takes === 'list') return { ...shown, type: 'array', string: true, nargs: 1 }
  return { ...shown, requiresArg: true }
}

// yargs reads --debug=maybe as --no-debug.
function refuseSwitchTexts(argv: readonly string[]): void {
  const options: Array<Option<never>> = ALL_GROUPS.flatMap(({ table }) => Object.values(table))
  for (const { flag, kind } of options) {
    const wrong = argv.find((arg) => arg.startsWith(`--${flag}=`) && !/=(true|false)$/.test(arg))
    if (kind.takes === 'switch' && wrong !== undefined) {
      throw new InvalidOptionError(`"${wrong}" is no switch; write --${flag} or --no-${flag}`)
    }
  }
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  return version
}
