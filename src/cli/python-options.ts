// The options of python() on the command line: those of the pools of Python that isthmus serve makes.

import { resolve } from 'node:path'
import { PYTHON_DEFAULTS } from '../hosting/gateway/process/python-settings.ts'
import { usableCores } from '../usable-cores.ts'
import { textIn } from './file-value.ts'
import * as kind from './option.ts'
import { option } from './option.ts'
import type { PythonInterface, PythonOptions } from '../hosting/gateway/process/python-settings.ts'
import type { OptionTable } from './option.ts'

/** The options of `python()` that a flag can express, for the pools that the command line makes. */
export interface PythonFlags extends Pick<
  typeof PYTHON_DEFAULTS,
  | 'concurrency'
  | 'maxQueue'
  | 'queueTimeoutMs'
  | 'timeoutMs'
  | 'maxRequests'
  | 'maxMemoryBytes'
  | 'cancelAfterMs'
> {
  /** The program of Python; null leaves the choice to `python()`. */
  python: string | null
  interface: PythonInterface
  processes: number
  threads: number
  /** The working directory of the processes; null: that of this process. */
  cwd: string | null
  buffering: boolean
}

/** The defaults of {@link PYTHON_OPTIONS}. */
export const PYTHON_FLAG_DEFAULTS: PythonFlags = {
  ...PYTHON_DEFAULTS,
  python: null,
  processes: usableCores(),
  cwd: null,
  buffering: true,
}

const MOST_PROCESSES = 1_024

const program: kind.Kind<string | null> = {
  ...kind.filePath,
  // A name without a folder is that of a program in PATH.
  from(given, inFolder) {
    const named = kind.filePath.read([textIn(given)])
    return named?.includes('/') ? resolve(inFolder, named) : named
  },
  show: () => 'that of the environment in VIRTUAL_ENV or .venv, else python3',
}
const folder: kind.Kind<string | null> = { ...kind.filePath, show: () => 'that of isthmus' }

/** The options of the pools that the command line makes: one for each `python:` app. */
export const PYTHON_OPTIONS: OptionTable<PythonFlags> = {
  python: option('python', 'Program of Python, 3.9 or later', program),
  interface: option(
    'python-interface',
    'wsgi, asgi, or auto, which looks at the app',
    kind.oneOf('auto', 'wsgi', 'asgi'),
  ),
  processes: option(
    'python-processes',
    'Processes of each python: app',
    kind.integer(1, MOST_PROCESSES),
  ),
  threads: option(
    'python-threads',
    'Requests of a WSGI app that a process runs at once, each in a thread',
    kind.integer(1, MOST_PROCESSES),
  ),
  cwd: option('python-cwd', 'Folder in which Python looks for the module first', folder),
  concurrency: option(
    'python-concurrency',
    'Most requests and WebSockets of a process of an ASGI app at once',
    kind.limit(1),
  ),
  maxQueue: option(
    'python-queue',
    'Most requests that wait for a process; further ones get 503',
    kind.limit(0),
  ),
  queueTimeoutMs: option(
    'python-queue-timeout',
    'Seconds that a request may wait for a process; then 503',
    kind.secondsLimit,
  ),
  timeoutMs: option(
    'python-timeout',
    'Seconds for a request of a WSGI app, or that the loop of an ASGI app may stand still; then 504',
    kind.secondsLimit,
  ),
  maxRequests: option(
    'python-max-requests',
    'Requests after which a process is replaced',
    kind.limit(1),
  ),
  maxMemoryBytes: option(
    'python-max-memory',
    'MiB of memory of a process above which it is replaced',
    kind.mebibytes,
  ),
  cancelAfterMs: option(
    'python-cancel-after',
    'Seconds that an ASGI app may go on when its client has left; then its task is cancelled',
    kind.secondsOrNone,
  ),
  buffering: option(
    'python-buffering',
    'Keep the bodies of slow clients of a WSGI app, so that no process waits for them',
    kind.toggle,
  ),
}

/** Makes options of `python()`; the flags that are at their default leave the decision to the pool. */
export function pythonOptions(flags: PythonFlags): PythonOptions {
  const { python, cwd, buffering, ...others } = flags
  return {
    ...others,
    ...(python !== null && { python }),
    ...(cwd !== null && { cwd }),
    // The value true is no option, and an object would buffer the requests of apps that await, too.
    ...(!buffering && { buffering }),
  }
}
