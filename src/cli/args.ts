// Makes a command of the command line, the environment and the configuration file, by the tables of options.

import { InvalidOptionError } from '../errors.ts'
import { nameOfSpec, parseAppSpec } from './app-spec.ts'
import { BENCH_DEFAULTS, BENCH_OPTIONS } from './bench/options.ts'
import { CGI_DEFAULTS, CGI_OPTIONS } from './cgi/options.ts'
import { CHECK_DEFAULTS, CHECK_OPTIONS } from './check/options.ts'
import { CONTROL_DEFAULTS, CONTROL_OPTIONS } from './control-option.ts'
import { checkSet, SET_DEFAULTS, SET_OPTIONS } from './migrate/options.ts'
import { SERVER_OPTIONS } from './options-table.ts'
import { readTable, readTexts } from './read-table.ts'
import { SERVE_GROUPS } from './serve-groups.ts'
import { checkReport, REPORT_DEFAULTS, REPORT_OPTIONS } from './report/options.ts'
import { refuseUnknownVariables, variableOf } from './variables.ts'
import type { AppSpec } from './app-spec.ts'
import type { BenchOptions } from './bench/options.ts'
import type { CgiOptions } from './cgi/options.ts'
import type { CheckOptions } from './check/options.ts'
import type { ConfigValues } from './config/config-values.ts'
import type { ControlOptions } from './control-option.ts'
import type { SetOptions } from './migrate/options.ts'
import type { Option } from './option.ts'
import type { ProcessOptions, ServerDefaults, SyncDefaults } from './options-table.ts'
import type { Parsed } from './parser.ts'
import type { ReportOptions } from './report/options.ts'
import type { GroupValues, OptionGroup } from './serve-groups.ts'
import type { Environment } from './variables.ts'

type OfServe = 'server' | 'sync' | 'websocket' | 'health'

/** The command `isthmus serve`, with a value for every option: the groups by their names, and the options of `serve()`. */
export interface ServeCommand extends ProcessOptions, Omit<GroupValues, OfServe | 'process'> {
  type: 'serve'
  app: AppSpec
  /** The configuration file that was read; null without one. */
  configFile: string | null
  options: ServerDefaults & {
    sync: SyncDefaults
    websocket: GroupValues['websocket']
    health: GroupValues['health']
  }
}

/** The command `isthmus bench`, with a value for every option. */
export interface BenchCommand extends BenchOptions {
  type: 'bench'
  app: AppSpec
}

/** The command `isthmus cgi`. */
export interface CgiCommand {
  type: 'cgi'
  app: AppSpec
  options: CgiOptions
}

/** The command `isthmus check`, with the command that it checks. */
interface CheckCommand extends CheckOptions {
  type: 'check'
  serve: ServeCommand
}

/** The command `isthmus report`. */
export interface ReportCommand extends ReportOptions, ControlOptions {
  type: 'report'
}

/** The command `isthmus reload`. */
interface ReloadCommand extends ControlOptions {
  type: 'reload'
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
/** Every command. */
export type Command =
  | ServeCommand
  | CheckCommand
  | BenchCommand
  | CgiCommand
  | ReportCommand
  | ReloadCommand
  | MigrateCommand
  | PrintCommand

const TABLES = [...Object.values(SERVE_GROUPS).map(({ table }) => table), BENCH_OPTIONS]
const ALL_FLAGS: string[] = TABLES.flatMap((table: object) => {
  return Object.values(table).map(({ flag }: Option<unknown>) => flag)
})

type Given = Parsed['given']

/**
 * Makes a command of the texts of a command line. An option that is not on it gets its value from the environment, from
 * the configuration file, or else from the defaults.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) with a message of one line that names the remedy
 *
 * @example
 * readCommand(parseTexts(process.argv.slice(2)), process.env, NO_CONFIG)
 */
export function readCommand(
  { command, given, printed }: Parsed,
  environment: Environment,
  config: ConfigValues,
): Command {
  if (printed !== '') return { type: 'print', text: printed }
  refuseUnknownVariables(environment, ALL_FLAGS)
  if (command === 'bench') {
    const options = readTable(BENCH_OPTIONS, BENCH_DEFAULTS, given, environment)
    const app = readApp(String(given['app']))
    refuseElsewhere([app, ...options.mounts.map(([, mounted]) => mounted)])
    return { type: 'bench', app, ...options }
  }
  if (command === 'cgi') {
    const options = readTable(CGI_OPTIONS, CGI_DEFAULTS, given, environment)
    return { type: 'cgi', app: readApp(String(given['app'])), options }
  }
  if (command === 'check') {
    const options = readTable<CheckOptions>(CHECK_OPTIONS, CHECK_DEFAULTS, given, {})
    return { type: 'check', ...options, serve: readServe(given, environment, config) }
  }
  if (command === 'report') return readReport(given, environment)
  if (command === 'reload') {
    const control = readTable(CONTROL_OPTIONS, CONTROL_DEFAULTS, given, environment)
    return { type: 'reload', ...control }
  }
  if (command !== 'serve') return readMigrate(command, given, environment)
  return readServe(given, environment, config)
}

function readServe(given: Given, environment: Environment, config: ConfigValues): ServeCommand {
  const {
    process: own,
    server,
    sync,
    websocket,
    health,
    ...groups
  } = readGroups(given, environment, config)
  checkTogether(own, groups.pool)
  const named = given['app']
  const app = typeof named === 'string' ? readApp(named) : config.app
  if (app === undefined) throw new InvalidOptionError(noApp(config))
  const options = { ...server, sync, websocket, health }
  return { type: 'serve', app, ...own, ...groups, options, configFile: config.file }
}

function noApp({ file }: ConfigValues): string {
  return `no APP to serve; name one, or write app in ${file ?? 'isthmus.config.ts'}; see "isthmus serve --help"`
}

function readGroups(
  given: Given,
  environment: Environment,
  { groups: inFile }: ConfigValues,
): GroupValues {
  const server = { ...inFile.server, ...platformAddress(given, environment, inFile.server) }
  const lower = { ...inFile, server: withoutPlace(given, environment, server) }
  const groups: Array<[name: string, group: OptionGroup]> = Object.entries(SERVE_GROUPS)
  const values = groups.map(([name, { table, defaults }]) => {
    const below = { ...defaults, ...lower[name as keyof GroupValues] }
    return [name, readTable<object>(table, below, given, environment)] as const
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
  command: Exclude<Parsed['command'], 'serve' | 'check' | 'bench' | 'cgi' | 'report' | 'reload'>,
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
function platformAddress(
  given: Given,
  environment: Environment,
  { host = '0.0.0.0' }: Partial<ServerDefaults> = {},
): Partial<ServerDefaults> {
  const { PORT } = environment
  if (PORT === undefined || isGiven('port', given, environment)) return {}
  return { host, port: readTexts(SERVER_OPTIONS.port, 'PORT', [PORT]) }
}

// A descriptor, a path and a port exclude each other, so one of the command line replaces another one of the file.
function withoutPlace(
  given: Given,
  environment: Environment,
  { uds, fd, ...server }: Partial<ServerDefaults>,
): Partial<ServerDefaults> {
  if (namesPlace(given, environment)) return server
  return { ...server, ...(uds !== undefined && { uds }), ...(fd !== undefined && { fd }) }
}

/** Whether the command line or the environment says where to listen. */
export function namesPlace(given: Given, environment: Environment): boolean {
  return ['host', 'port', 'uds', 'fd'].some((flag) => isGiven(flag, given, environment))
}

function isGiven(flag: string, given: Given, environment: Environment): boolean {
  return given[flag] !== undefined || environment[variableOf(flag)] !== undefined
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
