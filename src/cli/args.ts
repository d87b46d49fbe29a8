// Reads the command line and the environment by the tables of options.

import { InvalidOptionError } from '../errors.ts'
import { nameOfSpec, parseAppSpec } from './app-spec.ts'
import { BENCH_DEFAULTS, BENCH_OPTIONS } from './bench/options.ts'
import { CONTROL_DEFAULTS, CONTROL_OPTIONS } from './control-option.ts'
import { checkSet, SET_DEFAULTS, SET_OPTIONS } from './migrate/options.ts'
import { SERVER_OPTIONS } from './options-table.ts'
import { parseTexts } from './parser.ts'
import { readTable, readTexts } from './read-table.ts'
import { SERVE_GROUPS } from './serve-groups.ts'
import { checkReport, REPORT_DEFAULTS, REPORT_OPTIONS } from './report/options.ts'
import { refuseUnknownVariables, variableOf } from './variables.ts'
import type { AppSpec } from './app-spec.ts'
import type { BenchOptions } from './bench/options.ts'
import type { ControlOptions } from './control-option.ts'
import type { SetOptions } from './migrate/options.ts'
import type { Option } from './option.ts'
import type { ProcessOptions, ServerDefaults, SyncDefaults } from './options-table.ts'
import type { Parsed } from './parser.ts'
import type { ReportOptions } from './report/options.ts'
import type { GroupValues, OptionGroup } from './serve-groups.ts'
import type { Environment } from './variables.ts'

type OfServe = 'server' | 'sync' | 'websocket'

/** The command `isthmus serve`, with a value for every option: the groups by their names, and the options of `serve()`. */
export interface ServeCommand extends ProcessOptions, Omit<GroupValues, OfServe | 'process'> {
  type: 'serve'
  app: AppSpec
  options: ServerDefaults & { sync: SyncDefaults; websocket: GroupValues['websocket'] }
}

/** The command `isthmus bench`, with a value for every option. */
export interface BenchCommand extends BenchOptions {
  type: 'bench'
  app: AppSpec
}

/** The command `isthmus report`. */
export interface ReportCommand extends ReportOptions, ControlOptions {
  type: 'report'
}

/** The command `isthmus migrate`. */
export interface MigrateCommand extends ControlOptions {
  type: 'migrate'
  action: 'set' | 'rollback' | 'show'
  /** The path of the migration; null shows all. */
  path: string | null
  /** The changes of the action `set`. */
  set: SetOptions
}

type PrintCommand = { type: 'print'; text: string }
type Command = ServeCommand | BenchCommand | ReportCommand | MigrateCommand | PrintCommand

const TABLES = [...Object.values(SERVE_GROUPS).map(({ table }) => table), BENCH_OPTIONS]
const ALL_FLAGS: string[] = TABLES.flatMap((table: object) => {
  return Object.values(table).map(({ flag }: Option<unknown>) => flag)
})

type Given = Parsed['given']

/**
 * Reads a command line, without the paths of Node and of the script. An option that is not on it gets its value from
 * the environment, or else from the defaults.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) with a message of one line that names the remedy
 *
 * @example
 * parseArguments(process.argv.slice(2), process.env)
 */
export function parseArguments(argv: readonly string[], environment: Environment): Command {
  const { command, given, printed } = parseTexts(argv)
  if (printed !== '') return { type: 'print', text: printed }
  refuseUnknownVariables(environment, ALL_FLAGS)
  if (command === 'bench') {
    const options = readTable(BENCH_OPTIONS, BENCH_DEFAULTS, given, environment)
    const app = readApp(String(given['app']))
    refuseElsewhere([app, ...options.mounts.map(([, mounted]) => mounted)])
    return { type: 'bench', app, ...options }
  }
  if (command === 'report') return readReport(given, environment)
  if (command !== 'serve') return readMigrate(command, given, environment)
  return readServe(given, environment)
}

function readServe(given: Given, environment: Environment): ServeCommand {
  const values = readGroups(given, environment, { server: platformAddress(given, environment) })
  const { process: own, server, sync, websocket, ...groups } = values
  checkTogether(own, groups.pool)
  const app = readApp(String(given['app']))
  const options = { ...server, sync, websocket }
  return { type: 'serve', app, ...own, ...groups, options }
}

type Below = { [Name in keyof GroupValues]?: Partial<GroupValues[Name]> }

/** @param below values that the command line and the environment override, and that override the defaults */
function readGroups(given: Given, environment: Environment, below: Below): GroupValues {
  const groups: Array<[name: string, group: OptionGroup]> = Object.entries(SERVE_GROUPS)
  const values = groups.map(([name, { table, defaults }]) => {
    const lower = { ...defaults, ...below[name as keyof Below] }
    return [name, readTable<object>(table, lower, given, environment)] as const
  })
  return Object.fromEntries(values) as unknown as GroupValues
}

// The options of a command that a person types once have no variables, except for the socket.
function readReport(given: Given, environment: Environment): ReportCommand {
  const control = readTable(CONTROL_OPTIONS, CONTROL_DEFAULTS, given, environment)
  const options = readTable<ReportOptions>(REPORT_OPTIONS, REPORT_DEFAULTS, given, {})
  checkReport(options)
  return { type: 'report', ...control, ...options }
}

function readMigrate(
  command: Exclude<Parsed['command'], 'serve' | 'bench' | 'report'>,
  given: Given,
  environment: Environment,
): MigrateCommand {
  const control = readTable(CONTROL_OPTIONS, CONTROL_DEFAULTS, given, environment)
  const set = readTable<SetOptions>(SET_OPTIONS, SET_DEFAULTS, given, {})
  if (command === 'migrate set') checkSet(set)
  const path = given['path']
  const action = ACTIONS[command]
  return { type: 'migrate', action, path: typeof path === 'string' ? path : null, ...control, set }
}

const ACTIONS = {
  'migrate set': 'set',
  'migrate rollback': 'rollback',
  'migrate show': 'show',
} as const

function refuseElsewhere(apps: readonly AppSpec[]): void {
  const app = apps.find(({ place }) => place === 'python' || place === 'remote')
  if (!app) return
  const where = app.place === 'python' ? 'runs in processes' : 'runs elsewhere'
  throw new InvalidOptionError(
    `isthmus bench compares the event loop with threads, and ${nameOfSpec(app)} ${where}; ` +
      'serve it, and measure the server',
  )
}

// Platforms set PORT, and reach the server from outside of its machine. gunicorn takes the same two defaults.
function platformAddress(given: Given, environment: Environment): Partial<ServerDefaults> {
  const { PORT } = environment
  const { flag } = SERVER_OPTIONS.port
  const isChosen = given[flag] !== undefined || environment[variableOf(flag)] !== undefined
  if (PORT === undefined || isChosen) return {}
  return { host: '0.0.0.0', port: readTexts(SERVER_OPTIONS.port, 'PORT', [PORT]) }
}

function checkTogether(
  { threads, proxyHeaders, forwardedAllowIps, metrics, mounts }: ProcessOptions,
  { min }: GroupValues['pool'],
): void {
  if (threads > 0 && min !== null && min > threads) {
    throw new InvalidOptionError(`--threads-min (${min}) is more than --threads (${threads})`)
  }
  if (!proxyHeaders && forwardedAllowIps !== null) {
    throw new InvalidOptionError('--forwarded-allow-ips needs --proxy-headers as well')
  }
  const metricsPath = metrics && 'path' in metrics ? metrics.path : null
  if (mounts.some(([path]) => path === metricsPath)) {
    throw new InvalidOptionError(`--metrics and --mount both take ${metricsPath}`)
  }
}

function readApp(text: string): AppSpec {
  try {
    return parseAppSpec(text)
  } catch (error) {
    throw new InvalidOptionError(`APP ${(error as Error).message}, got "${text}"`)
  }
}
