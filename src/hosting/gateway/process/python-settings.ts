// The options of python(), each with its default in one literal.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNumber, completeOptions, invalidOption, isObject } from '../../../complete-options.ts'
import { InvalidOptionError } from '../../../errors.ts'
import {
  BUFFERING_DEFAULTS,
  checkBuffering,
  withBufferingGroup,
} from '../buffering/buffering-settings.ts'
import { usableCores } from '../../../usable-cores.ts'
import type { Complete, NumberRange } from '../../../complete-options.ts'
import type { BufferingOptions, BufferingSettings } from '../buffering/buffering-settings.ts'
import type { PoolSettings } from '../pool.ts'
import type { ProcessSettings } from './process-port.ts'

/** The options of {@link python}. */
export interface PythonOptions {
  /** The interface of the app: `wsgi`, `asgi`, or `auto`, which looks at the app. Default `auto`. */
  interface?: PythonInterface | undefined
  /** The processes; each loads the app for itself. Default one per core. */
  processes?: number | undefined
  /**
   * The requests of a WSGI app that a process runs at the same time, each in a thread of its own. Above 1, the app has to be
   * safe for threads. Default 1.
   */
  threads?: number | undefined
  /**
   * The program of Python, 3.9 or later. Default: that of the environment in `VIRTUAL_ENV`, else `.venv/bin/python` in `cwd`
   * if it exists, else `python3`.
   */
  python?: string | undefined
  /** The working directory of the processes, in which Python looks for the module first. Default: that of this process. */
  cwd?: string | undefined
  /** The environment of the processes. Default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined
  /** The most requests and WebSockets of an ASGI app that a process has at the same time. Default 1,000. */
  concurrency?: number | undefined
  /** The most requests that wait for a process; further ones get 503 with Retry-After. Default 1,000. */
  maxQueue?: number | undefined
  /** How long a request may wait for a process, in ms; then it gets 503 with Retry-After. Default 30,000. */
  queueTimeoutMs?: number | undefined
  /**
   * How long a request of a WSGI app may take, or how long the event loop of an ASGI app may stand still, in ms; then it gets
   * 504, the log has the stack of Python, and the process is replaced. Default 30,000.
   */
  timeoutMs?: number | undefined
  /** The number of requests after which a process is replaced. Default Infinity. */
  maxRequests?: number | undefined
  /** The memory of a process above which it is replaced, between two requests, in bytes. Default Infinity. */
  maxMemoryBytes?: number | undefined
  /**
   * How long an ASGI app may go on when the client has left before the end of the response, in ms; then its task is cancelled.
   * Default 3,000.
   */
  cancelAfterMs?: number | undefined
  /** The bodies of slow clients hold no process of a WSGI app: as in {@link ThreadOptions.buffering}. */
  buffering?: BufferingOptions | false | undefined
}

/** The interfaces of Python. */
export type PythonInterface = 'auto' | 'wsgi' | 'asgi'

type Undecided = 'processes' | 'python' | 'cwd' | 'env'
type PythonDefaults = Complete<Omit<PythonOptions, Undecided | 'buffering'>> & {
  [Name in Undecided]: PythonOptions[Name]
} & { buffering: BufferingSettings }

/** The default of every option; undefined: {@link pythonSettings} decides. */
export const PYTHON_DEFAULTS: PythonDefaults = {
  interface: 'auto',
  processes: undefined,
  threads: 1,
  python: undefined,
  cwd: undefined,
  env: undefined,
  concurrency: 1_000,
  maxQueue: 1_000,
  queueTimeoutMs: 30_000,
  timeoutMs: 30_000,
  maxRequests: Infinity,
  maxMemoryBytes: Infinity,
  cancelAfterMs: 3_000,
  buffering: BUFFERING_DEFAULTS,
}

const RANGES = {
  processes: { min: 1, max: 1_024, isWhole: true },
  threads: { min: 1, max: 1_024, isWhole: true },
  concurrency: { min: 1, max: Infinity, isWhole: true },
  maxQueue: { min: 0, max: Infinity, isWhole: true },
  queueTimeoutMs: { min: 1, max: Infinity, isTime: true },
  timeoutMs: { min: 1, max: Infinity, isTime: true },
  maxRequests: { min: 1, max: Infinity, isWhole: true },
  maxMemoryBytes: { min: 1, max: Infinity, isWhole: true },
  cancelAfterMs: { min: 0, max: Infinity, isTime: true },
} satisfies Partial<Record<keyof PythonOptions, NumberRange>>

const INTERFACES: readonly unknown[] = ['auto', 'wsgi', 'asgi']
const HOST_FILE = fileURLToPath(new URL('../../python/isthmus_host.py', import.meta.url))
/** The time for requests to end when a process is told to end, and for the lifespan of its app, in ms. */
const SHUTDOWN_MS = 5_000

// module:attribute, as for gunicorn and uvicorn.
const SPEC =
  /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*(:[\p{L}_][\p{L}\p{N}_.]*(\(\))?)?$/u

const FILE = /\.py(:|$)/

/** Whether `spec` has the form of an app of Python: a module, or a module and its attribute. */
export function isPythonSpec(spec: unknown): spec is string {
  return typeof spec === 'string' && SPEC.test(spec) && !FILE.test(spec)
}

/** The settings of a pool, and those of its processes. */
type PythonSettings = Omit<PoolSettings, 'kind'> & { readonly process: ProcessSettings }

/**
 * Completes `options` for the app `spec`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function pythonSettings(spec: string, options: PythonOptions): PythonSettings {
  if (!isPythonSpec(spec)) throw noSpec(spec)
  const given = completeOptions('python', withBufferingGroup('python', options), PYTHON_DEFAULTS)
  check(given)
  const { interface: interfaceName, threads, cwd = process.cwd(), env = process.env } = given
  const processes = given.processes ?? usableCores()
  const { concurrency, maxQueue, queueTimeoutMs, timeoutMs, maxRequests, buffering } = given
  const own: ProcessSettings = {
    command: [programOf(given.python, resolve(cwd), env), '-u', HOST_FILE, spec],
    cwd: resolve(cwd),
    env,
    app: spec,
    slots: threads,
    timeoutMs,
    hello: {
      interface: interfaceName,
      threads,
      multiprocess: processes > 1,
      maxMemoryBytes: finiteOrNull(given.maxMemoryBytes),
      cancelAfterMs: finiteOrNull(given.cancelAfterMs),
      shutdownMs: SHUTDOWN_MS,
    },
  }
  return {
    process: own,
    min: processes,
    max: processes,
    slots: threads,
    idleTimeoutMs: Infinity,
    concurrency,
    // The hosts of Python have no blocking WebSocket.
    maxWebSockets: 0,
    maxQueue,
    queueTimeoutMs,
    timeoutMs,
    maxRequests,
    buffering,
    streams: options.buffering === undefined || options.buffering === false,
  }
}

// JSON has no Infinity.
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** The program of Python: that of an activated environment, or of the environment in the folder of the project. */
function programOf(given: string | undefined, cwd: string, env: NodeJS.ProcessEnv): string {
  // A path is relative to the working directory of this process, as on a command line.
  if (given !== undefined) return given.includes('/') ? resolve(given) : given
  const { VIRTUAL_ENV } = env
  if (VIRTUAL_ENV) return join(VIRTUAL_ENV, 'bin/python')
  const own = join(cwd, '.venv/bin/python')
  return existsSync(own) ? own : 'python3'
}

function check(given: PythonDefaults): void {
  for (const option of Object.keys(RANGES) as Array<keyof typeof RANGES>) {
    if (given[option] !== undefined) checkNumber('python', option, given[option], RANGES[option])
  }
  if (!INTERFACES.includes(given.interface)) {
    throw invalidOption('python', 'interface', given.interface, 'it is auto, wsgi or asgi')
  }
  for (const option of ['python', 'cwd'] as const) {
    const value: unknown = given[option]
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalidOption('python', option, value, 'it is a path')
    }
  }
  if (given.env !== undefined && !isObject(given.env)) {
    throw invalidOption('python', 'env', given.env, 'it is an object such as process.env')
  }
  checkBuffering('python', given.buffering)
}

function noSpec(spec: unknown): InvalidOptionError {
  const given = typeof spec === 'string' ? JSON.stringify(spec) : String(spec)
  const isFile = typeof spec === 'string' && FILE.test(spec)
  const file = isFile ? '; it is the name of a module, and not of a file' : ''
  return new InvalidOptionError(
    `python(): the app cannot be ${given}: write "module:attribute", like "shop.wsgi:application"${file}`,
  )
}
