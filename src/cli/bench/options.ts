// The options of isthmus bench.

import { InvalidOptionError } from '../../errors.ts'
import * as kind from '../option.ts'
import { PROCESS_DEFAULTS, PROCESS_OPTIONS } from '../options-table.ts'
import type { OptionTable } from '../option.ts'
import type { ProcessOptions } from '../options-table.ts'

/** The paths to measure, and the time and load for each. */
export interface BenchOptions extends Pick<ProcessOptions, 'mounts' | 'threads'> {
  /** The paths that are requested; an empty list means the root of every mount. */
  paths: readonly string[]
  /** The clients that send requests at once, each on a connection of its own. */
  connections: number
  durationMs: number
}

/** The defaults of {@link BENCH_OPTIONS}. */
export const BENCH_DEFAULTS: BenchOptions = {
  mounts: [],
  threads: PROCESS_DEFAULTS.threads,
  paths: [],
  connections: 8,
  durationMs: 2_000,
}

const pathList: kind.Kind<readonly string[]> = {
  takes: 'list',
  read(texts) {
    if (texts.every((path) => path.startsWith('/'))) return texts
    throw new InvalidOptionError('must be a path that starts with "/"')
  },
  show: () => 'the root of every mount',
}

const MOST_CONNECTIONS = 256

/** The options of isthmus bench. */
export const BENCH_OPTIONS: OptionTable<BenchOptions> = {
  paths: { flag: 'path', describe: 'Path to request, with its query; repeatable', kind: pathList },
  mounts: PROCESS_OPTIONS.mounts,
  threads: {
    flag: 'threads',
    describe: 'Threads of each sync app and each threads: app in the measurement in threads',
    kind: kind.integer(1, 1_024),
  },
  connections: {
    flag: 'connections',
    describe: 'Clients that send requests at once',
    kind: kind.integer(1, MOST_CONNECTIONS),
  },
  durationMs: { flag: 'seconds', describe: 'How long each measurement takes', kind: kind.seconds },
}
