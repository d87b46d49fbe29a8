// Reads the command line and the environment by the tables of options.

import { InvalidOptionError } from '../errors.ts'
import { DEFAULTS } from '../server/options.ts'
import { nameOfSpec, parseAppSpec } from './app-spec.ts'
import { BENCH_DEFAULTS, BENCH_OPTIONS } from './bench/options.ts'
import {
  PROCESS_DEFAULTS,
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
} from './options-table.ts'
import { POOL_FLAG_DEFAULTS, POOL_OPTIONS } from './pool-options.ts'
import { parseTexts } from './parser.ts'
import { PYTHON_FLAG_DEFAULTS, PYTHON_OPTIONS } from './python-options.ts'
import { REMOTE_FLAG_DEFAULTS, REMOTE_OPTIONS } from './remote-options.ts'
import { refuseUnknownVariables, variableOf } from './variables.ts'
import type { AppSpec } from './app-spec.ts'
import type { BenchOptions } from './bench/options.ts'
import type { Option, OptionTable } from './option.ts'
import type { ProcessOptions, ServerDefaults, SyncDefaults } from './options-table.ts'
import type { Parsed } from './parser.ts'
import type { PoolFlags } from './pool-options.ts'
import type { PythonFlags } from './python-options.ts'
import type { RemoteFlags } from './remote-options.ts'
import type { Environment } from './variables.ts'

/** The command `isthmus serve`, with a value for every option. */
export interface ServeCommand extends ProcessOptions {
  type: 'serve'
  app: AppSpec
  pool: PoolFlags
  python: PythonFlags
  remote: RemoteFlags
  options: ServerDefaults & { sync: SyncDefaults; websocket: typeof DEFAULTS.websocket }
}

/** The command `isthmus bench`, with a value for every option. */
export interface BenchCommand extends BenchOptions {
  type: 'bench'
  app: AppSpec
}

/** The command: serve, measure, or print the help or the version. */
type Command = ServeCommand | BenchCommand | { type: 'print'; text: string }

const ALL_FLAGS: string[] = [
  PROCESS_OPTIONS,
  POOL_OPTIONS,
  PYTHON_OPTIONS,
  REMOTE_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
  BENCH_OPTIONS,
].flatMap((table) => Object.values(table).map(({ flag }) => flag))

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
  const own = readTable(PROCESS_OPTIONS, PROCESS_DEFAULTS, given, environment)
  const pool = readTable<PoolFlags>(POOL_OPTIONS, POOL_FLAG_DEFAULTS, given, environment)
  const python = readTable<PythonFlags>(PYTHON_OPTIONS, PYTHON_FLAG_DEFAULTS, given, environment)
  const remote = readTable<RemoteFlags>(REMOTE_OPTIONS, REMOTE_FLAG_DEFAULTS, given, environment)
  checkTogether(own, pool)
  const defaults = { ...DEFAULTS, ...platformAddress(given, environment) }
  return {
    type: 'serve',
    app: readApp(String(given['app'])),
    ...own,
    pool,
    python,
    remote,
    options: {
      ...readTable<ServerDefaults>(SERVER_OPTIONS, defaults, given, environment),
      sync: readTable<SyncDefaults>(SYNC_OPTIONS, DEFAULTS.sync, given, environment),
      websocket: readTable(WEBSOCKET_OPTIONS, DEFAULTS.websocket, given, environment),
    },
  }
}

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
  { threads, proxyHeaders, forwardedAllowIps }: ProcessOptions,
  { min }: PoolFlags,
): void {
  if (threads > 0 && min !== null && min > threads) {
    throw new InvalidOptionError(`--threads-min (${min}) is more than --threads (${threads})`)
  }
  if (!proxyHeaders && forwardedAllowIps !== null) {
    throw new InvalidOptionError('--forwarded-allow-ips needs --proxy-headers as well')
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
    const value = readOption(table[name], given, environment)
    // `??` would replace null, which is a value here: --server-header "" gives it.
    return [name, value === undefined ? defaults[name] : value] as const
  })
  return Object.fromEntries(entries) as Values
}

/** Reads one option; undefined if neither the command line nor the environment has it. */
function readOption<Value>(
  option: Option<Value>,
  given: Given,
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

function readTexts<Value>(option: Option<Value>, source: string, texts: string[]): Value {
  try {
    return option.kind.read(texts)
  } catch (error) {
    throw new InvalidOptionError(`${source} ${(error as Error).message}, got "${texts.join(', ')}"`)
  }
}

function readApp(text: string): AppSpec {
  try {
    return parseAppSpec(text)
  } catch (error) {
    throw new InvalidOptionError(`APP ${(error as Error).message}, got "${text}"`)
  }
}
