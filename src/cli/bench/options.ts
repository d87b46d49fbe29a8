// The options of isthmus bench.

import { InvalidOptionError } from '../../errors.ts'
import * as kind from '../option.ts'
import { PROCESS_DEFAULTS, PROCESS_OPTIONS } from '../options-table.ts'
import type { OptionTable } from '../option.ts'
import type { ProcessOptions } from '../options-table.ts'

/** What is measured, and for how long. */
export interface BenchOptions extends Pick<ProcessOptions, 'mounts' | 'threads'> {
  /** What is asked for; empty is the root of every mount. */
  paths: readonly string[]
  /** Clients that ask at once, each on a connection of its own. */
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

/** `--path`, `--mount` and how much is asked. */
export const BENCH_OPTIONS: OptionTable<BenchOptions> = {
  paths: { flag: 'path', describe: 'What to ask for, with its query; repeatable', kind: pathList },
  mounts: PROCESS_OPTIONS.mounts,
  threads: {
    flag: 'threads',
    describe: 'Threads of each sync app, where it is hosted in threads',
    kind: kind.integer(1, 1_024),
  },
  connections: {
    flag: 'connections',
    describe: 'Clients at once',
    kind: kind.integer(1, MOST_CONNECTIONS),
  },
  durationMs: { flag: 'seconds', describe: 'How long each measurement takes', kind: kind.seconds },
}
